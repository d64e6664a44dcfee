// The demonstration's release, before Proofgate looks at it.
import { afterEach, expect, test } from 'vitest';
import { pushDemoSnapshot, pushManyImages } from '../../demo/snapshot.ts';
import { generateKey } from './keys.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import type { WireManifest } from './registry-store.ts';
import { byKey } from './signing.ts';
import { type SigstoreServices, startSigstore } from './sigstore.ts';

const running: (TestRegistry | SigstoreServices)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.close()));
});

async function start(): Promise<[TestRegistry, TestRegistry, SigstoreServices]> {
  const started = await Promise.all([startRegistry(), startRegistry(), startSigstore()]);
  running.push(...started);
  return started;
}

async function statusOf(containerImage: string): Promise<number> {
  const [, host, repository, reference] = /^([^/]+)\/([^:@]+)[:@](?:.*@)?(.+)$/.exec(containerImage) ?? [];
  return (await fetch(`http://${host}/v2/${repository}/manifests/${reference}`)).status;
}

test('twelve components are pushed, and all but the one in maintenance answer', async () => {
  const [registry, unavailable, sigstore] = await start();
  const { snapshot, expected } = await pushDemoSnapshot(registry, sigstore, unavailable);
  expect(snapshot.components).toHaveLength(12);
  for (const { name, containerImage } of snapshot.components) {
    expect([name, await statusOf(containerImage)]).toEqual([name, name === 'archive' ? 503 : 200]);
    expect(expected.has(name)).toBe(true);
  }
  const outcomes = [...expected.values()];
  const count = (outcome: string) => outcomes.filter((each) => each === outcome).length;
  expect([count('verified'), count('rejected'), count('undetermined')]).toEqual([11, 2, 1]);
});

test('its digests are the same each time', async () => {
  const [first, second, sigstore] = await start();
  const digests = async (registry: TestRegistry) =>
    (await pushDemoSnapshot(registry, sigstore)).snapshot.components.map(
      ({ name }) => registry.store.manifest(`shop/${name}`, 'v1.4.0')?.digest,
    );
  const once = await digests(first);
  expect(once).toEqual(await digests(second));
  expect(new Set(once).size).toBe(12);
});

test('a benchmark has as many digests as images, each with two referrers', async () => {
  const [registry, , sigstore] = await start();
  const { components } = await pushManyImages(registry, sigstore, 20, { signer: byKey(generateKey()) });
  const digests = components.map(
    ({ name }) => registry.store.manifest(`shop/${name}`, 'v1.4.0')?.digest ?? '',
  );
  expect(new Set(digests).size).toBe(20);
  for (const [position, digest] of digests.entries()) {
    const list = await fetch(`${registry.url}/v2/shop/${components[position]?.name}/referrers/${digest}`);
    expect(((await list.json()) as WireManifest).manifests).toHaveLength(2);
  }
});
