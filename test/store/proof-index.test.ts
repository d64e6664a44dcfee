import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, fingerprint } from '../../src/base/fingerprint.ts';
import { ProofIndex } from '../../src/store/proof-index.ts';
import { type ProofRecord, toRecordKey } from '../../src/store/proof-record.ts';
import { FakeClock } from '../support/clock.ts';
import { DAMAGE } from './support/damage.ts';
import {
  Dice,
  filesBelow,
  HOUR_MS,
  openStore,
  outsideWorld,
  record,
  type TestStore,
  testStore,
} from './support/stores.ts';

const ONE = record('one');
const OTHER = record('other');
const FRESH = { nowMs: ONE.listedAtMs + HOUR_MS, maxAgeMs: 24 * HOUR_MS };

const placeOf = (store: TestStore, of: ProofRecord) => store.blobs.directory.paths.proof(toRecordKey(of));
const read = (store: TestStore, of = ONE) => store.proofs.read(of.repository, of.digest, FRESH);

/** Writes what a stranger would into the place of `ONE`. */
function plant(store: TestStore, text: string | Buffer): void {
  const place = placeOf(store, ONE);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
}

async function all(proofs: ProofIndex): Promise<ProofRecord[]> {
  const records: ProofRecord[] = [];
  for await (const each of proofs.all()) records.push(each);
  return records;
}

describe('an index of proofs', () => {
  test('gives back what it was given, from the next process too', async () => {
    using store = await testStore();
    expect(await read(store)).toBeUndefined();
    expect(await store.proofs.write(ONE)).toBe(true);
    expect(await read(store)).toEqual(ONE);
    const next = new ProofIndex((await openStore(store.root)).directory);
    expect(await next.read(ONE.repository, ONE.digest, FRESH)).toEqual(ONE);
    expect(store.warnings).toEqual([]);
  });

  test('tells what was not asked for from what there is none of', async () => {
    using store = await testStore();
    const { referrers: _, ...rest } = ONE;
    for (const some of [
      { ...rest, tags: {} },
      { ...rest, tags: { sig: null } },
      { ...rest, tags: { att: null }, referrers: [] },
    ]) {
      await store.proofs.write(some);
      expect(await read(store)).toStrictEqual(some);
    }
  });

  test('keeps a subject of each repository apart', async () => {
    using store = await testStore();
    const elsewhere = { ...ONE, repository: 'registry.example/team/other', blobs: [] };
    await store.proofs.write(ONE);
    await store.proofs.write(elsewhere);
    expect([await read(store), await read(store, elsewhere)]).toEqual([ONE, elsewhere]);
  });

  test('age is the reader’s matter: too old, from the future, or nothing old enough', async () => {
    using store = await testStore();
    await store.proofs.write(ONE);
    const ask = (ageMs: number, maxAgeMs: number) =>
      store.proofs.read(ONE.repository, ONE.digest, { nowMs: ONE.listedAtMs + ageMs, maxAgeMs });
    expect(await ask(HOUR_MS - 1, HOUR_MS)).toEqual(ONE);
    expect(await ask(HOUR_MS, HOUR_MS)).toBeUndefined();
    expect(await ask(-1, HOUR_MS)).toBeUndefined();
    expect(await ask(0, 0)).toBeUndefined();
    expect(await ask(0, 1)).toEqual(ONE);
    expect(await ask(Number.NaN, HOUR_MS)).toBeUndefined();
  });

  test('a record too large to be read again is not written', async () => {
    using store = await testStore();
    const blobs = Array.from({ length: 40_001 }, () => ONE.digest);
    expect(await store.proofs.write({ ...ONE, blobs })).toBe(false);
    expect(await store.proofs.write({ ...ONE, scope: 'x'.repeat(1025) })).toBe(false);
    const long = { ...ONE.subject, mediaType: 'x'.repeat(255) };
    const referrers = Array.from({ length: 10_000 }, () => long);
    expect(await store.proofs.write({ ...ONE, referrers, blobs: blobs.slice(1) })).toBe(false);
    expect(await read(store)).toBeUndefined();
    expect(await store.proofs.write({ ...ONE, blobs: blobs.slice(1) })).toBe(true);
    expect((await read(store))?.blobs).toHaveLength(40_000);
  });

  test('all names every good record, of any age, and no other', async () => {
    using store = await testStore();
    for (const each of [ONE, OTHER]) await store.proofs.write(each);
    const third = record('third');
    await store.proofs.write(third);
    writeFileSync(placeOf(store, third), '{}');
    const digests = (await all(store.proofs)).map(({ digest }) => digest);
    expect(digests.sort()).toEqual([ONE.digest, OTHER.digest].sort());
  });

  test('verify names what is no record of its place, and changes nothing', async () => {
    using store = await testStore();
    await store.proofs.write(ONE);
    await store.proofs.write(OTHER);
    expect(await store.proofs.verify()).toEqual([]);
    writeFileSync(placeOf(store, OTHER), readFileSync(placeOf(store, ONE)));
    writeFileSync(join(dirname(placeOf(store, ONE)), 'stray'), 'x');
    const bad = await store.proofs.verify();
    expect(bad.map(({ path }) => join(store.root, path)).sort()).toEqual(
      [placeOf(store, OTHER), join(dirname(placeOf(store, ONE)), 'stray')].sort(),
    );
    expect(filesBelow(store.root)).toHaveLength(3);
  });

  test('prune removes strays and the longest unused, and never what this run used', async () => {
    const clock = new FakeClock(Date.now());
    using store = await testStore({ clock });
    const records = ['a', 'b', 'c', 'd'].map((name) => record(name));
    for (const each of records) {
      await store.proofs.write(each);
      clock.advance(HOUR_MS);
    }
    const [first, second] = records as [ProofRecord, ProofRecord];
    const next = new ProofIndex((await openStore(store.root, { clock })).directory);
    await next.read(first.repository, first.digest, FRESH);
    writeFileSync(join(dirname(placeOf(store, first)), 'stray'), 'x');
    const { size } = statSync(placeOf(store, first));
    const pruned = await next.prune(size * 3 + 10);
    expect(pruned).toMatchObject({ removedFiles: 1, keptBytes: size * 3 });
    const kept: string[] = [];
    for await (const { repository } of pruned.kept) kept.push(repository);
    expect(kept.sort()).toEqual(
      records.map(({ repository }) => repository).filter((_, index) => index !== 1),
    );
    expect([placeOf(store, first), placeOf(store, second)].map((path) => existsSync(path))).toEqual([
      true,
      false,
    ]);
    expect(filesBelow(store.root)).toHaveLength(3);
    await next.prune(0);
    expect(filesBelow(store.root)).toEqual([placeOf(store, first)]);
  });
});

describe('a planted record', () => {
  const good = { ...ONE, version: 1 };
  const sealed = (body: object) => canonicalJson({ ...body, checksum: fingerprint(body as never) } as never);
  const text = (changes: object) => sealed({ ...good, ...changes });
  const manifest = ONE.subject;

  test('the text that the plants below are made from is a good one', async () => {
    using store = await testStore();
    plant(store, text({}));
    expect(await read(store)).toEqual(ONE);
  });

  const PLANTS: Readonly<Record<string, string | Buffer>> = {
    'of another digest': text({ digest: OTHER.digest, subject: OTHER.subject }),
    'of another repository': text({ repository: 'registry.example/other/app' }),
    'whose manifest is another one': text({ subject: OTHER.subject }),
    'of an older version': text({ version: 0 }),
    'of a newer version': text({ version: 2 }),
    'without a version': sealed(ONE),
    'with an extra field': text({ verified: true }),
    'with an extra field inside': text({ subject: { ...manifest, verified: true } }),
    'with an extra tag': text({ tags: { sig: null, sbom: null } }),
    'with a prototype in it': text({}).replace('{', '{"__proto__":{"polluted":true},'),
    'with a prototype inside': text({}).replace('"subject":{', '"subject":{"__proto__":{"polluted":true},'),
    'with a constructor': text({ constructor: { prototype: { polluted: true } } }),
    'that is a prototype': '{"__proto__":{"version":1}}',
    'with a key twice': text({}).replace('{', '{"version":1,'),
    'that nobody sealed': canonicalJson(good as never),
    'that was changed after it was sealed': text({}).replace('app', 'apq'),
    'with spaces': JSON.stringify(JSON.parse(text({})), null, 1),
    'in another order': JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text({}))).reverse())),
    'with a mark of byte order': `\ufeff${text({})}`,
    'that goes on': `${text({})}\n`,
    'that breaks off': text({}).slice(0, -1),
    'from the future': text({ listedAtMs: FRESH.nowMs + 1 }),
    'from the far future': text({ listedAtMs: Number.MAX_SAFE_INTEGER }),
    'too old': text({ listedAtMs: FRESH.nowMs - FRESH.maxAgeMs }),
    'from before time': text({ listedAtMs: -1 }),
    'with a date that is none': text({}).replace(`${ONE.listedAtMs}`, '1e400'),
    'with half a millisecond': text({ listedAtMs: ONE.listedAtMs + 0.5 }),
    'with a size that is none': text({ subject: { ...manifest, size: -1 } }),
    'with a huge size': text({ subject: { ...manifest, size: 1e300 } }),
    'with a digest that leads elsewhere': text({ blobs: ['sha256:../../../../etc/passwd'] }),
    'with a digest in capitals': text({ blobs: [ONE.digest.toUpperCase()] }),
    'with too many referrers': text({ referrers: Array(10_001).fill(manifest) }),
    'with lists for texts': text({ repository: [ONE.repository] }),
    'with null for a list': text({ referrers: null }),
    'that is a list': '[]',
    'that is null': 'null',
    'that is a number': '1',
    'that is nothing': '',
    'that is nested deeply': `${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`,
    'that is nested deeply inside': text({}).replace('"blobs":[', `"blobs":[${'['.repeat(1_000_000)}`),
    'that is no text': Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    'with broken text inside': Buffer.concat([
      Buffer.from(text({}).slice(0, -2)),
      Buffer.from([0xff, 0x22, 0x7d]),
    ]),
  };

  test.each(Object.keys(PLANTS))('%s is a miss', async (name) => {
    using store = await testStore();
    plant(store, PLANTS[name] ?? '');
    expect(await read(store)).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await store.proofs.write(ONE)).toBe(true);
    expect(await read(store)).toEqual(ONE);
    expect(store.warnings).toEqual([]);
  });

  test('is removed when it is found wrong, and stays when it is only old', async () => {
    using store = await testStore();
    plant(store, text({ listedAtMs: 0 }));
    expect(await read(store)).toBeUndefined();
    expect(existsSync(placeOf(store, ONE))).toBe(true);
    plant(store, text({ version: 2 }));
    expect(await read(store)).toBeUndefined();
    expect(existsSync(placeOf(store, ONE))).toBe(false);
  });

  test('with 10 million entries is a miss that is not even read', async () => {
    using store = await testStore();
    const entry = `"${ONE.digest}",`;
    plant(store, text({}).replace('"blobs":[', `"blobs":[${entry}`));
    // The rest of the list, as zeros that cost no disk.
    truncateSync(placeOf(store, ONE), 10_000_000 * entry.length);
    const start = performance.now();
    expect(await read(store)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(500);
    await store.proofs.prune();
    expect(existsSync(placeOf(store, ONE))).toBe(false);
  });

  test('as long as a record may be costs little', async () => {
    using store = await testStore();
    const entry = `"${ONE.digest}",`;
    plant(store, text({}).replace('"blobs":[', `"blobs":[${entry.repeat(55_000)}`));
    expect(statSync(placeOf(store, ONE)).size).toBeGreaterThan(4_000_000);
    const start = performance.now();
    expect(await read(store)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test.each(Object.keys(DAMAGE))('(%s) is replaced by a good one, unread', async (name) => {
    using store = await testStore();
    const outside = outsideWorld(store.temp);
    for (const each of [ONE, OTHER]) await store.proofs.write(each);
    DAMAGE[name]?.(placeOf(store, ONE), {
      secret: join(outside.path, 'secret'),
      outside: outside.path,
      other: placeOf(store, OTHER),
      dice: new Dice(4),
    });
    const before = outside.look();
    expect(await store.proofs.write(ONE)).toBe(true);
    expect(await read(store)).toEqual(ONE);
    expect(outside.look()).toBe(before);
    expect(store.warnings).toEqual([]);
  });

  test.each(Object.keys(DAMAGE))('and a file that became %s is a miss', async (name) => {
    using store = await testStore();
    const outside = outsideWorld(store.temp);
    await store.proofs.write(ONE);
    await store.proofs.write(OTHER);
    DAMAGE[name]?.(placeOf(store, ONE), {
      secret: join(outside.path, 'secret'),
      outside: outside.path,
      other: placeOf(store, OTHER),
      dice: new Dice(3),
    });
    expect(await read(store)).toBeUndefined();
    expect(await store.proofs.write(ONE)).toBe(true);
    expect(await read(store)).toEqual(ONE);
    expect(readFileSync(join(outside.path, 'secret'), 'utf8')).toBe('the secret of somebody else');
    expect(store.warnings).toEqual([]);
  });
});
