import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Credentials } from '../../src/oci/credentials.ts';
import { DEFAULT_LIMITS, type RegistryLimits } from '../../src/oci/limits.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { tempDirectory } from '../support/temp.ts';
import { credentialHelper, dockerConfig } from './support/accounts.ts';
import { failure } from './support/hostile.ts';

type Environment = Record<string, string>;

function find(image: string, environment: Environment, limits: Partial<RegistryLimits> = {}) {
  const credentials = new Credentials(environment, { ...DEFAULT_LIMITS, ...limits });
  return credentials.find(parseReference(image).repository);
}

const auth = (user: string, password = 'pw') => ({ auth: btoa(`${user}:${password}`) });
const basic = (username: string, password = 'pw') => ({ credential: { type: 'basic', username, password } });

test('without any file everybody is anonymous', async () => {
  using temp = tempDirectory();
  expect(await find('quay.io/a', { HOME: temp.path, DOCKER_CONFIG: temp.path })).toBeUndefined();
  expect(await find('quay.io/a', {})).toBeUndefined();
});

test.each([
  ['quay.io', 'quay.io/a'],
  ['https://quay.io', 'quay.io/a'],
  ['https://quay.io/v1/', 'quay.io/a'],
  ['http://quay.io/v2/', 'quay.io/a'],
  ['quay.io/v2', 'quay.io/a'],
  ['QUAY.io', 'quay.io/a'],
  ['localhost:5000', 'localhost:5000/a'],
  ['https://index.docker.io/v1/', 'alpine'],
  ['docker.io', 'alpine'],
  ['registry-1.docker.io', 'docker.io/bob/app'],
  ['quay.io/org', 'quay.io/org/app'],
  ['docker.io/library/alpine', 'alpine'],
])('the key %s is for %s', async (key, image) => {
  using config = dockerConfig({ auths: { [key]: auth('bob') } });
  expect(await find(image, config.environment)).toMatchObject(basic('bob'));
});

test.each([
  ['quay.io', 'quay.io.evil.example/a'],
  ['quay.io', 'quay.io:8443/a'],
  ['quay.io/org', 'quay.io/organisation/app'],
  ['quay.io/org', 'quay.io/app'],
  ['https://index.docker.io/v1/', 'quay.io/library/alpine'],
  ['__proto__', 'quay.io/a'],
])('the key %s is not for %s', async (key, image) => {
  using config = dockerConfig(`{"auths":{${JSON.stringify(key)}:{"auth":"${btoa('bob:pw')}"}}}`);
  expect(await find(image, config.environment)).toBeUndefined();
});

test('the longest key wins', async () => {
  const auths = { 'quay.io': auth('host'), 'quay.io/org/app': auth('app'), 'quay.io/org': auth('org') };
  using config = dockerConfig({ auths });
  const users = ['quay.io/org/app', 'quay.io/org/other', 'quay.io/x'].map((image) =>
    find(image, config.environment),
  );
  expect(await Promise.all(users)).toMatchObject([basic('app'), basic('org'), basic('host')]);
});

test('every kind of entry is understood', async () => {
  const auths = {
    'a.io': auth('bob', 'with:colon'),
    'b.io': { username: 'bob', password: 'pw' },
    'c.io': { ...auth('00'), identitytoken: 'it' },
    'd.io': { registrytoken: 'rt' },
    'e.io': {},
    'f.io': { auth: '' },
    'g.io': { auth: btoa('bob:pw\0\0') },
  };
  using config = dockerConfig({ auths, unknown: { x: 1 }, HttpHeaders: {} });
  const found = await Promise.all([...'abcdefg'].map((host) => find(`${host}.io/x`, config.environment)));
  expect(found.map((account) => account?.credential)).toEqual([
    { type: 'basic', username: 'bob', password: 'with:colon' },
    { type: 'basic', username: 'bob', password: 'pw' },
    { type: 'identity-token', token: 'it' },
    { type: 'registry-token', token: 'rt' },
    undefined,
    undefined,
    { type: 'basic', username: 'bob', password: 'pw' },
  ]);
});

test('files are read where docker and podman keep them, those that are named first', async () => {
  using temp = tempDirectory();
  const directories = ['d', 'home/.docker', 'home/.config/containers', 'run/containers'];
  for (const directory of directories) mkdirSync(`${temp.path}/${directory}`, { recursive: true });
  const write = (file: string, user: string, ...hosts: string[]) =>
    temp.write(file, JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, auth(user)])) }));
  write('d/config.json', 'docker-config', '1.io');
  const REGISTRY_AUTH_FILE = write('named.json', 'named', '1.io', '2.io');
  write('home/.docker/config.json', 'home', '1.io', '2.io', '3.io');
  write('run/containers/auth.json', 'run', '1.io', '2.io', '3.io', '4.io');
  write('home/.config/containers/auth.json', 'config', '1.io', '2.io', '3.io', '4.io', '5.io');
  const usual = { HOME: `${temp.path}/home`, XDG_RUNTIME_DIR: `${temp.path}/run` };
  const users = async (environment: Environment) => {
    const found = [1, 2, 3, 4, 5].map((n) => find(`${n}.io/x`, environment));
    return (await Promise.all(found)).map(
      (one) => one?.credential.type === 'basic' && one.credential.username,
    );
  };
  expect(await users(usual)).toEqual(['home', 'home', 'home', 'run', 'config']);
  expect(await users({ ...usual, REGISTRY_AUTH_FILE })).toEqual(['named', 'named', 'home', 'run', 'config']);
  const all = { ...usual, REGISTRY_AUTH_FILE, DOCKER_CONFIG: `${temp.path}/d` };
  expect(await users(all)).toEqual(['docker-config', 'named', 'run', 'run', 'config']);
});

test.each([
  ['no JSON', '{"auths": {"quay.io": {"auth": "aHVudGVyMg"'],
  ['a list', '[]'],
  ['auths that are no object', '{"auths":"aHVudGVyMg"}'],
  ['an entry that is no object', '{"auths":{"quay.io":"aHVudGVyMg"}}'],
  ['auth that is no base64 of user:password', '{"auths":{"quay.io":{"auth":"aHVudGVyMg=="}}}'],
  ['a helper with a path', '{"credsStore":"../../bin/aHVudGVyMg"}'],
  ['a helper with options', '{"credHelpers":{"quay.io":"x aHVudGVyMg"}}'],
  ['a helper that is an option', '{"credHelpers":{"quay.io":"-aHVudGVyMg"}}'],
  ['too much', `{"auths":{}, "x":"aHVudGVyMg${' '.repeat(2 ** 20)}"}`],
])('a file with %s is named, and none of its content', (_, content) => {
  using config = dockerConfig(content);
  const read = () => new Credentials(config.environment, DEFAULT_LIMITS);
  const error = (() => {
    try {
      return read();
    } catch (thrown) {
      return thrown as Error;
    }
  })();
  expect(error).toMatchObject({ ...failure('BAD_CREDENTIALS_FILE'), kind: 'usage' });
  expect(String(error)).toContain(`${config.directory}/config.json`);
  expect(String(error) + String((error as Error).cause)).not.toMatch(/aHVudGVyMg|hunter2/);
});

/** `quay.io` is with the helper `test`, whose script is given. */
async function findByHelper(
  script: string,
  image = 'quay.io/a',
  config: object = {},
  limits: Partial<RegistryLimits> = {},
  environment: Environment = {},
) {
  using helper = credentialHelper(script);
  using file = dockerConfig({ credHelpers: { 'quay.io': 'test', 'docker.io': 'test' }, ...config });
  return await find(image, { ...helper.environment, ...file.environment, ...environment }, limits);
}

test('a helper gets "get" and the server, and its answer is the account', async () => {
  const script = `read server; echo "{\\"ServerURL\\":\\"x\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"`;
  expect(await findByHelper(script)).toEqual({
    ...basic('get', 'quay.io'),
    source: 'docker-credential-test',
  });
  expect(await findByHelper(script, 'alpine')).toMatchObject(basic('get', 'https://index.docker.io/v1/'));
});

test('the user <token> means an identity token', async () => {
  const found = await findByHelper(`echo '{"Username":"<token>","Secret":"it"}'`);
  expect(found?.credential).toEqual({ type: 'identity-token', token: 'it' });
});

test('a helper of its own beats the helper for all, which beats an entry', async () => {
  const auths = { 'quay.io': auth('entry'), 'ghcr.io': auth('entry') };
  const script = `echo '{"Username":"helper","Secret":"pw"}'`;
  expect(await findByHelper(script, 'quay.io/a', { auths, credsStore: 'missing' })).toMatchObject(
    basic('helper'),
  );
  expect(await findByHelper(script, 'ghcr.io/a', { auths, credsStore: 'test' })).toMatchObject(
    basic('helper'),
  );
  expect(
    await findByHelper('echo credentials not found in native keychain; exit 1', 'ghcr.io/a', {
      auths,
      credsStore: 'test',
    }),
  ).toMatchObject(basic('entry'));
});

test('"credentials not found" is anonymous', async () => {
  expect(await findByHelper('echo "credentials not found in native keychain"; exit 1')).toBeUndefined();
  expect(await findByHelper(`echo '{"ServerURL":"","Username":"","Secret":""}'`)).toBeUndefined();
});

test.each([
  ['fails', 'echo "no keychain: hunter2" >&2; echo hunter2; exit 1'],
  ['answers nonsense', 'echo hunter2'],
  ['answers nothing', 'true'],
  ['lacks a secret', `echo '{"Username":"hunter2"}'`],
  ['dies', 'kill -9 $$'],
  ['talks without end', 'while :; do echo hunter2hunter2hunter2hunter2hunter2; done'],
  ['never answers', 'sleep 60'],
  ['leaves a child that keeps its output open', 'sleep 60 & wait'],
])('a helper that %s leaves it undetermined, and its words unsaid', async (_, script) => {
  const limits = { credentialHelperMs: 1_000, credentialHelperBytes: 10_000 };
  const error = await findByHelper(script, 'quay.io/a', {}, limits).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ ...failure('CREDENTIAL_HELPER_FAILED'), kind: 'undetermined' });
  expect(String(error)).not.toContain('hunter2');
});

test('a helper that is not installed leaves it undetermined, not anonymous', async () => {
  const found = findByHelper('true', 'quay.io/a', { credHelpers: { 'quay.io': 'absent' } });
  await expect(found).rejects.toMatchObject(failure('CREDENTIAL_HELPER_FAILED'));
});

test('a helper does not inherit the keys to the cache and to the identity service', async () => {
  const script = `echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"[$ACTIONS_RUNTIME_TOKEN$ACTIONS_ID_TOKEN_REQUEST_TOKEN$OTHER]\\"}"`;
  const environment = { ACTIONS_RUNTIME_TOKEN: 'a', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'b', OTHER: 'c' };
  expect(await findByHelper(script, 'quay.io/a', {}, {}, environment)).toMatchObject(basic('u', '[c]'));
});

test('a helper is asked once for a registry, however many repositories want it', async () => {
  using log = tempDirectory();
  using helper = credentialHelper(
    `echo x >> ${log.path}/log; echo '{"Username":"u","Secret":"'$(wc -l < ${log.path}/log)'"}'`,
  );
  using file = dockerConfig({ credsStore: 'test' });
  const credentials = new Credentials({ ...helper.environment, ...file.environment }, DEFAULT_LIMITS);
  const images = ['quay.io/a', 'quay.io/b', 'quay.io/a'].map((image) => parseReference(image).repository);
  const found = await Promise.all(images.map((one) => credentials.find(one)));
  expect(found.map((account) => account?.credential)).toEqual(Array(3).fill(basic('u', '1').credential));
});

test('a helper that talks without end is stopped at its bound, long before its deadline', async () => {
  const limits = { credentialHelperMs: 600_000, credentialHelperBytes: 10_000 };
  const found = findByHelper('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxx; done', 'quay.io/a', {}, limits);
  await expect(found).rejects.toMatchObject(failure('CREDENTIAL_HELPER_FAILED'));
});
