// What policies looked at, in the next run: content without a request, lists and tags anew.
import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseDigest } from '../../../src/base/digest.ts';
import { ProofSource } from '../../../src/oci/proof-source.ts';
import { json, tar } from '../../support/archives.ts';
import { pushImage, pushTaskBundle } from '../../support/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { type Asking, openAsking, pushLayers } from './support/asking.ts';

let registry: TestRegistry;
let temp: TempDirectory;

beforeEach(async () => {
  registry = await startRegistry();
  temp = tempDirectory();
});

afterEach(async () => {
  await registry.close();
  temp.remove();
});

/** One run, on the one cache of a test. @returns the requests that it sent, but for the probe of how a host speaks */
async function requestsOf(look: (run: Asking) => Promise<unknown>, keep = true): Promise<string[]> {
  registry.clearLog();
  await using run = await openAsking({ cache: temp.path });
  await look(run);
  if (keep) await run.keep();
  return registry.requests
    .map(({ method, path }) => `${method} ${path}`)
    .filter((line) => !line.endsWith(' /v2/'));
}

const refOf = (repository: string, digest: string) => `${registry.host}/${repository}@${digest}`;

it('bundles that 200 components look at are fetched once, and not at all in the next run', async () => {
  const bundles = Array.from({ length: 20 }, (_, at) =>
    pushTaskBundle(registry, `tasks/t${at % 4}`, [`task${at}`]),
  );
  const refs = bundles.map(({ digest }, at) => refOf(`tasks/t${at % 4}`, digest));
  const look = async (run: Asking) => {
    const components = Array.from({ length: 200 }, async () => {
      const manifests = (await run.ask('ec.oci.image_manifests', refs)) as Record<string, never>;
      const files = Object.entries(manifests).map(async ([ref, { layers }], at) => {
        const layer = `${ref.split('@')[0]}@${(layers as { digest: string }[])[0]?.digest}`;
        return run.ask('ec.oci.blob_files', layer, [`task${at}`]);
      });
      return Promise.all(files);
    });
    for (const files of await Promise.all(components))
      expect(files[7]).toMatchObject({ task7: { kind: 'Task' } });
  };
  expect((await requestsOf(look)).length).toBe(40);
  expect(await requestsOf(look)).toEqual([]);
});

it('what a component read that was not verified is asked about: one HEAD a repository', async () => {
  const bundle = pushTaskBundle(registry, 'tasks/clone', ['clone']);
  const look = (run: Asking) => run.ask('ec.oci.image_manifest', refOf('tasks/clone', bundle.digest));
  await requestsOf(look, false);
  expect(await requestsOf(look, false)).toEqual([`HEAD /v2/tasks/clone/manifests/${bundle.digest}`]);
  await requestsOf(look, true);
  expect(await requestsOf(look)).toEqual([]);
});

it('blobs are served from the cache only where the account was seen to read the repository', async () => {
  const { digest } = registry.putBlob('team/sbom', '{"a":1}');
  const look = (run: Asking) => run.ask('ec.oci.parsed_blob', refOf('team/sbom', digest));
  expect(await requestsOf(look)).toEqual([`GET /v2/team/sbom/blobs/${digest}`]);
  expect(await requestsOf(look)).toEqual([`GET /v2/team/sbom/blobs/${digest}`]);
  const image = pushImage(registry, 'team/sbom');
  const both = async (run: Asking) => {
    await run.ask('ec.oci.image_manifest', refOf('team/sbom', image.digest));
    await look(run);
  };
  await requestsOf(both);
  expect(await requestsOf(both)).toEqual([]);
});

it('lists and tags are asked for in each run: what somebody left out must not make a policy pass', async () => {
  const image = pushImage(registry, 'team/app');
  const ref = refOf('team/app', image.digest);
  const look = async (run: Asking) => {
    await run.ask('ec.oci.image_manifest', ref);
    await run.ask('ec.oci.image_referrers', ref);
    await run.ask('ec.oci.image_tag_refs', ref);
  };
  await requestsOf(look);
  const tag = image.digest.replace(':', '-');
  const warm = (await requestsOf(look)).sort();
  expect(warm).toEqual([
    `GET /v2/team/app/manifests/${tag}.att`,
    `GET /v2/team/app/manifests/${tag}.sbom`,
    `GET /v2/team/app/manifests/${tag}.sig`,
    `GET /v2/team/app/referrers/${image.digest}`,
  ]);
});

it('a tag costs one HEAD', async () => {
  pushImage(registry, 'team/app', { tag: 'v1' });
  const look = (run: Asking) => run.ask('ec.oci.image_manifest', `${registry.host}/team/app:v1`);
  expect(await requestsOf(look)).toEqual(['GET /v2/team/app/manifests/v1']);
  expect(await requestsOf(look)).toEqual(['HEAD /v2/team/app/manifests/v1']);
});

it('layers go through the store: one transfer for all who ask, and none in the next run', async () => {
  const layer = gzipSync(tar(json('m/a.json', 1), json('n/b.json', 2)));
  const image = pushLayers(registry, 'team/app', [layer]);
  const ref = refOf('team/app', image.digest);
  const look = async (run: Asking) => {
    const folders = Array.from({ length: 50 }, (_, at) => [['m'], ['n'], ['m', 'n'], [`o${at}`]]).flat();
    const found = await Promise.all(folders.map((list) => run.ask('ec.oci.image_files', ref, list)));
    expect(found.slice(0, 3)).toEqual([
      { 'm/a.json': 1 },
      { 'n/b.json': 2 },
      { 'm/a.json': 1, 'n/b.json': 2 },
    ]);
  };
  expect((await requestsOf(look)).filter((line) => line.includes('/blobs/'))).toHaveLength(1);
  expect(await requestsOf(look)).toEqual([]);
  expect(readdirSync(temp.path)).toEqual(['cache']);
});

it('what is noted of a manifest does not take the place of the proofs that were listed of it', async () => {
  const image = pushImage(registry, 'team/app');
  const where = { registry: registry.host, name: 'team/app' };
  const digest = parseDigest(image.digest);
  const verify = async (run: Asking) => {
    if (!(run.images instanceof ProofSource)) throw new Error('no cache');
    await run.images.manifest(where, digest);
    await run.images.referrers(where, digest);
    await run.images.keep(where, digest);
    await run.ask('ec.oci.image_manifest', refOf('team/app', image.digest));
  };
  await requestsOf(verify);
  expect(await requestsOf(verify)).toEqual([]);
});
