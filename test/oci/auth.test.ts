import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { parseChallenges } from '../../src/oci/challenge.ts';
import { dockerConfig } from './support/accounts.ts';
import {
  type Asked,
  answer,
  client,
  failure,
  type Handler,
  type HostileServer,
  image,
  repository,
  serve,
  serveManifest,
} from './support/hostile.ts';

const bytes = image();
const digest = digestOf(bytes);

interface TokenSetting {
  readonly onToken?: (asked: Asked, count: number) => { status?: number; body: string };
  readonly accepted?: () => string;
  readonly realm?: string;
}

/** A registry with its token service at /token; tokens are `t1`, `t2`, … unless told otherwise. */
async function tokenRegistry(setting: TokenSetting = {}): Promise<HostileServer> {
  let count = 0;
  const handler: Handler = (request, response, asked) => {
    if (request.url?.startsWith('/token')) {
      count += 1;
      const reply = setting.onToken?.(asked, count) ?? { body: JSON.stringify({ token: `t${count}` }) };
      answer(response, reply.status ?? 200, reply.body);
      return;
    }
    const accepted = setting.accepted?.();
    const isIn =
      accepted === undefined ? asked.authorization !== undefined : asked.authorization === accepted;
    if (isIn) return serveManifest(response, bytes);
    const realm = setting.realm ?? `http://${request.headers.host}/token`;
    const challenge = `Bearer realm="${realm}",service="s",scope="repository:team/app:pull,push"`;
    answer(response, 401, '', { 'www-authenticate': challenge });
  };
  return await serve(handler);
}

const tokens = (server: HostileServer) => server.asked.filter((asked) => asked.url.startsWith('/token'));

test('an anonymous token is asked for with pull scope only, whatever the challenge says', async () => {
  await using server = await tokenRegistry();
  await using c = client();
  await c.registry.manifest(repository(server), digest);
  const url = new URL(tokens(server)[0]?.url ?? '', server.origin);
  expect(url.searchParams.getAll('scope')).toEqual(['repository:team/app:pull']);
  expect(url.searchParams.get('service')).toBe('s');
  expect(tokens(server)[0]?.authorization).toBeUndefined();
});

test('one 401 is paid per registry, and one token per repository', async () => {
  await using server = await tokenRegistry();
  await using c = client();
  for (const name of ['a', 'b', 'a']) {
    await c.registry.findManifestByTag(repository(server, name), `v${Math.random()}`);
  }
  expect(c.registry.usage().registries[0]?.statuses).toEqual({ 401: 1, 200: 5 });
  expect(tokens(server)).toHaveLength(2);
});

test('many who need one token at once share the request for it', async () => {
  await using server = await tokenRegistry();
  await using c = client();
  await c.registry.findManifestByTag(repository(server, 'first'), 'v1');
  const tags = Array.from({ length: 20 }, (_, i) =>
    c.registry.findManifestByTag(repository(server), `v${i}`),
  );
  await Promise.all(tags);
  expect(tokens(server)).toHaveLength(2);
});

test('a token is fetched anew before it expires, by the injected clock', async () => {
  await using server = await tokenRegistry({
    onToken: (_, n) => ({ body: `{"token":"t${n}","expires_in":300}` }),
  });
  await using c = client();
  const find = () => c.registry.findManifestByTag(repository(server), 'v1');
  await find();
  c.clock.advance(289_000);
  await find();
  expect(tokens(server)).toHaveLength(1);
  c.clock.advance(2_000);
  await find();
  expect(tokens(server)).toHaveLength(2);
  expect(server.asked.at(-1)?.authorization).toBe('Bearer t2');
});

test.each(['', ',"expires_in":"300"', ',"expires_in":null'])(
  'a token without a lifetime (%j) lasts 60 seconds',
  async (rest) => {
    await using server = await tokenRegistry({ onToken: (_, n) => ({ body: `{"token":"t${n}"${rest}}` }) });
    await using c = client();
    const find = () => c.registry.findManifestByTag(repository(server), 'v1');
    await find();
    c.clock.advance(51_000);
    await find();
    expect(tokens(server)).toHaveLength(2);
  },
);

test('a token that the registry revoked is refreshed once, and a second refusal is final', async () => {
  let accepted = 'Bearer t1';
  await using server = await tokenRegistry({ accepted: () => accepted });
  await using c = client();
  const find = () => c.registry.findManifestByTag(repository(server), 'v1');
  await find();
  accepted = 'Bearer t2';
  await find();
  accepted = 'nothing';
  await expect(find()).rejects.toMatchObject(failure('UNAUTHORIZED'));
  expect(tokens(server)).toHaveLength(3);
});

test('a token service that fails half of the time costs retries, not the result', async () => {
  await using server = await tokenRegistry({
    onToken: (_, n) => (n % 2 === 1 ? { status: 503, body: '' } : { body: `{"access_token":"t${n}"}` }),
  });
  await using c = client();
  for (const name of ['a', 'b', 'c', 'd']) await c.registry.findManifestByTag(repository(server, name), 'v1');
  expect(c.registry.usage().registries[0]).toMatchObject({ retries: 4 });
});

test.each([
  ['throttles', 429, '', 'THROTTLED'],
  ['is down', 500, '', 'REGISTRY_UNAVAILABLE'],
  ['refuses', 401, '', 'UNAUTHORIZED'],
  ['answers HTML', 200, '<html>', 'REGISTRY_PROTOCOL'],
  ['gives no token', 200, '{}', 'REGISTRY_PROTOCOL'],
  ['gives a token that would split the header', 200, '{"token":"a\\r\\nx: y"}', 'REGISTRY_PROTOCOL'],
  ['gives a token without end', 200, `{"token":"${'x'.repeat(300_000)}"}`, 'CONTENT_TOO_LARGE'],
] as const)('a token service that %s leaves the image undetermined', async (_, status, body, code) => {
  await using server = await tokenRegistry({ onToken: () => ({ status, body }) });
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure(code));
});

test('the account goes to the realm as Basic, the token to the registry', async () => {
  await using server = await tokenRegistry();
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:pass:word') } } });
  await using c = client({ environment: account.environment });
  await c.registry.manifest(repository(server), digest);
  expect(server.asked.map((asked) => asked.authorization)).toEqual([
    undefined,
    `Basic ${btoa('bob:pass:word')}`,
    'Bearer t1',
  ]);
});

test('an identity token is exchanged by POST and is in no address', async () => {
  await using server = await tokenRegistry({ onToken: () => ({ body: '{"access_token":"at"}' }) });
  using account = dockerConfig({
    auths: { [server.host]: { auth: btoa('00:x'), identitytoken: 'refresh-me' } },
  });
  await using c = client({ environment: account.environment });
  await c.registry.manifest(repository(server), digest);
  const [asked] = tokens(server);
  expect(asked).toMatchObject({ method: 'POST', url: '/token', authorization: undefined });
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
    grant_type: 'refresh_token',
    client_id: 'proofgate',
    service: 's',
    scope: 'repository:team/app:pull',
    refresh_token: 'refresh-me',
  });
});

test('a token service may not redirect the exchange of an identity token', async () => {
  await using thief = await serve((_, response) => answer(response, 200, '{"token":"t"}'));
  await using server = await serve((request, response) => {
    if (request.url === '/token') answer(response, 307, '', { location: `${thief.origin}/` });
    else answer(response, 401, '', { 'www-authenticate': `Bearer realm="${server.origin}/token"` });
  });
  using account = dockerConfig({ auths: { [server.host]: { identitytoken: 'refresh-me' } } });
  await using c = client({ environment: account.environment });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REDIRECT_REFUSED'),
  );
  expect(thief.asked).toHaveLength(0);
});

test('a registry token is sent as it is', async () => {
  await using server = await tokenRegistry({ accepted: () => 'Bearer ready-made' });
  using account = dockerConfig({ auths: { [server.host]: { registrytoken: 'ready-made' } } });
  await using c = client({ environment: account.environment });
  await c.registry.manifest(repository(server), digest);
  expect(tokens(server)).toHaveLength(0);
});

test.each(['http://203.0.113.9/token', 'http://auth.example/token'])(
  'a realm on plain http (%s) gets neither credentials nor a request',
  async (realm) => {
    await using server = await tokenRegistry({ realm });
    using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
    await using c = client({ environment: account.environment });
    const error = await c.registry.manifest(repository(server), digest).catch((thrown: Error) => thrown);
    expect(error).toMatchObject(failure('UNAUTHORIZED'));
    expect(c.registry.usage().registries.map((usage) => usage.registry)).toEqual([server.host]);
  },
);

test.each(['', 'ftp://x/', 'http://['])(
  'a realm that is no address (%j) is an error of the registry',
  async (realm) => {
    await using server = await serve((_, response) =>
      answer(response, 401, '', { 'www-authenticate': `Bearer realm="${realm}"` }),
    );
    await using c = client();
    const error = await c.registry.manifest(repository(server), digest).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'undetermined' });
  },
);

test('without credentials the refusal says so, with them it names their source and no secret', async () => {
  await using server = await serve((_, response) =>
    answer(response, 401, '{"errors":[{"code":"DENIED"}]}', { 'www-authenticate': 'Basic realm="r"' }),
  );
  await using anonymous = client();
  const manifest = anonymous.registry.manifest(repository(server), digest);
  await expect(manifest).rejects.toThrow(/401 DENIED; no credentials were found/);
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using known = client({ environment: account.environment });
  const error = await known.registry.manifest(repository(server), digest).catch((thrown: Error) => thrown);
  expect(error).toMatchObject(failure('UNAUTHORIZED'));
  expect(String(error)).toContain(account.directory);
  expect(JSON.stringify([error, String(error)])).not.toMatch(/hunter2|Ym9iOmh1/);
});

test('credentials for one registry are not sent to another', async () => {
  await using server = await tokenRegistry();
  using account = dockerConfig({ auths: { 'quay.io': { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  await c.registry.manifest(repository(server), digest);
  expect(server.asked.map((asked) => asked.authorization)).toEqual([undefined, undefined, 'Bearer t1']);
});

test('several challenges, quoted strings and any case are understood', () => {
  const challenges = parseChallenges([
    'BASIC Realm="a, \\"b\\"", bearer REALM="https://x/t",Service=s',
    'Negotiate',
  ]);
  expect(challenges.map(({ scheme, params }) => [scheme, Object.fromEntries(params)])).toEqual([
    ['basic', { realm: 'a, "b"' }],
    ['bearer', { realm: 'https://x/t', service: 's' }],
    ['negotiate', {}],
  ]);
});

test('a challenge made to be slow is read in no time', () => {
  const started = performance.now();
  parseChallenges([`Bearer ${'a="'.repeat(5_000)}`, ' ,'.repeat(8_000), 'x'.repeat(16_000)]);
  expect(performance.now() - started).toBeLessThan(500);
});

test('a password that was refused is not sent a second time for the same question', async () => {
  await using server = await serve((_, response) =>
    answer(response, 401, '', { 'www-authenticate': 'Basic realm="r"' }),
  );
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  const find = () => c.registry.findManifestByTag(repository(server), 'v1');
  await expect(find()).rejects.toMatchObject(failure('UNAUTHORIZED'));
  expect(server.asked).toHaveLength(2);
  await expect(find()).rejects.toMatchObject(failure('UNAUTHORIZED'));
  expect(server.asked).toHaveLength(3);
});
