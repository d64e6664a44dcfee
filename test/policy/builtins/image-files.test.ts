// Files of images as policies see them, through layers that hide one another; and the facts of the input document.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/base/digest.ts';
import { readImageFacts } from '../../../src/policy/builtins/image-facts.ts';
import { json, tar } from '../../support/archives.ts';
import { always, matching, times } from '../../support/faults.ts';
import { pushImage, pushIndex } from '../../support/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import type { WireDescriptor } from '../../support/registry-store.ts';
import { type Asking, openAsking, pushLayers } from './support/asking.ts';

const MIB = 1024 * 1024;
/** Files whose names begin as compressed content does. */
const LIKE_GZIP = { name: Buffer.from([0x1f, 0x8b, 0x08, 0x78]) };
const LIKE_ZSTD = { name: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) };
const OLM = 'operators.operatorframework.io.bundle.manifests.v1';

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

const refOf = (image: WireDescriptor, repository = 'team/app') =>
  `${registry.host}/${repository}@${image.digest}`;
const filesOf = (layers: readonly Buffer[], ...folders: string[]) =>
  run.ask('ec.oci.image_files', refOf(pushLayers(registry, 'team/app', layers)), folders);
const whiteout = (name: string) => ({ name });

describe('files of an image', () => {
  it('are JSON and YAML directly in the folders, by their paths', async () => {
    const layer = tar(
      json('manifests/a.json', 1),
      json('./manifests/b.yaml', 2),
      json('Manifests/C.YML', 3),
      json('manifests/sub/d.json', 4),
      json('manifests/e.txt', 5),
      json('x/../manifests/f.json', 6),
      json('g.json', 7),
      json('/manifests/h.json', 8),
      { name: 'manifests/i.json', type: '2' },
      { name: 'manifests/j.yaml', content: 'a: [' },
    );
    const found = {
      'manifests/a.json': 1,
      'manifests/b.yaml': 2,
      'Manifests/C.YML': 3,
      'manifests/f.json': 6,
      'manifests/h.json': 8,
    };
    expect(await filesOf([layer], 'manifests')).toEqual(found);
    expect(await filesOf([layer], './manifests/')).toEqual(found);
    expect(await filesOf([layer], '.', 'none')).toEqual({ 'g.json': 7 });
    expect(await filesOf([layer], '/manifests')).toEqual(found);
    expect(await filesOf([layer])).toEqual({});
  });

  it.each([
    ['plain', (layer: Buffer) => layer],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('come out of layers in any compression (%s)', async (_, compress) => {
    expect(await filesOf([compress(tar(json('m/a.json', 1)))], 'm')).toEqual({ 'm/a.json': 1 });
  });

  it('are those of the uppermost layer that has them', async () => {
    const layers = [tar(json('m/a.json', 1), json('m/b.json', 1)), tar(json('m/a.json', 2))];
    expect(await filesOf(layers, 'm')).toEqual({ 'm/a.json': 2, 'm/b.json': 1 });
  });

  it.each([
    ['the file', 'm/.wh.a.json'],
    ['its folder', 'top/.wh.m'],
    ['the folder above', '.wh.top'],
  ])('that a layer removes are not there (%s)', async (_, name) => {
    const folder = name.startsWith('m/') ? 'm' : 'top/m';
    const layers = [tar(json(`${folder}/a.json`, 1)), tar(whiteout(name))];
    expect(await filesOf(layers, folder)).toEqual({});
    expect(await filesOf([...layers, tar(json(`${folder}/a.json`, 3))], folder)).toEqual({
      [`${folder}/a.json`]: 3,
    });
  });

  it('of a folder that a layer empties are its own alone, in whatever order they come', async () => {
    const lower = tar(json('m/a.json', 1), json('n/a.json', 1));
    const opaque = whiteout('m/.wh..wh..opq');
    for (const upper of [tar(opaque, json('m/b.json', 2)), tar(json('m/b.json', 2), opaque)]) {
      expect(await filesOf([lower, upper], 'm', 'n')).toEqual({ 'm/b.json': 2, 'n/a.json': 1 });
    }
    expect(await filesOf([lower, tar(whiteout('.wh..wh..opq'))], 'm', 'n')).toEqual({});
  });

  it('are hidden by a file or link in the place of their folder', async () => {
    for (const type of ['0', '2']) {
      expect(await filesOf([tar(json('m/a.json', 1)), tar({ name: 'm', type })], 'm')).toEqual({});
    }
    expect(await filesOf([tar(json('m/a.json', 1)), tar({ name: 'm', type: '5' })], 'm')).toEqual({
      'm/a.json': 1,
    });
  });

  it('are hidden by a link of their name, above or later in the layer', async () => {
    const link = { name: 'm/a.json', type: '2' };
    expect(await filesOf([tar(json('m/a.json', 1)), tar(link)], 'm')).toEqual({});
    expect(await filesOf([tar(json('m/a.json', 1), link)], 'm')).toEqual({});
  });

  it('of an index are those of its linux/amd64 image', async () => {
    const image = pushLayers(registry, 'team/app', [tar(json('m/a.json', 1))]);
    const other = pushImage(registry, 'team/app', { architecture: 'arm64' });
    const platform = { architecture: 'amd64', os: 'linux' };
    const index = pushIndex(registry, 'team/app', [other, { ...image, platform }]);
    expect(await run.ask('ec.oci.image_files', refOf(index), ['m'])).toEqual({ 'm/a.json': 1 });
  });

  it('of an image that is not there, or whose layer is no archive, are undefined', async () => {
    const digest = digestOf('none');
    expect(await run.ask('ec.oci.image_files', `${registry.host}/team/app@${digest}`, ['m'])).toBeUndefined();
    expect(
      await filesOf([Buffer.from('no archive '.repeat(99)), tar(json('m/a.json', 1))], 'm'),
    ).toBeUndefined();
  });

  it.each(['/m/a.json', '../m/a.json', '//m//a.json', './/m/./a.json'])(
    'are replaced, and removed, by a layer that spells them %s',
    async (name) => {
      const lower = tar(json('m/a.json', 'harmless'));
      expect(await filesOf([lower, tar(json(name, 'planted'))], 'm')).toEqual({ 'm/a.json': 'planted' });
      const gone = whiteout(name.replace('a.json', '.wh.a.json'));
      expect(await filesOf([lower, tar(gone)], 'm')).toEqual({});
    },
  );

  it.each([
    ['begins with a name that looks compressed', tar(LIKE_GZIP, json('m/a.json', 1))],
    ['has a file with a link name, which only this parser minds', tar({ ...json('m/a.json', 1), link: 'x' })],
  ])('of an archive that %s are no absence', async (_, layer) => {
    await expect(filesOf([gzipSync(layer)], 'm')).rejects.toMatchObject({ code: 'POLICY_FAILED' });
  });

  it('of a layer that is missing are no absence', async () => {
    const missing = { mediaType: 'a/b', digest: digestOf('none'), size: 4 };
    const image = pushLayers(registry, 'team/app', []);
    const manifest = JSON.parse(registry.store.manifest('team/app', image.digest)?.bytes.toString() ?? '');
    const broken = registry.putManifest('team/app', { ...manifest, layers: [missing] });
    const asked = run.ask('ec.oci.image_files', refOf(broken), ['m']);
    await expect(asked).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  const planted = tar(json('m/a.json', 'planted'));
  const honest = tar(json('m/a.json', 1), { name: 'filler', content: Buffer.alloc(2 * MIB, 'x') });
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(honest.length - bytes.length)]);

  it.each([
    ['another archive', padded(planted)],
    [
      'an archive in gzip, and junk',
      Buffer.concat([gzipSync(planted), Buffer.alloc(honest.length - gzipSync(planted).length)]),
    ],
    ['no archive', Buffer.alloc(honest.length, 'x')],
    ['gzip that breaks off', padded(gzipSync(planted).subarray(0, 40))],
  ])('of a layer in whose place the registry serves %s are neither these nor absent', async (_, served) => {
    expect(served.length).toBe(honest.length);
    const image = pushLayers(registry, 'team/app', [honest]);
    registry.faults.push(matching(new RegExp(digestOf(honest)), always({ kind: 'body', body: served })));
    const asked = run.ask('ec.oci.image_files', refOf(image), ['m']);
    await expect(asked).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  it('come although the connection is lost within a layer', async () => {
    const layer = tar(json('m/a.json', 1), { name: 'filler', content: Buffer.alloc(300_000, 'x') });
    const image = pushLayers(registry, 'team/app', [layer]);
    registry.faults.push(
      matching(new RegExp(`blobs/${digestOf(layer)}`), times(2, { kind: 'truncate', bytes: 200_000 })),
    );
    expect(await run.ask('ec.oci.image_files', refOf(image), ['m'])).toEqual({ 'm/a.json': 1 });
  });
});

describe('facts of an image', () => {
  const facts = (image: WireDescriptor, repository = 'team/app') => {
    const where = { registry: registry.host, name: repository };
    return run.images
      .manifest(where, image.digest as Digest)
      .then((manifest) => readImageFacts(run.images, where, manifest));
  };
  const base = (image: WireDescriptor, name = `${registry.host}/base/ubi:9`) => ({
    'org.opencontainers.image.base.name': name,
    'org.opencontainers.image.base.digest': image.digest,
  });

  it('are its configuration, without what says nothing or nobody knows', async () => {
    const config = {
      Env: ['A=b'],
      Cmd: null,
      Entrypoint: [],
      User: '',
      Tty: false,
      Labels: { a: 'b' },
      Volumes: {},
      Unknown: 1,
    };
    expect(await facts(pushLayers(registry, 'team/app', [], { config }))).toEqual({
      config: { Env: ['A=b'], Labels: { a: 'b' } },
    });
  });

  it('are its parent and the configuration of that', async () => {
    const parent = pushLayers(registry, 'base/ubi', [], { config: { User: 'root' } });
    const image = pushLayers(registry, 'team/app', [], { annotations: base(parent) });
    const ref = `${registry.host}/base/ubi:9@${parent.digest}`;
    expect(await facts(image)).toEqual({ config: {}, parent: { ref, config: { User: 'root' } } });
    const named = { 'org.opencontainers.image.base.name': ref };
    expect(await facts(pushLayers(registry, 'team/app', [], { annotations: named }))).toMatchObject({
      parent: { ref, config: { User: 'root' } },
    });
  });

  it('are its parent alone when that is not there, and none when its name makes no sense', async () => {
    const parent = pushLayers(registry, 'base/ubi', []);
    registry.store.deleteManifest('base/ubi', parent.digest);
    const image = pushLayers(registry, 'team/app', [], { annotations: base(parent) });
    expect(await facts(image)).toEqual({
      config: {},
      parent: { ref: `${registry.host}/base/ubi:9@${parent.digest}` },
    });
    const odd = pushLayers(registry, 'team/app', [], { annotations: base(parent, 'NO NAME') });
    expect(await facts(odd)).toEqual({ config: {} });
    const tagged = { 'org.opencontainers.image.base.name': 'base:1' };
    expect(await facts(pushLayers(registry, 'team/app', [], { annotations: tagged }))).toEqual({
      config: {},
    });
  });

  it("are the files of an operator's bundle, by its label", async () => {
    const layers = [tar(json('manifests/csv.yaml', { kind: 'CSV' }), json('metadata/a.yaml', 1))];
    const config = { Labels: { [OLM]: 'manifests/' } };
    const image = pushLayers(registry, 'team/app', layers, { config });
    expect(await facts(image)).toEqual({ config, files: { 'manifests/csv.yaml': { kind: 'CSV' } } });
  });

  it.each([
    ['no archive', Buffer.from('no archive '.repeat(99))],
    ['gzip that breaks off', gzipSync(tar(json('m/a.json', 1))).subarray(0, -6)],
    ['an archive whose first name looks compressed', gzipSync(tar(LIKE_ZSTD, json('m/a.json', 1)))],
    ['a file with a link name', tar({ ...json('m/a.json', 1), link: 'x' })],
  ])("of an operator's bundle with a layer that is %s are no absence", async (_, layer) => {
    const image = pushLayers(registry, 'team/app', [layer], { config: { Labels: { [OLM]: 'm' } } });
    await expect(facts(image)).rejects.toMatchObject({ code: 'POLICY_FAILED', kind: 'undetermined' });
  });

  it.each([
    ['"config" twice, which Go joins', '{"config":{"Labels":{"a":"b"}},"config":{"User":"me"}}'],
    ['a member twice', '{"config":{"Labels":{"a":"b"},"Labels":{"c":"d"}}}'],
    ['"config" in another case', '{"Config":{"Labels":{"a":"b"}}}'],
    ['a member in another case', '{"config":{"labels":{"a":"b"}}}'],
    ['a member in another script', '{"config":{"Label\u017f":{"a":"b"}}}'],
  ])('are no absence where the configuration has %s', async (_, file) => {
    const config = { mediaType: 'a/b', ...registry.putBlob('team/app', file) };
    const image = registry.putManifest('team/app', { schemaVersion: 2, config, layers: [] });
    await expect(facts(image)).rejects.toMatchObject({ code: 'POLICY_FAILED', kind: 'undetermined' });
  });

  it('of an index are those of its linux/amd64 image, or none', async () => {
    const arm = pushImage(registry, 'team/app', { architecture: 'arm64' });
    const amd = pushImage(registry, 'team/app', { labels: { who: 'amd' } });
    expect(await facts(pushIndex(registry, 'team/app', [arm, amd]))).toMatchObject({
      config: { Labels: { who: 'amd' } },
    });
    expect(await facts(pushIndex(registry, 'team/app', [arm]))).toEqual({});
  });

  it('that make no sense are absent', async () => {
    for (const file of ['no JSON', '[]', '{"config":[]}', 'null']) {
      const config = { mediaType: 'a/b', ...registry.putBlob('team/app', file) };
      const image = registry.putManifest('team/app', { schemaVersion: 2, config, layers: [] });
      expect(await facts(image)).toEqual({});
    }
  });

  it.each([
    ['configuration', /team\/app\/blobs/],
    ["parent's manifest", /base\/ubi\/manifests/],
    ["parent's configuration", /base\/ubi\/blobs/],
  ])('that could not be looked at are no absence: the %s', async (_, what) => {
    const parent = pushLayers(registry, 'base/ubi', [], { config: { User: 'root' } });
    const image = pushLayers(registry, 'team/app', [], { annotations: base(parent) });
    registry.faults.push(matching(what, always({ kind: 'status', status: 429 })));
    await expect(facts(image)).rejects.toMatchObject({ code: 'THROTTLED', kind: 'undetermined' });
  });
});
