// Manifests, indexes, descriptors, referrers and tags, as policies see them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/base/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { always, matching, times } from '../../support/faults.ts';
import { pushAttestationManifest, pushImage, pushIndex } from '../../support/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import type { WireDescriptor } from '../../support/registry-store.ts';
import { type Asking, openAsking } from './support/asking.ts';

const THROTTLED = always({ kind: 'status', status: 429 });
const MISSING = `sha256:${'0'.repeat(64)}`;
const EMPTY_DESCRIPTOR = { data: '', urls: [], annotations: {}, artifactType: '' };

let registry: TestRegistry;
let run: Asking;

beforeEach(async () => {
  registry = await startRegistry();
  run = await openAsking();
});

afterEach(async () => {
  await run[Symbol.asyncDispose]();
  await registry.close();
});

const refOf = (image: { digest: string }, repository = 'team/app') =>
  `${registry.host}/${repository}@${image.digest}`;
const layerOf = (image: WireDescriptor, repository = 'team/app') =>
  JSON.parse(registry.store.manifest(repository, image.digest)?.bytes.toString() ?? '');

const ONE_ARGUMENT = [
  'ec.oci.blob',
  'ec.oci.parsed_blob',
  'ec.oci.descriptor',
  'ec.oci.image_manifest',
  'ec.oci.image_manifests',
  'ec.oci.image_index',
  'ec.oci.image_tag_refs',
  'ec.oci.image_referrers',
];

describe('arguments', () => {
  it.each(ONE_ARGUMENT)('%s of what is no reference is undefined, and nobody is asked', async (name) => {
    for (const argument of [1, null, {}, true, [1], [['a']], 'UPPER/case', 'a b', 'https://x/y', '']) {
      if (name === 'ec.oci.image_manifests' && typeof argument !== 'object') continue;
      const expected = undefined;
      expect(await run.ask(name, argument)).toEqual(expected);
    }
    expect(registry.requests).toEqual([]);
  });

  it.each(['ec.oci.blob', 'ec.oci.parsed_blob'])('%s without a digest is undefined', async (name) => {
    expect(await run.ask(name, `${registry.host}/team/app:v1`)).toBeUndefined();
    expect(registry.requests).toEqual([]);
  });

  it.each(['ec.oci.blob_files', 'ec.oci.image_files'])('%s wants a list of texts', async (name) => {
    const ref = `${registry.host}/team/app@${MISSING}`;
    for (const paths of [undefined, 'a', {}, [1], null, Array(1001).fill('a')]) {
      expect(await run.ask(name, ref, paths)).toBeUndefined();
    }
    expect(await run.ask(name, `${registry.host}/team/app:v1`, ['a'])).toBeUndefined();
    expect(registry.requests).toEqual([]);
  });

  it('names that nobody knows are a defect, also those of JavaScript itself', async () => {
    for (const name of ['ec.oci.other', 'constructor', '__proto__', 'toString']) {
      await expect(run.ask(name, 'a')).rejects.toMatchObject({ code: 'INTERNAL' });
    }
  });
});

describe('a manifest', () => {
  it('has every member, empty where the registry has none', async () => {
    const image = pushImage(registry, 'team/app', { tag: 'v1' });
    const { config, layers } = layerOf(image);
    const expected = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { ...EMPTY_DESCRIPTOR, ...config },
      layers: [{ ...EMPTY_DESCRIPTOR, ...layers[0] }],
      annotations: {},
    };
    expect(await run.ask('ec.oci.image_manifest', refOf(image))).toEqual(expected);
    expect(await run.ask('ec.oci.image_manifest', `${registry.host}/team/app:v1`)).toEqual(expected);
  });

  it('has what only policies want: data, addresses, platforms, its subject', async () => {
    const subject = pushImage(registry, 'team/app');
    const config = { mediaType: 'application/json', ...registry.putBlob('team/app', '{}'), data: 'e30=' };
    const platform = { architecture: 'arm64', os: 'linux', 'os.version': '1', 'os.features': ['a'] };
    const layer = { mediaType: 'x/y', ...registry.putBlob('team/app', 'z'), urls: ['https://a/b'], platform };
    const image = registry.putManifest('team/app', {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config,
      layers: [layer],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations: { a: 'b' },
    } as never);
    const found = await run.ask('ec.oci.image_manifest', refOf(image));
    expect(found).toMatchObject({ annotations: { a: 'b' }, subject: { digest: subject.digest, data: '' } });
    expect(found).toHaveProperty('config.data', '{}');
    expect(found).toHaveProperty('layers.0.urls', ['https://a/b']);
    expect(found).toHaveProperty('layers.0.platform', { ...platform, variant: '', features: [] });
  });

  it('without a media type of its own has an empty one, and null lists are empty', async () => {
    const config = { mediaType: 'a/b', ...registry.putBlob('team/app', '{}') };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: null, annotations: null }));
    const image = registry.putManifest('team/app', bytes, { mediaType: OCI_MANIFEST });
    const found = await run.ask('ec.oci.image_manifest', refOf(image));
    expect(found).toMatchObject({ mediaType: '', layers: [], annotations: {} });
  });

  it('of an index is that of its linux/amd64 image', async () => {
    const arm = pushImage(registry, 'team/app', { architecture: 'arm64' });
    const amd = pushImage(registry, 'team/app', { architecture: 'amd64' });
    const attestation = pushAttestationManifest(registry, 'team/app', amd);
    const nested = pushIndex(registry, 'team/app', [
      pushIndex(registry, 'team/app', [attestation, arm, amd]),
    ]);
    const found = await run.ask('ec.oci.image_manifest', refOf(nested));
    expect(found).toEqual(await run.ask('ec.oci.image_manifest', refOf(amd)));
    expect(found).toMatchObject({ mediaType: OCI_MANIFEST });
  });

  it('of an index without such an image, or whose image is not there, is undefined', async () => {
    const arm = pushImage(registry, 'team/app', { architecture: 'arm64' });
    const amd = pushImage(registry, 'team/app', { architecture: 'amd64' });
    const lonely = pushIndex(registry, 'team/app', [arm]);
    const broken = pushIndex(registry, 'team/app', [arm, amd]);
    registry.store.deleteManifest('team/app', amd.digest);
    expect(await run.ask('ec.oci.image_manifest', refOf(lonely))).toBeUndefined();
    expect(await run.ask('ec.oci.image_manifest', refOf(broken))).toBeUndefined();
  });

  it('is undefined in indexes without end', async () => {
    let index = pushIndex(registry, 'team/app', [pushImage(registry, 'team/app')]);
    for (let depth = 0; depth < 10; depth += 1) index = pushIndex(registry, 'team/app', [index]);
    expect(await run.ask('ec.oci.image_manifest', refOf(index))).toBeUndefined();
  });

  it('is undefined when it is not there, or no manifest', async () => {
    const strange = registry.putManifest('team/app', Buffer.from('{"schemaVersion":1}'));
    const neither = registry.putManifest('team/app', Buffer.from('no JSON'));
    for (const digest of [MISSING, strange.digest, neither.digest]) {
      expect(await run.ask('ec.oci.image_manifest', refOf({ digest }))).toBeUndefined();
      expect(await run.ask('ec.oci.descriptor', refOf({ digest }))).toBeUndefined();
    }
    expect(await run.ask('ec.oci.image_manifest', `${registry.host}/team/app:none`)).toBeUndefined();
  });

  it('whose members are of other types is undefined', async () => {
    const config = { mediaType: 'a/b', ...registry.putBlob('team/app', '{}'), urls: 'https://a' };
    const image = registry.putManifest('team/app', { schemaVersion: 2, config, layers: [] });
    expect(await run.ask('ec.oci.image_manifest', refOf(image))).toBeUndefined();
  });

  it.each([
    ['throttled', THROTTLED, 'THROTTLED'],
    ['wrong', always({ kind: 'wrong-bytes' }), 'CONTENT_MISMATCH'],
    ['truncated', always({ kind: 'truncate' }), 'CONTENT_TRUNCATED'],
    ['endless', always({ kind: 'endless' }), 'CONTENT_TOO_LARGE'],
    ['a page in HTML', always({ kind: 'html', status: 404 }), 'REGISTRY_PROTOCOL'],
    ['forbidden', always({ kind: 'status', status: 403 }), 'UNAUTHORIZED'],
  ] as const)('that is %s is no absence', async (_, fault, code) => {
    const image = pushImage(registry, 'team/app');
    registry.faults.push(matching(/manifests/, fault));
    for (const name of ['ec.oci.image_manifest', 'ec.oci.descriptor', 'ec.oci.image_index']) {
      await expect(run.ask(name, refOf(image))).rejects.toMatchObject({ code, kind: 'undetermined' });
    }
    await expect(run.ask('ec.oci.image_manifests', [refOf(image)])).rejects.toMatchObject({ code });
    await expect(run.ask('ec.oci.image_files', refOf(image), ['a'])).rejects.toMatchObject({ code });
  });

  it('that others read otherwise is no absence', async () => {
    const odd = registry.putManifest('team/app', { ...layerOf(pushImage(registry, 'team/app')), Layers: [] });
    for (const name of ['ec.oci.image_manifest', 'ec.oci.descriptor', 'ec.oci.image_index']) {
      const asked = run.ask(name, refOf(odd));
      await expect(asked).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL', kind: 'undetermined' });
    }
  });
});

describe('many manifests', () => {
  it('come by reference, without those that are not there', async () => {
    const images = [pushImage(registry, 'a'), pushImage(registry, 'b')];
    const [a = '', b = ''] = images.map((image, at) => refOf(image, at === 0 ? 'a' : 'b'));
    const refs = [a, b, `${registry.host}/a@${MISSING}`, 'no reference!'];
    const found = (await run.ask('ec.oci.image_manifests', refs)) as Record<string, unknown>;
    expect(Object.keys(found)).toEqual([a, b]);
    expect(found[a]).toEqual(await run.ask('ec.oci.image_manifest', a));
    expect(await run.ask('ec.oci.image_manifests', [])).toEqual({});
  });
});

describe('an index', () => {
  it('has every member, with platforms', async () => {
    const arm = pushImage(registry, 'team/app', { architecture: 'arm64' });
    const index = pushIndex(registry, 'team/app', [arm]);
    const features = { variant: '', 'os.version': '', 'os.features': [], features: [] };
    expect(await run.ask('ec.oci.image_index', refOf(index))).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ ...EMPTY_DESCRIPTOR, ...arm, platform: { ...arm.platform, ...features } }],
      annotations: {},
    });
  });

  it('is undefined of an image', async () => {
    expect(await run.ask('ec.oci.image_index', refOf(pushImage(registry, 'team/app')))).toBeUndefined();
  });
});

describe('a descriptor', () => {
  it('says what is there, of an index too', async () => {
    const index = pushIndex(registry, 'team/app', [pushImage(registry, 'team/app')], { tag: 'v1' });
    const expected = { ...EMPTY_DESCRIPTOR, ...index };
    expect(await run.ask('ec.oci.descriptor', refOf(index))).toEqual(expected);
    expect(await run.ask('ec.oci.descriptor', `${registry.host}/team/app:v1`)).toEqual(expected);
  });

  it('does not believe what a header claims', async () => {
    const image = pushImage(registry, 'team/app', { tag: 'v1' });
    const claimed = { 'docker-content-digest': digestOf('other') };
    registry.faults.push(always({ kind: 'headers', headers: claimed }));
    const asked = run.ask('ec.oci.descriptor', `${registry.host}/team/app:v1`);
    await expect(asked).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(image.digest).not.toBe(claimed['docker-content-digest']);
  });
});

describe('referrers', () => {
  const refer = (subject: WireDescriptor, artifactType: string) =>
    registry.putReferrer('team/app', {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...registry.putBlob('team/app', '{}') },
      layers: [],
      annotations: { kind: artifactType },
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    });

  it('are listed with their types and annotations', async () => {
    const image = pushImage(registry, 'team/app', { tag: 'v1' });
    const sbom = refer(image, 'application/spdx+json');
    const expected = [
      {
        mediaType: OCI_MANIFEST,
        size: sbom.size,
        digest: sbom.digest,
        artifactType: 'application/spdx+json',
        ref: refOf(sbom),
        annotations: { kind: 'application/spdx+json' },
      },
    ];
    expect(await run.ask('ec.oci.image_referrers', refOf(image))).toEqual(expected);
    expect(await run.ask('ec.oci.image_referrers', `${registry.host}/team/app:v1`)).toEqual(expected);
  });

  it('are an empty list when there are none, and undefined when there is no image by that tag', async () => {
    expect(await run.ask('ec.oci.image_referrers', refOf(pushImage(registry, 'team/app')))).toEqual([]);
    expect(await run.ask('ec.oci.image_referrers', `${registry.host}/team/app:none`)).toBeUndefined();
  });

  it('that cannot be listed are not none', async () => {
    const image = pushImage(registry, 'team/app');
    registry.faults.push(matching(/referrers/, THROTTLED));
    const asked = run.ask('ec.oci.image_referrers', refOf(image));
    await expect(asked).rejects.toMatchObject({ code: 'THROTTLED' });
  });
});

describe("cosign's tags", () => {
  const tagOf = (image: WireDescriptor, suffix: string) => `${image.digest.replace(':', '-')}.${suffix}`;
  const put = (image: WireDescriptor, suffix: string) =>
    registry.store.tag('team/app', tagOf(image, suffix), image.digest);

  it('are listed in their order, when they are there', async () => {
    const image = pushImage(registry, 'team/app', { tag: 'v1' });
    expect(await run.ask('ec.oci.image_tag_refs', refOf(image))).toEqual([]);
    await using other = await openAsking();
    for (const suffix of ['sbom', 'att', 'sig']) put(image, suffix);
    const expected = ['sig', 'att', 'sbom'].map(
      (suffix) => `${registry.host}/team/app:${tagOf(image, suffix)}`,
    );
    expect(await other.ask('ec.oci.image_tag_refs', refOf(image))).toEqual(expected);
    expect(await other.ask('ec.oci.image_tag_refs', `${registry.host}/team/app:v1`)).toEqual(expected);
  });

  it('are there whatever they hold', async () => {
    const image = pushImage(registry, 'team/app');
    const strange = registry.putManifest('team/app', Buffer.from('{}'), { tag: tagOf(image, 'sbom') });
    expect(strange.size).toBe(2);
    expect(await run.ask('ec.oci.image_tag_refs', refOf(image))).toHaveLength(1);
  });

  it('that cannot be asked for are not absent', async () => {
    const image = pushImage(registry, 'team/app');
    registry.faults.push(matching(/\.sbom/, THROTTLED));
    const asked = run.ask('ec.oci.image_tag_refs', refOf(image));
    await expect(asked).rejects.toMatchObject({ code: 'THROTTLED' });
  });

  it('of an image by a tag that is not there are undefined', async () => {
    expect(await run.ask('ec.oci.image_tag_refs', `${registry.host}/team/app:none`)).toBeUndefined();
  });
});

describe('sharing', () => {
  it('asks once for 200 who ask at once, and for those who ask later', async () => {
    const image = pushImage(registry, 'team/app');
    const asked = Array.from({ length: 200 }, () => run.ask('ec.oci.image_manifest', refOf(image)));
    expect(new Set((await Promise.all(asked)).map((one) => JSON.stringify(one))).size).toBe(1);
    await run.ask('ec.oci.image_manifests', [refOf(image)]);
    expect(registry.count(/manifests/)).toBe(1);
  });

  it('keeps what a tag meant for the run, also that there is none', async () => {
    pushImage(registry, 'team/app', { tag: 'v1' });
    const [there, none] = ['v1', 'none'].map((tag) => `${registry.host}/team/app:${tag}`);
    const first = await run.ask('ec.oci.image_manifest', there);
    expect(await run.ask('ec.oci.image_manifest', none)).toBeUndefined();
    pushImage(registry, 'team/app', { tag: 'v1', seed: 'other' });
    pushImage(registry, 'team/app', { tag: 'none' });
    expect(await run.ask('ec.oci.image_manifest', there)).toEqual(first);
    expect(await run.ask('ec.oci.image_manifest', none)).toBeUndefined();
  });

  it('shares a failure with all who wait, and forgets it', async () => {
    await using hasty = await openAsking({ limits: { attempts: 1 } });
    const image = pushImage(registry, 'team/app');
    registry.faults.push(matching(/manifests/, times(1, { kind: 'status', status: 503 })));
    const asked = Array.from({ length: 50 }, () => hasty.ask('ec.oci.image_manifest', refOf(image)));
    const results = await Promise.allSettled(asked);
    expect(results.map((result) => result.status)).toEqual(Array(50).fill('rejected'));
    expect(registry.count(/manifests/)).toBe(1);
    expect(await hasty.ask('ec.oci.image_manifest', refOf(image))).toBeDefined();
    expect(registry.count(/manifests/)).toBe(2);
  });

  it('goes on for the others when one leaves', async () => {
    const image = pushImage(registry, 'team/app');
    registry.latencyMs = 20;
    const leaving = new AbortController();
    const left = run.askFrom(leaving.signal, 'ec.oci.image_manifest', refOf(image));
    const stays = run.ask('ec.oci.image_manifest', refOf(image));
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await stays).toBeDefined();
    expect(registry.count(/manifests/)).toBe(1);
  });

  it('lets old answers go when there are too many', async () => {
    await using small = await openAsking({ maxKeptBytes: 16 * 1024 });
    const refs = Array.from({ length: 40 }, (_, at) =>
      refOf(pushImage(registry, 'team/app', { tag: `v${at}`, seed: `${at}` })),
    );
    const listings = (ref: string) => small.ask('ec.oci.image_referrers', ref);
    for (const ref of refs) await listings(ref);
    expect(registry.count(/referrers/)).toBe(40);
    await listings(refs.at(-1) ?? '');
    expect(registry.count(/referrers/)).toBe(40);
    await listings(refs[0] ?? '');
    expect(registry.count(/referrers/)).toBe(41);
  });
});
