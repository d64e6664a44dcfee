import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { createHttpClient } from '../../src/oci/http-client.ts';
import { FakeClock } from '../support/clock.ts';
import { answer, client, failure, image, repository, serve, serveManifest } from './support/hostile.ts';

const bytes = image();
const digest = digestOf(bytes);
const KIB = 1024;

test.each([408, 429, 500, 502, 503, 504])('a %i is asked again, later each time', async (status) => {
  let times = 0;
  await using server = await serve((_, response) => {
    times += 1;
    if (times < 4) answer(response, status, '');
    else serveManifest(response, bytes);
  });
  await using c = client();
  await c.registry.manifest(repository(server), digest);
  expect(c.clock.waits).toEqual([500, 1_000, 2_000]);
  expect(c.registry.usage().registries).toEqual([
    {
      registry: server.host,
      statuses: { [status]: 3, 200: 1 },
      requests: 4,
      retries: 3,
      bytes: bytes.length,
    },
  ]);
});

test('the wait is random between nothing and its bound', async () => {
  await using server = await serve((_, response) => answer(response, 500, ''));
  await using c = client({ random: () => 0.25 });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REGISTRY_UNAVAILABLE'),
  );
  expect(c.clock.waits).toEqual([125, 250, 500, 1_000]);
});

test.each([400, 401, 403, 404, 405, 501])('a %i is not asked again', async (status) => {
  await using server = await serve((_, response) => answer(response, status, ''));
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toBeInstanceOf(ProofgateError);
  expect(server.asked).toHaveLength(1);
});

test('a registry that throttles for ever is THROTTLED after the last attempt', async () => {
  await using server = await serve((_, response) => answer(response, 429, ''));
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('THROTTLED'));
  expect(server.asked).toHaveLength(5);
});

test('a connection that is dropped is tried again', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    times += 1;
    if (times === 1) response.destroy();
    else serveManifest(response, bytes);
  });
  await using c = client();
  await c.registry.manifest(repository(server), digest);
  expect(c.registry.usage().registries[0]?.statuses).toEqual({ error: 1, 200: 1 });
});

test.each([
  ['seconds', () => '7'],
  ['a date', () => new Date(Date.UTC(2026, 0, 1) + 7_000).toUTCString()],
])('Retry-After in %s is waited out', async (_, after) => {
  let times = 0;
  await using server = await serve((__, response) => {
    times += 1;
    if (times === 1) answer(response, 429, '', { 'retry-after': after() });
    else serveManifest(response, bytes);
  });
  await using c = client({ random: () => 0 });
  await c.registry.manifest(repository(server), digest);
  expect(c.clock.now()).toBe(Date.UTC(2026, 0, 1) + 7_000);
});

test('a registry that asks to wait an hour is given up at once', async () => {
  await using server = await serve((_, response) => answer(response, 429, '', { 'retry-after': '3600' }));
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('THROTTLED'));
  expect(server.asked).toHaveLength(1);
  expect(c.clock.waits).toEqual([]);
});

test('all waits of one request together have a bound', async () => {
  await using server = await serve((_, response) => answer(response, 503, '', { 'retry-after': '50' }));
  await using c = client();
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(
    failure('REGISTRY_UNAVAILABLE'),
  );
  expect(server.asked).toHaveLength(3);
});

test('a Retry-After that cannot be read is no Retry-After', async () => {
  await using server = await serve((_, response) => answer(response, 429, '', { 'retry-after': 'soon' }));
  await using c = client({ limits: { attempts: 2 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('THROTTLED'));
  expect(c.clock.waits).toEqual([500]);
});

test('fewer requests are under way once the registry throttles', async () => {
  let active = 0;
  let peak = 0;
  let arrived = 0;
  const gathering = (size: number) => {
    let open = () => {};
    const isOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    return () => {
      if (active >= size) open();
      return isOpen;
    };
  };
  const eight = gathering(8);
  const four = gathering(4);
  await using server = await serve(async (_, response) => {
    active += 1;
    arrived += 1;
    peak = Math.max(peak, active);
    const isThrottled = arrived <= 8;
    await (isThrottled ? eight() : four());
    active -= 1;
    if (arrived === 8) peak = 0;
    if (isThrottled) answer(response, 429, '');
    else serveManifest(response, bytes);
  });
  await using c = client();
  const find = (i: number) => c.registry.findManifestByTag(repository(server), `v${i}`);
  await Promise.all(Array.from({ length: 8 }, (_, i) => find(i)));
  expect(arrived).toBe(16);
  // Halved once for all eight, then one more after four good answers.
  expect(peak).toBeGreaterThanOrEqual(4);
  expect(peak).toBeLessThanOrEqual(5);
});

test('a caller that leaves gets CANCELLED, and the others their answer', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using server = await serve(async (_, response) => {
    await held;
    serveManifest(response, bytes);
  });
  await using c = client();
  const leaving = new AbortController();
  const left = c.registry.manifest(repository(server), digest, leaving.signal);
  const stayed = c.registry.manifest(repository(server), digest);
  leaving.abort();
  await expect(left).rejects.toMatchObject(failure('CANCELLED'));
  release();
  expect((await stayed).digest).toBe(digest);
  expect(server.asked).toHaveLength(1);
});

test('when everybody has left, the request is cut', async () => {
  let wasCut = () => {};
  const cut = new Promise<void>((resolve) => {
    wasCut = resolve;
  });
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await using server = await serve((_, response) => {
    response.once('close', wasCut);
    arrived();
  });
  await using c = client();
  const leaving = new AbortController();
  const left = c.registry.manifest(repository(server), digest, leaving.signal);
  await arrival;
  leaving.abort(new ProofgateError('TIMEOUT', 'the run took too long'));
  await expect(left).rejects.toMatchObject(failure('TIMEOUT'));
  await cut;
});

test('the same digest of one repository is asked for once, of two repositories twice', async () => {
  await using server = await serve((_, response) => serveManifest(response, bytes));
  await using c = client();
  const get = (name: string) => c.registry.manifest(repository(server, name), digest);
  await Promise.all([get('a'), get('a'), get('b')]);
  await get('a');
  expect(server.asked).toHaveLength(2);
  expect(c.registry.usage().sharedLookups).toBe(2);
});

test('what a tag resolved to is not asked for again by digest', async () => {
  await using server = await serve((_, response) => serveManifest(response, bytes));
  await using c = client();
  const at = repository(server);
  await c.registry.resolve({ repository: at, tag: 'v1' });
  await c.registry.resolve({ repository: at, tag: 'v1', digest });
  expect(server.asked.map((asked) => asked.url)).toEqual(['/v2/team/app/manifests/v1']);
});

test('a failure is shared by those who waited and then forgotten', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    times += 1;
    if (times === 1) answer(response, 403, '');
    else serveManifest(response, bytes);
  });
  await using c = client();
  const get = () => c.registry.manifest(repository(server), digest);
  const both = await Promise.allSettled([get(), get()]);
  expect(both.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  expect((await get()).digest).toBe(digest);
});

test('kept manifests are bounded: the least recently used goes first', async () => {
  const images = ['0', '1', '2'].map((salt) => image(salt));
  await using server = await serve((request, response) =>
    serveManifest(response, images.find((one) => request.url?.endsWith(digestOf(one))) ?? Buffer.of()),
  );
  await using c = client({ limits: { keptManifestBytes: (images[0]?.length ?? 0) * 2 } });
  const get = (i: number) => c.registry.manifest(repository(server), digestOf(images[i] ?? ''));
  for (const i of [0, 1, 0, 2, 0]) await get(i);
  expect(server.asked).toHaveLength(3);
  await get(1);
  expect(server.asked).toHaveLength(4);
});

test('plain HTTP: every final status is an answer, after retries', async () => {
  await using server = await serve((request, response, asked) =>
    answer(response, request.url === '/missing' ? 404 : 503, asked.body),
  );
  await using c = client();
  const http = createHttpClient(c.registry.transport);
  const missing = await http({
    method: 'POST',
    url: `${server.origin}/missing`,
    body: 'hello',
    maxBytes: KIB,
  });
  expect(missing).toMatchObject({ status: 404, body: Buffer.from('hello') });
  expect((await http({ method: 'GET', url: server.origin, maxBytes: KIB })).status).toBe(503);
  expect(c.registry.usage().registries[0]).toMatchObject({ requests: 6, retries: 4 });
});

test('plain HTTP: a longer answer is an error, and http to a foreign host is refused', async () => {
  await using server = await serve((_, response) => answer(response, 200, 'x'.repeat(KIB + 1)));
  await using c = client();
  const http = createHttpClient(c.registry.transport);
  const get = (url: string) => http({ method: 'GET', url, maxBytes: KIB });
  await expect(get(server.origin)).rejects.toMatchObject(failure('CONTENT_TOO_LARGE'));
  await expect(get('http://rekor.example/')).rejects.toMatchObject(failure('INSECURE_REGISTRY'));
});

test('a pause that one request earned is waited out by all others of that registry', async () => {
  let now = Date.UTC(2026, 0, 1);
  const sleepers: { until: number; wake: () => void }[] = [];
  const clock = new FakeClock();
  clock.now = () => now;
  clock.sleep = (ms) => new Promise((wake) => sleepers.push({ until: now + ms, wake }));
  const advance = (ms: number) => {
    now += ms;
    for (const sleeper of sleepers) if (sleeper.until <= now) sleeper.wake();
  };
  let total = 0;
  await using server = await serve((_, response) => {
    total += 1;
    if (total === 1) answer(response, 429, '', { 'retry-after': '30' });
    else serveManifest(response, bytes);
  });
  await using elsewhere = await serve((_, response) => serveManifest(response, bytes));
  await using c = client({ clock, limits: { concurrency: 1 }, random: () => 0 });
  const all = [1, 2, 3].map((i) => c.registry.findManifestByTag(repository(server), `v${i}`));
  while (sleepers.length < 2) await c.registry.findManifestByTag(repository(elsewhere), 'v1');
  advance(29_999);
  for (let i = 0; i < 5; i++) await c.registry.findManifestByTag(repository(elsewhere), 'v1');
  expect(total).toBe(1);
  advance(1);
  await Promise.all(all);
  expect(total).toBe(4);
});

test('the bound of one Retry-After holds by itself', async () => {
  await using server = await serve((_, response) => answer(response, 429, '', { 'retry-after': '61' }));
  await using c = client({ limits: { maxWaitMs: 1e9 } });
  await expect(c.registry.manifest(repository(server), digest)).rejects.toMatchObject(failure('THROTTLED'));
  expect(server.asked).toHaveLength(1);
});
