import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/base/digest.ts';
import { ProofSource } from '../../../src/oci/proof-source.ts';
import { Registry } from '../../../src/oci/registry.ts';
import { SourceFetcher } from '../../../src/policy/sources/source-fetcher.ts';
import { openStore, type TestStore, testStore } from '../../store/support/stores.ts';
import { tar } from '../../support/archives.ts';
import { FakeClock } from '../../support/clock.ts';
import { pushImage, pushIndex } from '../../support/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { filesOf, pushBundle } from '../support/policy-bundle.ts';
import { never, type TestToolsOptions, testTools } from '../support/source-tools.ts';

const BUNDLE = {
  'policy/a.rego': 'package a',
  'policy/a_test.rego': 'package t',
  'data/x.yml': 'x: 1',
  'README.md': '#',
};

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

async function fetch(url: string, options: TestToolsOptions = {}) {
  await using tools = testTools(options);
  return await new SourceFetcher(tools).fetch(url, never());
}
const url = (rest = ':v1') => `oci::${registry.host}/org/policy${rest}`;

describe('a policy bundle', () => {
  it('is the files that its layers are titled with, pinned to its digest', async () => {
    const { digest } = pushBundle(registry, 'org/policy', filesOf(BUNDLE), { tag: 'v1' });
    const tree = await fetch(url());
    expect(tree.pinned).toBe(url(`:v1@${digest}`));
    expect(tree.files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([
      ['data/x.yml', 'x: 1'],
      ['policy/a.rego', 'package a'],
    ]);
    expect((await fetch(tree.pinned)).fingerprint).toBe(tree.fingerprint);
    expect((await fetch(`${registry.host}/org/policy@${digest}`)).pinned).toBe(url(`@${digest}`));
  });

  it('costs nothing for files that nobody wants', async () => {
    pushBundle(registry, 'org/policy', filesOf(BUNDLE), { tag: 'v1' });
    await fetch(url());
    expect(registry.count(/GET .*\/blobs\//)).toBe(2);
  });

  it('unpacks a folder that ORAS packed', async () => {
    const content = gzipSync(tar({ name: 'lib', type: '5' }, { name: 'lib/a.rego', content: 'package a' }));
    const annotations = { 'io.deis.oras.content.unpack': 'true' };
    pushBundle(registry, 'org/policy', [{ title: 'lib', content, annotations }], { tag: 'v1' });
    expect((await fetch(url())).files.map((file) => file.path)).toEqual(['lib/a.rego']);
  });

  it('that the tag moved to between two uses of a run is not mixed with the first', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package first' }), { tag: 'v1' });
    await using tools = testTools();
    const fetcher = new SourceFetcher(tools);
    const first = await fetcher.fetch(url(), never());
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package second' }), { tag: 'v1' });
    expect(await fetcher.fetch(url(), never())).toBe(first);
    expect((await fetch(url())).files[0]?.bytes.toString()).toBe('package second');
  });
});

describe('what is no bundle', () => {
  it.each([
    '../a.rego',
    '/etc/a.rego',
    'a/../../b.rego',
    'a/./b.rego',
    'a//b.rego',
    'C:/a.rego',
    '..\\a.rego',
    'a\\b.rego',
    'a\nb.rego',
    '.rego/../../x.rego',
    `${'a/'.repeat(600)}x.rego`,
  ])('a file called %j is refused', async (title) => {
    pushBundle(registry, 'org/policy', [{ title, content: 'package a' }], { tag: 'v1' });
    await expect(fetch(url())).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });

  it('prototypes are no files, and no annotations', async () => {
    pushBundle(registry, 'org/policy', [{ content: 'package a' }], { tag: 'v1' });
    await expect(fetch(url())).rejects.toMatchObject({ code: 'BAD_POLICY' });
    pushBundle(registry, 'org/policy', filesOf({ 'constructor.rego': 'package a' }), { tag: 'v1' });
    expect((await fetch(url())).files.map((file) => file.path)).toEqual(['constructor.rego']);
  });

  it('a title that is there twice, an image, an index and nothing of use are refused', async () => {
    const two = [...filesOf({ 'a.rego': 'package a' }), ...filesOf({ 'a.rego': 'package b' })];
    pushBundle(registry, 'org/policy', two, { tag: 'v1' });
    const image = pushImage(registry, 'org/policy', { tag: 'image' });
    pushIndex(registry, 'org/policy', [image], { tag: 'index' });
    pushBundle(registry, 'org/policy', filesOf({ 'a.md': '#' }), { tag: 'empty' });
    await expect(fetch(url(':image'))).rejects.toThrow(/no layer of it has a title/);
    for (const tag of ['v1', 'image', 'index', 'empty']) {
      await expect(fetch(url(`:${tag}`)), tag).rejects.toMatchObject({ code: 'BAD_POLICY' });
    }
  });

  it('what does not exist is bad input, not a rejected image', async () => {
    for (const rest of [':none', `@sha256:${'0'.repeat(64)}`]) {
      await expect(fetch(url(rest))).rejects.toMatchObject({ code: 'BAD_POLICY', kind: 'usage' });
    }
  });

  it('too large is refused before it is fetched', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'x'.repeat(3000), 'b.rego': 'y' }), { tag: 'v1' });
    const code = { code: 'BAD_POLICY' };
    await expect(fetch(url(), { limits: { fileBytes: 2999 } })).rejects.toMatchObject(code);
    await expect(fetch(url(), { limits: { sourceBytes: 2999 } })).rejects.toMatchObject(code);
    await expect(fetch(url(), { limits: { files: 1 } })).rejects.toMatchObject(code);
  });

  it('a packed folder cannot grow beyond its bound, nor leave it', async () => {
    const annotations = { 'io.deis.oras.content.unpack': 'true' };
    const push = (content: Buffer) =>
      pushBundle(registry, 'org/policy', [{ title: 'lib', content, annotations }], { tag: 'v1' });
    push(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
    const limits = { sourceBytes: 1024 * 1024, files: 10 };
    await expect(fetch(url(), { limits })).rejects.toMatchObject({ code: 'BAD_POLICY' });
    push(gzipSync(tar({ name: '../a.rego', content: 'package a' })));
    await expect(fetch(url())).rejects.toMatchObject({ code: 'BAD_POLICY' });
    push(gzipSync(tar({ name: 'a.rego', type: '2', link: '/etc/passwd' })));
    await expect(fetch(url())).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });
});

describe('a registry in trouble', () => {
  it.each([
    [429, 'THROTTLED'],
    [503, 'REGISTRY_UNAVAILABLE'],
    [401, 'UNAUTHORIZED'],
  ])('%i for its manifest or a layer is undetermined', async (status, code) => {
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package a' }), { tag: 'v1' });
    for (const part of ['manifests', 'blobs']) {
      registry.faults.splice(0, registry.faults.length, ({ path }) =>
        path.includes(`/${part}/`) ? { kind: 'status', status } : undefined,
      );
      await expect(fetch(url())).rejects.toMatchObject({ code, kind: 'undetermined' });
    }
  });
});

describe('the next run', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await testStore();
  });
  afterEach(() => store[Symbol.dispose]());
  const clock = new FakeClock();

  async function run(text: string, offline = false) {
    const client = new Registry({ environment: {}, insecureRegistries: new Set(), clock, offline });
    const { blobs, proofs: index } = store;
    const source = new ProofSource({
      registry: client,
      blobs,
      index,
      clock,
      maxAgeMs: 3_600_000,
      listsAnew: false,
    });
    await using tools = testTools({ offline });
    registry.clearLog();
    try {
      await new SourceFetcher({ ...tools, images: source, kept: source }).fetch(text, never());
      return registry.requests.map(
        ({ method, path }) => `${method} ${path.replace(/.*\/(manifests|blobs)\/.*/, '$1')}`,
      );
    } finally {
      await client.close();
    }
  }

  it('asks one HEAD for a tag, and nothing for a digest, offline too', async () => {
    const { digest } = pushBundle(
      registry,
      'org/policy',
      filesOf({ 'a.rego': 'package a', 'b.rego': 'package b' }),
      {
        tag: 'v1',
      },
    );
    const cold = await run(url());
    expect(cold.filter((line) => line.startsWith('GET'))).toHaveLength(3);
    expect(await run(url())).toEqual(['HEAD manifests']);
    expect(await run(url(`@${digest}`))).toEqual([]);
    expect(await run(url(`:v1@${digest}`), true)).toEqual([]);
    await expect(run(url(), true)).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  it('notices that a tag was moved, and that what was kept was damaged', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package a' }), { tag: 'v1' });
    await run(url());
    pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package b' }), { tag: 'v1' });
    expect((await run(url())).filter((line) => line.startsWith('GET'))).toEqual([
      'GET manifests',
      'GET blobs',
    ]);
  });

  it('finds the bundle after pruning that removed everything which nothing leads to', async () => {
    const { digest } = pushBundle(registry, 'org/policy', filesOf({ 'a.rego': 'package a' }), { tag: 'v1' });
    await run(url());
    const stray = Buffer.alloc(5000, 's');
    await store.blobs.write(digestOf(stray), stray);
    // As the next process would prune: nothing counts as used by it.
    const later = await openStore(store.root, { warnings: [] });
    const reachable = new Set<Digest>();
    for await (const { blobs } of store.proofs.all()) for (const blob of blobs) reachable.add(blob);
    await later.prune({ keep: new Set(), reachable, maxBytes: 5000 });
    expect(await run(url(`@${digest}`))).toEqual([]);
  });
});
