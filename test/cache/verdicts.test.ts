// The proof cache, end to end: what a second run asks for, believes and keeps.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushDemoSnapshot } from '../../demo/snapshot.ts';
import { always, matching } from '../support/faults.ts';
import { pushImage, pushIndex, pushTaskBundle } from '../support/images.ts';
import { generateKey } from '../support/keys.ts';
import { legacyTag } from '../support/legacy-layout.ts';
import { provenanceV1 } from '../support/provenance.ts';
import { attestImage, byIdentity, byKey, signImage } from '../support/signing.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import {
  componentOf,
  type Gate,
  openGate,
  type RunSetting,
  reasonsOf,
  tasks,
} from '../validate/support/gate.ts';

const HOUR_MS = 3_600_000;
const UNAVAILABLE = always({ kind: 'status', status: 503 });

let gate: Gate;
let temp: TempDirectory;

beforeEach(async () => {
  gate = await openGate();
  temp = tempDirectory();
});

afterEach(async () => {
  await gate.close();
  temp.remove();
});

/** Runs on the one cache directory of a test, and counts what the registry was asked. */
async function validate(
  images: readonly string[],
  more: Record<string, string> = {},
  setting: RunSetting = {},
) {
  gate.registry.clearLog();
  const report = await gate.validate(images, { 'cache-dir': temp.path, ...more }, setting);
  return { report, requests: gate.registry.requests.length };
}

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function pushWithTask(repository: string, layout: 'bundle' | 'legacy' = 'bundle') {
  const bundle = pushTaskBundle(gate.registry, 'tasks/clone', ['clone']);
  await signImage(gate.registry, 'tasks/clone', bundle, { ...gate.signed, signer: byKey(gate.taskKey) });
  const provenance = provenanceV1({ tasks: tasks(gate.reference('tasks/clone', bundle)) });
  return gate.push(repository, { provenance, layout });
}
const taskKey = () => ({ 'task-bundle-public-key': gate.taskKey.publicPem });

describe('a second run', () => {
  it.each(['bundle', 'legacy'] as const)(
    'asks nobody for digests, and verifies everything again (%s)',
    async (layout) => {
      const images = [await pushWithTask('one', layout), await pushWithTask('two', layout)];
      const cold = await validate(images, taskKey());
      expect(cold.report.result).toBe('verified');
      expect(cold.report.cache).toMatchObject({ hit: 'none', components: 0, savedRequests: 0 });
      const warm = await validate(images, taskKey());
      expect(warm.report.result).toBe('verified');
      expect(warm.requests).toBe(0);
      expect(warm.report.cache).toMatchObject({ hit: 'full', components: 2 });
      // What it saved is what the first run had to ask for, but for the probe of how the host speaks.
      const asked = cold.report.usage.registries[0]?.requests ?? 0;
      expect(warm.report.cache?.savedRequests).toBeGreaterThanOrEqual(asked - 1);
      expect(componentOf(warm.report).proofs).toMatchObject({ from: 'cache' });
    },
  );

  it('gives what was prepared for a whole release, and keeps nothing of what did not verify', async () => {
    const demo = await pushDemoSnapshot(gate.registry, gate.sigstore);
    const more = {
      snapshot: JSON.stringify(demo.snapshot),
      'public-key': demo.publicKeyPem,
      'certificate-identity': demo.identity.subject,
      'certificate-oidc-issuer': demo.identity.issuer,
      'task-bundle-public-key': demo.taskBundleKeyPem,
    };
    for (const _ of ['cold', 'warm']) {
      const { report, requests } = await validate([], more);
      // No request that the table of the summary does not show.
      expect(report.usage.registries.reduce((sum, { requests: shown }) => sum + shown, 0)).toBe(requests);
      expect(new Map(report.components.map(({ name, outcome }) => [name, outcome]))).toEqual(demo.expected);
    }
    const records = files(temp.path).filter((file) => file.endsWith('.json'));
    const kept = records.map((file) => JSON.parse(readFileSync(file, 'utf8')).repository as string);
    expect(kept).toHaveLength(14);
    for (const name of ['importer', 'exporter', 'archive']) expect(kept.join()).not.toContain(`shop/${name}`);
  });

  it('costs one HEAD for a tag, and one more for none of its children', async () => {
    const child = pushImage(gate.registry, 'app');
    await gate.sign('app', child);
    const index = pushIndex(gate.registry, 'app', [child], { tag: 'v2' });
    await gate.sign('app', index);
    const image = `${gate.registry.host}/app:v2`;
    await validate([image]);
    const warm = await validate([image]);
    expect(warm.report.result).toBe('verified');
    const asked = gate.registry.requests.filter(({ path }) => path !== '/v2/');
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['HEAD /v2/app/manifests/v2']);
  });

  it('a tag costs no HEAD where nothing is known, and what is looked at twice in one run saves nothing', async () => {
    const pinned = await gate.push('app');
    const { report } = await validate([pinned, pinned.replace('@', ':v1@'), pinned.replace(/@.*/, ':v1')]);
    expect(report.result).toBe('verified');
    expect(gate.registry.count(/^HEAD/)).toBe(0);
    expect(report.cache).toMatchObject({ hit: 'none', savedRequests: 0 });
  });

  it('remembers that there was nothing at a legacy tag', async () => {
    const image = pushImage(gate.registry, 'app');
    await signImage(gate.registry, 'app', image, gate.signed);
    const sbom = { predicateType: 'https://cyclonedx.org/bom', predicate: {} };
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...sbom });
    await validate([gate.reference('app', image)]);
    expect(gate.registry.count(/\.att$/)).toBe(1);
    const warm = await validate([gate.reference('app', image)]);
    expect([warm.report.result, warm.requests]).toEqual(['verified', 0]);
  });

  it('a tag that was removed is not found, whatever was kept', async () => {
    await gate.push('app');
    const image = `${gate.registry.host}/app:v1`;
    await validate([image]);
    gate.registry.store.untag('app', 'v1');
    const { report } = await validate([image]);
    expect(reasonsOf(componentOf(report))).toEqual(['image.accessible: IMAGE_NOT_FOUND']);
    expect(gate.registry.count(/^GET .*manifests/)).toBe(0);
  });

  it('follows a tag that has moved', async () => {
    await gate.push('app');
    const image = `${gate.registry.host}/app:v1`;
    await validate([image]);
    const other = pushImage(gate.registry, 'app', { tag: 'v1', seed: 'other' });
    const { report } = await validate([image]);
    expect(componentOf(report).resolved).toContain(other.digest);
    expect(report.result).toBe('rejected');
  });

  it('does not believe the digest that a HEAD claims', async () => {
    const good = await gate.push('app');
    const image = `${gate.registry.host}/app:v1`;
    await validate([image]);
    const other = pushImage(gate.registry, 'app', { tag: 'v1', seed: 'other' });
    // A lie in the header leads to the digest that it names, and the verdict is about that digest.
    gate.registry.faults.push((request) =>
      request.method === 'HEAD'
        ? { kind: 'headers', headers: { 'docker-content-digest': good.split('@')[1] ?? '' } }
        : undefined,
    );
    const { report } = await validate([image]);
    expect(componentOf(report).resolved).toBe(good);
    expect(componentOf(report).resolved).not.toContain(other.digest);
  });
});

describe('today’s rules apply to what was kept', () => {
  it('another key rejects what passed yesterday', async () => {
    const image = await gate.push('app');
    await validate([image]);
    const { report } = await validate([image], { 'public-key': generateKey().publicPem });
    expect(reasonsOf(componentOf(report))).toContain('image.signature_check: SIGNATURE_INVALID');
  });

  it('another identity rejects what passed yesterday', async () => {
    const image = await gate.push('app', {
      signer: byIdentity('https://ci.example/a', 'https://issuer.example'),
    });
    const identity = (subject: string) => ({
      'public-key': '',
      'certificate-identity': subject,
      'certificate-oidc-issuer': 'https://issuer.example',
    });
    expect((await validate([image], identity('https://ci.example/a'))).report.result).toBe('verified');
    expect((await validate([image], identity('https://ci.example/b'))).report.result).toBe('rejected');
  });

  it('another trust root rejects what passed yesterday', async () => {
    const image = await gate.push('app');
    await validate([image]);
    const other = await openGate();
    const root = temp.write('other_root.json', other.sigstore.trustedRootJson);
    await other.close();
    expect((await validate([image], { 'trusted-root': root })).report.result).toBe('rejected');
  });

  it('task bundles that nobody checked yesterday are checked today', async () => {
    const bundle = pushTaskBundle(gate.registry, 'tasks/bad', ['bad']);
    const provenance = provenanceV1({ tasks: tasks(gate.reference('tasks/bad', bundle)) });
    const image = await gate.push('app', { provenance });
    expect((await validate([image])).report.result).toBe('verified');
    expect((await validate([image], taskKey())).report.result).toBe('rejected');
  });

  it('a kept proof that no longer suffices never says no: the registry is asked', async () => {
    const image = await gate.push('app');
    await validate([image]);
    const key = generateKey();
    const digest = image.split('@')[1] ?? '';
    const descriptor = { mediaType: '', size: 0, ...gate.registry.store.manifest('app', digest), digest };
    await gate.sign('app', { ...descriptor, size: descriptor.bytes?.length ?? 0 }, { signer: byKey(key) });
    const { report } = await validate([image], { 'public-key': key.publicPem });
    expect(report.result).toBe('verified');
    expect(componentOf(report).proofs).toEqual({ from: 'registry' });
  });
});

describe('freshness', () => {
  const start = Date.now();
  const at = (hours: number): RunSetting => ({ nowMs: start + hours * HOUR_MS });

  it('a removed signature is noticed when the listing has aged', async () => {
    const image = await gate.push('app', { layout: 'legacy' });
    await validate([image], {}, at(0));
    gate.registry.store.untag('app', legacyTag(image.split('@')[1] ?? '', 'sig'));
    expect((await validate([image], {}, at(23))).report.result).toBe('verified');
    const late = await validate([image], {}, at(24));
    expect(reasonsOf(componentOf(late.report))).toEqual(['image.signature_check: NO_SIGNATURE']);
  });

  it('a hit does not make a listing younger', async () => {
    const image = await gate.push('app');
    await validate([image], {}, at(0));
    await validate([image], {}, at(20));
    const late = await validate([image], {}, at(25));
    expect(late.requests).toBeGreaterThan(0);
    expect(late.report.result).toBe('verified');
  });

  it('what is listed later does not make what was listed earlier younger', async () => {
    const image = await gate.push('app', { layout: 'legacy' });
    await validate([image], { require: 'signature' }, at(0));
    const more = await validate([image], {}, at(20));
    expect(componentOf(more.report).proofs).toEqual({ from: 'registry' });
    expect(gate.registry.count(/referrers|\.sig$/)).toBe(0);
    expect((await validate([image], {}, at(23))).requests).toBe(0);
    await validate([image], {}, at(25));
    expect(gate.registry.count(/referrers/)).toBe(1);
  });

  it('cache-max-age 0 lists again each time, and still transfers no content', async () => {
    const image = await gate.push('app');
    await validate([image], {}, at(0));
    const { report } = await validate([image], { 'cache-max-age': '0' }, at(0));
    expect(report.result).toBe('verified');
    expect(gate.registry.count(/referrers/)).toBe(1);
    expect(gate.registry.count(/^GET .*(blobs|manifests)/)).toBe(0);
  });

  it('a listing from the future is not believed', async () => {
    const image = await gate.push('app');
    await validate([image], {}, at(10));
    expect((await validate([image], {}, at(0))).requests).toBeGreaterThan(1);
  });
});

describe('only successes are kept', () => {
  it('what was rejected is asked for again, and passes once it is signed', async () => {
    const image = pushImage(gate.registry, 'app');
    const reference = gate.reference('app', image);
    expect((await validate([reference])).report.result).toBe('rejected');
    await gate.sign('app', image);
    expect((await validate([reference])).report.result).toBe('verified');
  });

  it('a task bundle that nobody signed leaves no record', async () => {
    const bundle = pushTaskBundle(gate.registry, 'tasks/bad', ['bad']);
    const provenance = provenanceV1({ tasks: tasks(gate.reference('tasks/bad', bundle)) });
    await validate([await gate.push('app', { provenance })], taskKey());
    expect(files(temp.path).filter((file) => file.endsWith('.json'))).toEqual([]);
  });

  it('what was undetermined leaves no record', async () => {
    const image = await gate.push('app');
    gate.registry.faults.push(matching(/referrers/, UNAVAILABLE));
    expect((await validate([image])).report.result).toBe('undetermined');
    expect(files(temp.path).filter((file) => file.endsWith('.json'))).toEqual([]);
  });
});

describe('the bound', () => {
  const blobs = () => files(temp.path).filter((file) => !file.endsWith('.json'));
  const weight = () => blobs().reduce((sum, file) => sum + readFileSync(file).length, 0);
  const isKept = (image: string) => blobs().some((file) => basename(file) === image.split(':').at(-1));

  it('is kept by runs that only see what is rejected', async () => {
    const [one = '', two = ''] = ['one', 'two'].map((name) =>
      gate.reference(name, pushImage(gate.registry, name)),
    );
    await validate([one]);
    await validate([two], { 'cache-max-size': `${weight() + 10}B` });
    expect([isKept(one), isKept(two)]).toEqual([false, true]);
  });

  it('spares what a record leads to before what none does', async () => {
    const rejected = gate.reference('bad', pushImage(gate.registry, 'bad'));
    const good = await gate.push('good');
    await validate([good]);
    const enoughForTwo = 2 * weight() + 100;
    await validate([rejected]);
    await validate([await gate.push('more')], { 'cache-max-size': `${enoughForTwo}B` });
    expect(isKept(rejected)).toBe(false);
    expect((await validate([good])).requests).toBe(0);
  });
});

describe('access', () => {
  const account = (name: string) => {
    const auth = Buffer.from(`${name}:${name}`).toString('base64');
    const config = JSON.stringify({ auths: { [gate.registry.host]: { auth } } });
    mkdirSync(join(temp.path, name), { recursive: true });
    writeFileSync(join(temp.path, name, 'config.json'), config);
    return { DOCKER_CONFIG: join(temp.path, name) };
  };
  const cacheDir = () => {
    mkdirSync(join(temp.path, 'cache'), { recursive: true });
    return { 'cache-dir': join(temp.path, 'cache') };
  };

  beforeEach(async () => {
    await gate.close();
    const accounts = ['alice', 'bob'].map((name) => ({
      username: name,
      password: name,
      repositories: name === 'alice' ? ['app'] : [],
    }));
    gate = await openGate({ auth: { type: 'bearer', accounts } });
  });

  it('proofs fetched by one account are not for another that may not read the image, nor for nobody', async () => {
    const image = await gate.push('app');
    const alice = { environment: account('alice') };
    expect((await validate([image], cacheDir(), alice)).report.result).toBe('verified');
    const again = await validate([image], cacheDir(), alice);
    expect([again.report.result, again.requests]).toEqual(['verified', 0]);
    const bob = await validate([image], cacheDir(), { environment: account('bob') });
    expect(bob.report.result).toBe('undetermined');
    expect(gate.registry.count(/^HEAD/)).toBeGreaterThan(0);
    expect((await validate([image], cacheDir())).report.result).toBe('undetermined');
  });
});

describe('proofs of another account', () => {
  const account = (name: string) => {
    const auth = Buffer.from(`${name}:${name}`).toString('base64');
    const config = JSON.stringify({ auths: { [gate.registry.host]: { auth } } });
    return { environment: { DOCKER_CONFIG: dirname(temp.write('config.json', config)) } };
  };

  it('are used after one HEAD by who may read the image', async () => {
    const image = await gate.push('app');
    await validate([image], {}, account('alice'));
    const { report } = await validate([image], {}, account('carol'));
    expect(report.result).toBe('verified');
    const asked = gate.registry.requests.filter(({ path }) => path !== '/v2/');
    expect(asked.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('are of no use for an image that is gone', async () => {
    const image = await gate.push('app');
    await validate([image], {}, account('alice'));
    gate.registry.store.deleteManifest('app', image.split('@')[1] ?? '');
    const { report } = await validate([image], {}, account('carol'));
    expect(reasonsOf(componentOf(report))).toEqual(['image.accessible: IMAGE_NOT_FOUND']);
  });
});

describe('offline', () => {
  it('verifies everything from a warm cache, and asks nobody', async () => {
    const images = [await pushWithTask('one'), await pushWithTask('two', 'legacy')];
    await validate(images, taskKey());
    const { report, requests } = await validate(images, { ...taskKey(), offline: 'true' });
    expect(report.result).toBe('verified');
    expect([requests, report.usage.registries]).toEqual([0, []]);
  });

  it('with a cold cache leaves every component undetermined, at once', async () => {
    const images = [await gate.push('one'), await gate.push('two')];
    const { report, requests } = await validate(images, { offline: 'true' });
    expect(report.components.flatMap(reasonsOf)).toEqual(images.map(() => 'image.accessible: OFFLINE'));
    expect(requests).toBe(0);
  });

  it('does not resolve tags', async () => {
    await gate.push('app');
    const image = `${gate.registry.host}/app:v1`;
    await validate([image]);
    expect((await validate([image], { offline: 'true' })).report.result).toBe('undetermined');
  });
});

describe('without a usable directory', () => {
  it('a missing one is one warning and a cold run', async () => {
    const image = await gate.push('app');
    const { report } = await validate([image], { 'cache-dir': join(temp.path, 'missing') });
    expect(report.result).toBe('verified');
    expect(report.warnings.map(({ code }) => code)).toEqual(['cache.unavailable']);
    expect(existsSync(join(temp.path, 'missing'))).toBe(false);
  });

  it('cache false keeps nothing', async () => {
    const image = await gate.push('app');
    const { report } = await validate([image], { cache: 'false' });
    expect(report.cache).toBeUndefined();
    expect(files(temp.path)).toEqual([]);
  });
});

describe('damage', () => {
  it('to any file of the cache gives the verdict of a cold run', async () => {
    const image = await pushWithTask('app');
    await validate([image], taskKey());
    const pristine = new Map(files(temp.path).map((file) => [file, readFileSync(file)]));
    for (const [file, bytes] of pristine) {
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(bytes.length / 2)] = (flipped[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
      for (const damage of [flipped, bytes.subarray(0, -1), Buffer.alloc(0)]) {
        writeFileSync(file, damage);
        expect((await validate([image], taskKey())).report.result).toBe('verified');
        for (const [path, good] of pristine) writeFileSync(path, good);
      }
    }
  });

  it('files that are swapped with each other are misses', async () => {
    const images = [await gate.push('one'), await gate.push('two')];
    await validate(images);
    const all = files(temp.path);
    const contents = all.map((file) => readFileSync(file));
    for (const [at, file] of all.entries()) writeFileSync(file, contents[(at + 1) % all.length] ?? '');
    expect((await validate(images)).report.result).toBe('verified');
  });

  it('proofs of a good image planted for a bad one do not make it pass', async () => {
    const good = await gate.push('good');
    const bad = gate.reference('good', pushImage(gate.registry, 'good', { seed: 'bad' }));
    await validate([good]);
    const [record = ''] = files(temp.path).filter((file) => file.endsWith('.json'));
    const text = readFileSync(record, 'utf8');
    const [from = '', to = ''] = [good, bad].map((image) => image.split('@')[1]);
    // The record of the good image, told to be about the bad one, wherever a reader might look for it.
    for (const file of [record, join(record, '..', 'copy.json')])
      writeFileSync(file, text.replaceAll(from, to));
    expect((await validate([bad])).report.result).toBe('rejected');
    rmSync(record);
    expect((await validate([good])).report.result).toBe('verified');
  });
});
