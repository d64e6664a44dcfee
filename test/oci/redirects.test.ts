import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { tempDirectory } from '../support/temp.ts';
import { dockerConfig } from './support/accounts.ts';
import { privateAuthority } from './support/certificate.ts';
import { answer, client, failure, image, repository, serve, serveManifest } from './support/hostile.ts';

const bytes = image();
const digest = digestOf(bytes);

test('a redirect to another origin that wants our token does not get it, and its content still counts', async () => {
  await using storage = await serve((_, response) => answer(response, 200, bytes));
  await using server = await serve((request, response) => {
    if (request.headers.authorization === undefined) {
      answer(response, 401, '', { 'www-authenticate': 'Basic realm="r"' });
      return;
    }
    answer(response, 307, '', { location: `${storage.origin}/blob?X-Amz-Signature=secret` });
  });
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  const blob = await c.registry.blob(repository(server), { digest, size: bytes.length }, 1e6);
  expect(blob).toEqual(bytes);
  expect(server.asked.at(-1)?.authorization).toBe(`Basic ${btoa('bob:hunter2')}`);
  expect(storage.asked).toEqual([expect.objectContaining({ authorization: undefined })]);
});

test('a redirect that comes back to the registry does not bring the token back', async () => {
  await using away = await serve((_, response) =>
    answer(response, 307, '', { location: `${server.origin}/again` }),
  );
  await using server = await serve((request, response) => {
    if (request.url === '/again') answer(response, 200, bytes);
    else if (request.headers.authorization === undefined) {
      answer(response, 401, '', { 'www-authenticate': 'Basic realm="r"' });
    } else answer(response, 307, '', { location: `${away.origin}/` });
  });
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  await c.registry.blob(repository(server), { digest, size: bytes.length }, 1e6);
  expect(server.asked.at(-1)).toMatchObject({ url: '/again', authorization: undefined });
});

test('a redirect within the registry keeps the credentials', async () => {
  await using server = await serve((request, response) => {
    if (request.headers.authorization === undefined) {
      answer(response, 401, '', { 'www-authenticate': 'Basic realm="r"' });
    } else if (request.url === '/moved') serveManifest(response, bytes);
    else answer(response, 302, '', { location: '/moved' });
  });
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  expect((await c.registry.manifest(repository(server), digest)).digest).toBe(digest);
});

test('a 401 of the host that a redirect led to may not name a realm for our account', async () => {
  await using thief = await serve((_, response) => answer(response, 200, '{"token":"t"}'));
  await using storage = await serve((_, response) => {
    answer(response, 401, '', { 'www-authenticate': `Bearer realm="${thief.origin}/token"` });
  });
  await using server = await serve((_, response) =>
    answer(response, 307, '', { location: `${storage.origin}/` }),
  );
  using account = dockerConfig({ auths: { [server.host]: { auth: btoa('bob:hunter2') } } });
  await using c = client({ environment: account.environment });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('UNAUTHORIZED'),
  );
  expect(thief.asked).toHaveLength(0);
});

test('a redirect loop is refused when it closes', async () => {
  await using server = await serve((request, response) => {
    answer(response, 302, '', { location: request.url === '/a' ? '/b' : '/a' });
  });
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REDIRECT_REFUSED'),
  );
  expect(server.asked.map((asked) => asked.url).slice(1)).toEqual(['/a', '/b']);
});

test('a chain of redirects that never ends is refused at its bound', async () => {
  let next = 0;
  await using server = await serve((_, response) => answer(response, 302, '', { location: `/${next++}` }));
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REDIRECT_REFUSED'),
  );
  expect(server.asked).toHaveLength(6);
});

test.each([
  'http://192.0.2.1/metadata',
  'http://registry.example/',
  'file:///etc/passwd',
  'ftp://127.0.0.1/',
  '',
])('a redirect to %j is refused', async (location) => {
  await using server = await serve((_, response) => {
    answer(response, 302, '', location === '' ? {} : { location });
  });
  await using c = client();
  const manifest = c.registry.manifest(repository(server), digest);
  await expect(manifest).rejects.toMatchObject(failure('REDIRECT_REFUSED'));
});

test('a signed address of a redirect is not printed', async () => {
  await using server = await serve((request, response) => {
    if (request.url?.startsWith('/signed')) answer(response, 403, '');
    else answer(response, 307, '', { location: '/signed?X-Amz-Signature=topsecret' });
  });
  await using c = client();
  const error = await c.registry.manifest(repository(server), digest).catch((thrown: Error) => thrown);
  expect(error).toMatchObject(failure('UNAUTHORIZED'));
  expect(String(error)).not.toContain('topsecret');
});

test('a redirect from https to http is refused, on loopback too', async () => {
  using temp = tempDirectory();
  const { authority, tls } = await privateAuthority();
  await using plain = await serve((_, response) => serveManifest(response, bytes));
  await using server = await serve(
    (_, response) => answer(response, 307, '', { location: `${plain.origin}/` }),
    tls,
  );
  await using c = client({ environment: { SSL_CERT_FILE: temp.write('ca.pem', authority) } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REDIRECT_REFUSED'),
  );
  expect(plain.asked).toHaveLength(0);
});

test('a 404 at the end of a redirect does not say that a tag is absent', async () => {
  await using storage = await serve((_, response) => answer(response, 404, ''));
  await using server = await serve((_, response) =>
    answer(response, 307, '', { location: `${storage.origin}/` }),
  );
  await using c = client();
  const find = c.registry.findManifestByTag(repository(server), 'v1');
  await expect(find).rejects.toMatchObject(failure('REGISTRY_PROTOCOL'));
});
