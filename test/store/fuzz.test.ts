import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalJson, fingerprint } from '../../src/base/fingerprint.ts';
import { toRecordKey } from '../../src/store/proof-record.ts';
import { DAMAGE, type Damage, type Scene } from './support/damage.ts';
import { collect, piecesOf } from './support/sources.ts';
import {
  content,
  Dice,
  filesBelow,
  HOUR_MS,
  outsideWorld,
  record,
  type TestStore,
  testStore,
} from './support/stores.ts';

const SEED = 20_260_101;
const MUTATIONS = 2_500;
/** No single piece of work takes longer, on the slowest machine. */
const BOUND_MS = 5_000;

const BLOBS = Array.from({ length: 12 }, (_, index) => content(`fuzzed ${index}`, 1 + index * 700));
const RECORDS = Array.from({ length: 12 }, (_, index) => record(`recorded ${index}`));
const FRESH = { nowMs: (RECORDS[0]?.listedAtMs ?? 0) + HOUR_MS, maxAgeMs: 24 * HOUR_MS };

/** Harm that needs no true file to begin with. */
const PLANTS: Readonly<Record<string, Damage>> = {
  'a piece overwritten': (path, { dice }) => {
    const bytes = readFileSync(path);
    const at = dice.roll(bytes.length);
    for (let i = at; i < Math.min(bytes.length, at + 1 + dice.roll(64)); i += 1) bytes[i] = dice.roll(256);
    writeFileSync(path, bytes);
  },
  // Sealed, but about a subject whose place is elsewhere; or of this one, and changed after it was sealed.
  'a record of something else': (path, { dice }) => {
    const body = { ...dice.pick(RECORDS), version: 1 };
    const checksum = fingerprint(body as never);
    const changed = { ...body, [dice.pick(['scope', '__proto__', 'x'])]: 'y' };
    const isOther = !path.includes(toRecordKey(body));
    writeFileSync(path, canonicalJson({ ...(isOther ? body : changed), checksum } as never));
  },
  noise: (path, { dice }) =>
    writeFileSync(path, Buffer.from(Array.from({ length: dice.roll(2000) }, () => dice.roll(256)))),
  'strays beside it': (path, { dice, secret }) => {
    const stray = join(dirname(path), `stray-${dice.roll(1000)}`);
    if (!existsSync(stray)) symlinkSync(secret, stray);
  },
  'links for the whole tree': (path, { outside, dice }) => {
    const version = path.slice(0, path.indexOf('/v1/') + 3);
    const top = dice.pick([version, join(version, 'tmp'), join(version, 'blobs'), join(version, 'proofs')]);
    rmSync(top, { recursive: true, force: true });
    dice.pick([() => symlinkSync(outside, top), () => writeFileSync(top, 'x'), () => mkdirSync(top)])();
  },
};
const ALL = Object.entries({ ...DAMAGE, ...PLANTS });

test(`${MUTATIONS} mutations at random: true bytes or a miss, no wait, no step outside`, async () => {
  using store = await testStore();
  const dice = new Dice(SEED);
  const outside = outsideWorld(store.temp);
  let before = outside.look();
  const seen = { hits: 0, misses: 0 };
  for (let round = 0; round < MUTATIONS; round += 1) {
    const target = dice.roll(24);
    await within(`round ${round}, preparing`, () => repair(store, target));
    const other = (target + 1 + dice.roll(23)) % 24;
    await within(`round ${round}, preparing`, () => repair(store, other));
    const [name, harm] = dice.pick(ALL);
    const scene: Scene = {
      secret: join(outside.path, 'secret'),
      outside: outside.path,
      other: placeOf(store, other),
      dice,
    };
    harm(placeOf(store, target), scene);
    // A trap is laid outside.
    if (name.includes('of that name')) before = outside.look();
    for (const index of [target, other, dice.roll(24)]) {
      const isHit = await within(`round ${round}, ${name}, reading ${index}`, () =>
        check(store, index, dice),
      );
      seen[isHit ? 'hits' : 'misses'] += 1;
    }
    if (round % 100 === 99) {
      await within(`round ${round}, upkeep`, () => upkeep(store));
      expect(outside.look()).toBe(before);
    }
  }
  expect(outside.look()).toBe(before);
  expect(store.warnings).toEqual([]);
  // Both happen, or the fuzzer has tested nothing.
  expect(seen.hits).toBeGreaterThan(1000);
  expect(seen.misses).toBeGreaterThan(1000);
  for (let index = 0; index < 24; index += 1) {
    await repair(store, index);
    expect(await check(store, index, new Dice(0))).toBe(true);
  }
  await upkeep(store);
  expect(await store.blobs.verify()).toEqual([]);
  expect(await store.proofs.verify()).toEqual([]);
  expect(filesBelow(join(store.root, 'v1/blobs'))).toHaveLength(12);
}, 120_000);

function placeOf(store: TestStore, index: number): string {
  const blob = BLOBS[index];
  if (blob !== undefined) return store.place(blob.digest);
  return store.blobs.directory.paths.proof(toRecordKey(recordAt(index)));
}

const recordAt = (index: number) => RECORDS[index - 12] as (typeof RECORDS)[number];

async function repair(store: TestStore, index: number): Promise<void> {
  const blob = BLOBS[index];
  const isKept = blob
    ? await store.blobs.write(blob.digest, blob.bytes)
    : await store.proofs.write(recordAt(index));
  expect(isKept).toBe(true);
  expect(statSync(placeOf(store, index)).isFile()).toBe(true);
}

/** True for a hit, false for a miss, and an error for everything else. */
async function check(store: TestStore, index: number, dice: Dice): Promise<boolean> {
  const blob = BLOBS[index];
  if (blob === undefined) {
    const truth = recordAt(index);
    const found = await store.proofs.read(truth.repository, truth.digest, FRESH);
    if (found !== undefined) expect(found).toStrictEqual(truth);
    return found !== undefined;
  }
  const { digest, bytes } = blob;
  if (dice.roll(4) === 0) {
    let isHit = true;
    const fetch = () => {
      isHit = false;
      return piecesOf(bytes, 512);
    };
    expect((await collect(store.blobs.stream(digest, bytes.length, fetch))).equals(bytes)).toBe(true);
    return isHit;
  }
  const expected = dice.pick([{ size: bytes.length }, { maxBytes: 100_000 }]);
  const found = await store.blobs.read(digest, expected);
  if (found !== undefined) expect(found.equals(bytes)).toBe(true);
  return found !== undefined;
}

/** Everything else that a command does with a store. */
async function upkeep(store: TestStore): Promise<void> {
  await store.blobs.stat();
  await store.blobs.verify();
  await store.proofs.verify();
  for await (const each of store.proofs.all()) {
    expect(RECORDS.map(({ digest }) => digest)).toContain(each.digest);
  }
  await store.blobs.prune({ keep: new Set(), reachable: new Set() });
  await store.proofs.prune();
}

async function within<T>(what: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end after ${BOUND_MS} ms`)), BOUND_MS);
  });
  try {
    return await Promise.race([work(), bound]);
  } finally {
    clearTimeout(timer);
  }
}
