// The ways in which the test registry misbehaves, over real HTTP.
import { afterEach, expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { after, always, everyOther, matching, times } from './faults.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from './registry.ts';

const running: TestRegistry[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()));
});

async function start(options?: RegistryOptions): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  running.push(registry);
  return registry;
}

test('rules decide which requests fail, and how often', async () => {
  const registry = await start({
    faults: [
      matching(/\/tags\//, times(2, { kind: 'status', status: 429, headers: { 'retry-after': '1' } })),
      matching(/\/blobs\//, everyOther({ kind: 'html' })),
      matching(/^GET \/v2\/$/, after(2, always({ kind: 'redirect', to: 'http://127.0.0.1:1/' }))),
    ],
  });
  registry.putBlob('app', 'x');
  const get = async (path: string) => fetch(registry.url + path, { redirect: 'manual' });
  const tags = [
    await get('/v2/app/tags/list'),
    await get('/v2/app/tags/list'),
    await get('/v2/app/tags/list'),
  ];
  expect(tags.map(({ status }) => status)).toEqual([429, 429, 200]);
  expect(tags[0]?.headers.get('retry-after')).toBe('1');
  const blob = `/v2/app/blobs/${digestOf('x')}`;
  expect([(await (await get(blob)).text()).slice(0, 9), await (await get(blob)).text()]).toEqual([
    '<!doctype',
    'x',
  ]);
  const roots = [await get('/v2/'), await get('/v2/'), await get('/v2/')];
  expect(roots.map(({ status }) => status)).toEqual([200, 200, 307]);
});

test('a truncated, a dropped and a falsified answer are what they say', async () => {
  const registry = await start();
  registry.putBlob('app', 'x'.repeat(100));
  const get = () => fetch(`${registry.url}/v2/app/blobs/${digestOf('x'.repeat(100))}`);
  registry.faults.push(
    times(1, { kind: 'truncate' }),
    times(1, { kind: 'drop' }),
    times(1, { kind: 'wrong-bytes' }),
  );
  const cut = await get();
  expect(cut.headers.get('content-length')).toBe('100');
  await expect(cut.text()).rejects.toThrow();
  await expect(get()).rejects.toThrow();
  const wrong = await (await get()).text();
  expect([wrong.length, wrong === 'x'.repeat(100)]).toEqual([100, false]);
});

test('an endless and a dripping body go on until the reader leaves, and close() does not wait for them', async () => {
  const registry = await start({
    faults: [
      times(1, { kind: 'endless' }),
      times(2, { kind: 'slow-loris', everyMs: 1 }),
      times(1, { kind: 'stall' }),
    ],
  });
  const leave = new AbortController();
  const reader = (await fetch(`${registry.url}/v2/`, { signal: leave.signal })).body?.getReader();
  let read = 0;
  while (read < 10_000_000) read += (await reader?.read())?.value?.length ?? 0;
  leave.abort();
  const drip = (await fetch(`${registry.url}/v2/`)).body?.getReader();
  expect((await drip?.read())?.value?.length).toBeLessThan(10);
  await fetch(`${registry.url}/v2/`);
  const stalled = expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
  while (registry.count(/^GET/) < 4) await new Promise((resolve) => setImmediate(resolve));
  await registry.close();
  await stalled;
});
