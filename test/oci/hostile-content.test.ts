import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import {
  answer,
  client,
  descriptorOf,
  failure,
  image,
  repository,
  serve,
  serveIndex,
  serveManifest,
} from './support/hostile.ts';

const bytes = image();
const digest = digestOf(bytes);
const other = image('other');
const MIB = 1024 * 1024;

test('a manifest of another digest is asked for again and then refused', async () => {
  await using server = await serve((_, response) => serveManifest(response, other));
  await using c = client({ limits: { attempts: 3 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('CONTENT_MISMATCH'),
  );
  expect(server.asked).toHaveLength(3);
});

test('wrong bytes once are followed by the right ones', async () => {
  let times = 0;
  await using server = await serve((_, response) => serveManifest(response, times++ === 0 ? other : bytes));
  await using c = client();
  expect((await c.registry.manifest(repository(server), digest)).digest).toBe(digest);
  expect(c.registry.usage().registries[0]).toMatchObject({ requests: 2, retries: 1 });
});

test('the digest of a tag is that of the body, with or without the header', async () => {
  await using server = await serve((_, response) => serveManifest(response, bytes));
  await using c = client();
  const manifest = await c.registry.resolve({ repository: repository(server), tag: 'v1' });
  expect(manifest).toMatchObject({ kind: 'image', digest, bytes });
});

test.each(['a wrong digest', digestOf(other), digestOf(other, 'sha512')])(
  'a body that disagrees with its Docker-Content-Digest (%s) is refused',
  async (claimed) => {
    await using server = await serve((_, response) =>
      serveManifest(response, bytes, { 'docker-content-digest': claimed }),
    );
    await using c = client();
    const resolved = c.registry.resolve({ repository: repository(server), tag: 'v1' });
    await expect(resolved).rejects.toMatchObject(failure('CONTENT_MISMATCH'));
  },
);

test('a header in sha512 that agrees with the body does no harm', async () => {
  const headers = { 'docker-content-digest': digestOf(bytes, 'sha512') };
  await using server = await serve((_, response) => serveManifest(response, bytes, headers));
  await using c = client();
  expect((await c.registry.resolve({ repository: repository(server), tag: 'v1' })).digest).toBe(digest);
});

test('a body that ends before its Content-Length is truncated, never content', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 20), () => response.destroy());
  });
  await using c = client({ limits: { attempts: 2 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('CONTENT_TRUNCATED'),
  );
  expect(server.asked).toHaveLength(2);
});

test('a chunked body that is cut is truncated', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200);
    response.write(bytes, () => response.destroy());
  });
  await using c = client({ limits: { attempts: 1 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('CONTENT_TRUNCATED'),
  );
});

test('a blob shorter than its descriptor is truncated, a longer one is a mismatch', async () => {
  await using server = await serve((_, response) => answer(response, 200, bytes));
  await using c = client({ limits: { attempts: 1 } });
  const blob = (size: number) => c.registry.blob(repository(server), { digest, size }, MIB);
  await expect(blob(bytes.length + 1)).rejects.toMatchObject(failure('CONTENT_TRUNCATED'));
  await expect(blob(bytes.length - 1)).rejects.toMatchObject(failure('CONTENT_MISMATCH'));
  expect(await blob(bytes.length)).toEqual(bytes);
});

test('a blob that its descriptor says is too large is not even asked for', async () => {
  await using server = await serve((_, response) => answer(response, 200, bytes));
  await using c = client();
  const blob = c.registry.blob(repository(server), { digest, size: 2 * MIB }, MIB);
  await expect(blob).rejects.toMatchObject(failure('CONTENT_TOO_LARGE'));
  expect(server.asked).toHaveLength(0);
});

test('a manifest that announces 100 MB is refused before its body', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 * MIB }).flushHeaders();
  });
  await using c = client();
  const resolved = c.registry.resolve({ repository: repository(server), tag: 'v1' });
  await expect(resolved).rejects.toMatchObject(failure('CONTENT_TOO_LARGE'));
  expect(server.asked).toHaveLength(1);
});

test('an endless manifest is cut off at its bound, and memory stays flat', async () => {
  let sent = 0;
  await using server = await serve(async (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const closed = new Promise((resolve) => response.once('close', resolve));
    while (!response.destroyed && sent < 100 * MIB) {
      sent += chunk.length;
      const drained = () => new Promise((resolve) => response.once('drain', resolve));
      if (!response.write(chunk)) await Promise.race([closed, drained()]);
    }
  });
  await using c = client();
  const before = process.memoryUsage().rss;
  const resolved = c.registry.resolve({ repository: repository(server), tag: 'v1' });
  await expect(resolved).rejects.toMatchObject(failure('CONTENT_TOO_LARGE'));
  expect(sent).toBeLessThan(20 * MIB);
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * MIB);
  expect(c.registry.usage().registries[0]?.bytes).toBeLessThan(5 * MIB);
});

test('a server that sends single bytes cannot make us keep more than the body', async () => {
  const body = Buffer.alloc(256 * 1024, ' ');
  await using server = await serve((_, response) => {
    const chunks = '1\r\n \r\n'.repeat(body.length);
    response.socket?.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  });
  await using c = client();
  const blob = await c.registry.blob(repository(server), { digest: digestOf(body), size: body.length }, MIB);
  expect(blob.equals(body)).toBe(true);
});

test('a compressed body is refused: identity was asked for', async () => {
  await using server = await serve((request, response) => {
    expect(request.headers['accept-encoding']).toBe('identity');
    serveManifest(response, bytes, { 'content-encoding': 'gzip' });
  });
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
});

test.each([
  ['a page in HTML', '<html>Log in</html>', 'text/html'],
  ['JSON that is no manifest', '{"hello":1}', 'application/json'],
  ['a manifest of schema 1', '{"schemaVersion":1}', 'application/vnd.docker.distribution.manifest.v1+json'],
])('%s instead of a manifest is an error of the registry', async (_, body, type) => {
  await using server = await serve((__, response) => answer(response, 200, body, { 'content-type': type }));
  await using c = client();
  const find = c.registry.findManifestByTag(repository(server), 'v1');
  await expect(find).rejects.toMatchObject(failure('REGISTRY_PROTOCOL'));
});

test('a missing image is IMAGE_NOT_FOUND, a missing tag is undefined', async () => {
  const body = '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}';
  await using server = await serve((_, response) => answer(response, 404, body));
  await using c = client();
  const at = repository(server);
  expect(await c.registry.findManifestByTag(at, 'sha256-0.sig')).toBeUndefined();
  await expect(c.registry.resolve({ repository: at, tag: 'v1' })).rejects.toMatchObject(
    failure('IMAGE_NOT_FOUND'),
  );
  await expect(c.registry.manifest(at, digest)).rejects.toMatchObject(failure('IMAGE_NOT_FOUND'));
});

test('a 404 in HTML is some proxy talking: it does not say that there is no signature', async () => {
  await using server = await serve((_, response) =>
    answer(response, 404, '<h1>404</h1>', { 'content-type': 'text/html' }),
  );
  await using c = client();
  const find = c.registry.findManifestByTag(repository(server), 'v1');
  await expect(find).rejects.toMatchObject(failure('REGISTRY_PROTOCOL'));
});

test('a blob that a manifest names and the registry lacks leaves it undetermined', async () => {
  await using server = await serve((_, response) => answer(response, 404, ''));
  await using c = client();
  const blob = c.registry.blob(repository(server), descriptorOf(bytes) as never, MIB);
  await expect(blob).rejects.toMatchObject(failure('REGISTRY_PROTOCOL'));
});

test('a slow-loris that never ends its headers meets the deadline', async () => {
  await using server = await serve((_, response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    const drip = setInterval(() => response.socket?.write('x: y\r\n'), 10);
    response.socket?.once('close', () => clearInterval(drip));
  });
  await using c = client({ limits: { connectMs: 50, headersMs: 100, attempts: 2 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('TIMEOUT'));
  expect(server.asked).toHaveLength(2);
  expect(c.registry.usage().registries[0]?.statuses).toEqual({ error: 2 });
});

test('a slow-loris that drips its body meets the deadline of the whole request', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 10);
    response.once('close', () => clearInterval(drip));
  });
  await using c = client({ limits: { idleBodyMs: 2_000, requestMs: 200, attempts: 1 } });
  const resolved = c.registry.resolve({ repository: repository(server), tag: 'v1' });
  await expect(resolved).rejects.toMatchObject(failure('TIMEOUT'));
});

test('a body that stops meets the idle deadline', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200).write(' ');
  });
  await using c = client({ limits: { idleBodyMs: 100, attempts: 1 } });
  const resolved = c.registry.resolve({ repository: repository(server), tag: 'v1' });
  await expect(resolved).rejects.toMatchObject(failure('TIMEOUT'));
});

test('an error body that never ends is read for its start only', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(403);
    const drip = setInterval(() => response.write(Buffer.alloc(64 * 1024, 'x')), 1);
    response.once('close', () => clearInterval(drip));
  });
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('UNAUTHORIZED'),
  );
});

test('nothing that listens is a network error', async () => {
  const server = await serve((_, response) => serveIndex(response, bytes));
  await server[Symbol.asyncDispose]();
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('NETWORK'));
});
