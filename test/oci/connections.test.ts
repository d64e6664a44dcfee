import { mkdirSync, symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { isLoopback } from '../../src/oci/loopback.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { tempDirectory } from '../support/temp.ts';
import { type PrivateAuthority, privateAuthority } from './support/certificate.ts';
import { answer, client, failure, image, repository, serve, serveManifest } from './support/hostile.ts';
import { proxyTo } from './support/proxy.ts';

const bytes = image();
const digest = digestOf(bytes);
const good = (_: unknown, response: Parameters<typeof serveManifest>[0]) => serveManifest(response, bytes);
const portOf = (server: { host: string }) => Number(server.host.split(':')[1]);

let authority: PrivateAuthority;
beforeAll(async () => {
  authority = await privateAuthority();
});

test('a registry whose authority nobody named is refused, and plain http is not tried', async () => {
  await using server = await serve(good, authority.tls);
  await using c = client();
  const error = await c.registry.manifest(repository(server), digest).catch((thrown: Error) => thrown);
  expect(error).toMatchObject(failure('NETWORK'));
  expect(error).toMatchObject({ hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  expect(server.asked).toHaveLength(0);
  expect(c.clock.waits).toEqual([]);
});

test('SSL_CERT_FILE names a private authority', async () => {
  using temp = tempDirectory();
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const file = temp.write('ca.pem', `# comment\n${damaged}${authority.authority}`);
  await using server = await serve(good, authority.tls);
  await using c = client({ environment: { SSL_CERT_FILE: file } });
  expect((await c.registry.manifest(repository(server), digest)).digest).toBe(digest);
});

test('SSL_CERT_DIR names several directories, and what is no certificate in them does no harm', async () => {
  using temp = tempDirectory();
  const [first, second] = [join(temp.path, 'a'), join(temp.path, 'b')];
  for (const directory of [first, second, join(second, 'sub')]) mkdirSync(directory);
  temp.write('a/README', 'no certificate');
  temp.write('b/ca.crt', authority.authority);
  symlinkSync('/nonexistent', join(second, 'dangling.0'));
  await using server = await serve(good, authority.tls);
  await using c = client({ environment: { SSL_CERT_DIR: `${first}:${second}` } });
  expect((await c.registry.manifest(repository(server), digest)).digest).toBe(digest);
});

test.each(['SSL_CERT_FILE', 'SSL_CERT_DIR'])('%s that cannot be read is bad input', (name) => {
  using temp = tempDirectory();
  const at = join(temp.path, 'missing');
  expect(() => client({ environment: { [name]: at } })).toThrow(
    expect.objectContaining({ code: 'UNREADABLE_FILE' }),
  );
});

test.each(['', 'nothing', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  'SSL_CERT_FILE without a usable certificate (%j) is bad input',
  (content) => {
    using temp = tempDirectory();
    const environment = { SSL_CERT_FILE: temp.write('ca.pem', content) };
    expect(() => client({ environment })).toThrow(expect.objectContaining({ code: 'UNREADABLE_FILE' }));
  },
);

test('HTTPS_PROXY carries requests to foreign hosts, and knows its own user', async () => {
  using temp = tempDirectory();
  await using server = await serve(good, authority.tls);
  await using proxy = await proxyTo(portOf(server));
  const HTTPS_PROXY = proxy.url.replace('http://', 'http://bob:hunter2@');
  await using c = client({
    environment: { HTTPS_PROXY, SSL_CERT_FILE: temp.write('ca.pem', authority.authority) },
  });
  const manifest = await c.registry.manifest({ registry: 'registry.test', name: 'app' }, digest);
  expect(manifest.digest).toBe(digest);
  expect(proxy.asked).toEqual(['registry.test:443']);
  expect(proxy.authorizations).toEqual([`Basic ${btoa('bob:hunter2')}`]);
  expect(c.registry.usage().registries[0]?.registry).toBe('registry.test');
});

test('the lower-case variable counts, and comes first', async () => {
  await using server = await serve(good, authority.tls);
  await using proxy = await proxyTo(portOf(server));
  await using c = client({
    environment: { https_proxy: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1' },
    limits: { attempts: 1 },
  });
  await expect(c.registry.manifest({ registry: 'registry.test', name: 'app' }, digest)).rejects.toThrow();
  expect(proxy.asked).toEqual(['registry.test:443']);
});

test.each(['registry.test', '.test', '*', 'other, registry.test:443'])(
  'NO_PROXY=%s is kept to',
  async (NO_PROXY) => {
    await using server = await serve(good, authority.tls);
    await using proxy = await proxyTo(portOf(server));
    await using c = client({ environment: { HTTPS_PROXY: proxy.url, NO_PROXY }, limits: { attempts: 1 } });
    const manifest = c.registry.manifest({ registry: 'registry.test', name: 'app' }, digest);
    await expect(manifest).rejects.toMatchObject(failure('NETWORK'));
    expect(proxy.asked).toEqual([]);
  },
);

test('loopback is never proxied', async () => {
  await using server = await serve(good);
  await using proxy = await proxyTo(portOf(server));
  await using c = client({ environment: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } });
  await c.registry.manifest(repository(server), digest);
  expect(proxy.asked).toEqual([]);
});

test('https does not go through HTTP_PROXY', async () => {
  await using proxy = await proxyTo(1);
  await using c = client({ environment: { HTTP_PROXY: proxy.url }, limits: { attempts: 1 } });
  const manifest = c.registry.manifest({ registry: 'registry.invalid', name: 'app' }, digest);
  await expect(manifest).rejects.toMatchObject(failure('NETWORK'));
  expect(proxy.asked).toEqual([]);
});

test('a proxy that refuses is a network error, without its password', async () => {
  await using proxy = await proxyTo(1, 407);
  const HTTPS_PROXY = proxy.url.replace('http://', 'http://bob:hunter2@');
  await using c = client({ environment: { HTTPS_PROXY } });
  const manifest = c.registry.manifest({ registry: 'registry.test', name: 'app' }, digest);
  const error = await manifest.catch((thrown: Error) => thrown);
  expect(error).toMatchObject(failure('NETWORK'));
  expect(String(error)).toContain('407');
  expect(String(error)).not.toContain('hunter2');
});

test('a proxy that is no URL is bad input, and is not printed', () => {
  const environment = { HTTPS_PROXY: 'socks5://bob:hunter2@host' };
  expect(() => client({ environment })).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.not.stringContaining('hunter2') }),
  );
});

test('plain http is for loopback and for hosts that are named', async () => {
  await using proxy = await proxyTo(1, 502);
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  const at = { registry: 'registry.test:5000', name: 'app' };
  await using strict = client({ environment, limits: { attempts: 1 } });
  await expect(strict.registry.manifest(at, digest)).rejects.toMatchObject(failure('NETWORK'));
  expect(proxy.asked).toEqual(['registry.test:5000']);
});

test('a named host that does not speak TLS is asked in plain http', async () => {
  await using server = await serve(good);
  await using proxy = await proxyTo(portOf(server));
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  const at = { registry: 'registry.test:5000', name: 'app' };
  await using c = client({
    environment,
    insecureRegistries: new Set(['registry.test:5000']),
    limits: { attempts: 1 },
  });
  await expect(c.registry.manifest(at, digest)).rejects.toMatchObject(failure('REGISTRY_UNAVAILABLE'));
  expect(proxy.asked).toEqual(['registry.test:5000', `http://registry.test:5000/v2/app/manifests/${digest}`]);
});

test('how a loopback registry is to be spoken to is found out once', async () => {
  let handshakes = 0;
  await using server = await serve(good);
  const front = createServer((socket) => {
    socket.once('data', (first) => {
      if (first[0] === 0x16) handshakes += 1;
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  await using c = client({ limits: { attempts: 2 } });
  const at = { registry: `127.0.0.1:${(front.address() as AddressInfo).port}`, name: 'app' };
  await expect(c.registry.manifest(at, digest)).rejects.toMatchObject(failure('NETWORK'));
  // Dropped in TLS and in plain http alike: undecided, so https, and asked anew by the next one.
  expect(handshakes).toBe(3);
  front.close();
  for (const tag of ['a', 'b']) await c.registry.findManifestByTag(repository(server), tag);
  expect(server.asked.map((asked) => asked.url)).toEqual(
    ['/v2/app/manifests/a', '/v2/app/manifests/b'].map((url) => url.replace('app', 'team/app')),
  );
});

test('what is this machine, and what only looks like it', () => {
  for (const host of ['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    expect(isLoopback(host)).toBe(true);
  }
  for (const host of [
    '127.0.0.1.example.com',
    'localhost.example.com',
    '128.0.0.1',
    '[::2]',
    '0.0.0.0',
    '127.1',
  ]) {
    expect(isLoopback(host)).toBe(false);
  }
});

test('a registry on https may not send us to a realm on plain http', async () => {
  using temp = tempDirectory();
  await using realm = await serve((_, response) => answer(response, 200, '{"token":"t"}'));
  const challenge = `Bearer realm="${realm.origin}/token"`;
  await using server = await serve(
    (_, response) => answer(response, 401, '', { 'www-authenticate': challenge }),
    authority.tls,
  );
  await using proxy = await proxyTo(portOf(server));
  const environment = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: temp.write('ca.pem', authority.authority) };
  await using c = client({ environment });
  const manifest = c.registry.manifest({ registry: 'registry.test', name: 'app' }, digest);
  await expect(manifest).rejects.toMatchObject(failure('UNAUTHORIZED'));
  expect(realm.asked).toHaveLength(0);
});

test('Docker Hub is asked under the name of its API', async () => {
  await using proxy = await proxyTo(1, 502);
  await using c = client({ environment: { HTTPS_PROXY: proxy.url }, limits: { attempts: 1 } });
  await expect(c.registry.resolve(parseReference('alpine'))).rejects.toMatchObject(failure('NETWORK'));
  expect(proxy.asked).toEqual(['registry-1.docker.io:443']);
});
