import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/base/digest.ts';
import { isAbandoned, temporaryName } from '../../src/store/temp-files.ts';
import { FakeClock } from '../support/clock.ts';
import { content, filesBelow, HOUR_MS, MIB, openStore, outsideWorld, testStore } from './support/stores.ts';

const NONE: ReadonlySet<Digest> = new Set();
const ALL = ['a', 'b', 'c', 'd', 'e'].map((name) => content(name));
const digestsOf = (...indexes: number[]) => new Set(indexes.flatMap((index) => ALL[index]?.digest ?? []));

/** Five blobs, each last used an hour after the one before; opened again, so that this run has used none. */
async function fiveBlobs(maxBytes = MIB) {
  const clock = new FakeClock(Date.now() - 10 * HOUR_MS);
  const made = await testStore({ clock });
  for (const { digest, bytes } of ALL) {
    await made.blobs.write(digest, bytes);
    clock.advance(HOUR_MS);
  }
  const blobs = await openStore(made.root, { clock, maxBytes, warnings: made.warnings });
  const left = async () => {
    const kept = filesBelow(join(made.root, 'v1/blobs'));
    return ALL.flatMap(({ digest }, index) => (kept.includes(made.place(digest)) ? [index] : []));
  };
  return { made, blobs, clock, left, [Symbol.dispose]: () => made[Symbol.dispose]() };
}

describe('pruning', () => {
  test('removes nothing while the bound is kept', async () => {
    using five = await fiveBlobs();
    const result = await five.blobs.prune({ keep: NONE, reachable: NONE, maxBytes: 5000 });
    expect(result).toEqual({ removedFiles: 0, removedBytes: 0, keptBytes: 5000 });
    expect(await five.left()).toEqual([0, 1, 2, 3, 4]);
  });

  test('removes what was not used for the longest time, and no more than it must', async () => {
    using five = await fiveBlobs();
    const result = await five.blobs.prune({
      keep: NONE,
      reachable: digestsOf(0, 1, 2, 3, 4),
      maxBytes: 3500,
    });
    expect(result).toEqual({ removedFiles: 2, removedBytes: 2000, keptBytes: 3000 });
    expect(await five.left()).toEqual([2, 3, 4]);
  });

  test('a read is a use', async () => {
    using five = await fiveBlobs();
    const { digest } = ALL[0] as (typeof ALL)[number];
    await five.blobs.read(digest, { size: 1000 });
    const later = await openStore(five.made.root, { clock: five.clock });
    await later.prune({ keep: NONE, reachable: digestsOf(0, 1, 2, 3, 4), maxBytes: 2000 });
    expect(await five.left()).toEqual([0, 4]);
  });

  test('removes what no record reaches first', async () => {
    using five = await fiveBlobs();
    await five.blobs.prune({ keep: NONE, reachable: digestsOf(0, 1), maxBytes: 3000 });
    expect(await five.left()).toEqual([0, 1, 4]);
  });

  test('never removes what this run used, or what the caller keeps', async () => {
    using five = await fiveBlobs();
    const { digest } = ALL[1] as (typeof ALL)[number];
    await five.blobs.read(digest, { size: 1000 });
    const result = await five.blobs.prune({ keep: digestsOf(0), reachable: NONE, maxBytes: 0 });
    expect(await five.left()).toEqual([0, 1]);
    expect(result.keptBytes).toBe(2000);
  });

  test('keeps to the bound of the store when none is named', async () => {
    using five = await fiveBlobs(1000);
    await five.blobs.prune({ keep: NONE, reachable: NONE });
    expect(await five.left()).toEqual([4]);
  });

  test('a file that can never fit, or one from the future, does not push others out', async () => {
    using five = await fiveBlobs();
    const [huge, future] = [content('huge'), content('future')];
    await five.blobs.write(huge.digest, huge.bytes);
    await five.blobs.write(future.digest, future.bytes);
    truncateSync(five.made.place(huge.digest), 2 * 1024 ** 3);
    // The latest of all.
    const nowSeconds = five.clock.now() / 1000;
    utimesSync(five.made.place(huge.digest), nowSeconds, nowSeconds);
    const farOff = Date.UTC(2100) / 1000;
    utimesSync(five.made.place(future.digest), farOff, farOff);
    const next = await openStore(five.made.root, { clock: five.clock, maxBytes: 5000 });
    await next.prune({ keep: NONE, reachable: NONE });
    expect(await five.left()).toEqual([0, 1, 2, 3, 4]);
    expect(await next.stat()).toMatchObject({ blobs: 5, bytes: 5000 });
  });

  test('removes strays, and nothing behind a link', async () => {
    using five = await fiveBlobs();
    const outside = outsideWorld(five.made.temp);
    const before = outside.look();
    const top = join(five.made.root, 'v1/blobs');
    writeFileSync(join(top, 'README'), 'x');
    writeFileSync(join(top, 'sha256/note'), 'x');
    symlinkSync(outside.path, join(top, 'sha256/zz'));
    symlinkSync(outside.path, join(top, 'md5'));
    const beside = dirname(five.made.place(ALL[0]?.digest as Digest));
    writeFileSync(join(beside, 'x'.repeat(64)), 'x');
    mkdirSync(join(beside, 'directory'));
    expect(await five.blobs.verify()).toHaveLength(6);
    await five.blobs.prune({ keep: NONE, reachable: NONE, maxBytes: MIB });
    expect(filesBelow(top)).toHaveLength(5);
    expect(await five.blobs.verify()).toEqual([]);
    expect(outside.look()).toBe(before);
    expect(five.made.warnings).toEqual([]);
  });
});

describe('looking at a store', () => {
  test('counts blobs, their bytes and the oldest use', async () => {
    using empty = await testStore();
    expect(await empty.blobs.stat()).toEqual({ blobs: 0, bytes: 0, oldestUseMs: undefined });
    using five = await fiveBlobs();
    const { blobs, bytes, oldestUseMs = 0 } = await five.blobs.stat();
    expect([blobs, bytes]).toEqual([5, 5000]);
    expect(oldestUseMs).toBeCloseTo(five.clock.now() - 5 * HOUR_MS, -1);
  });

  test('names each bad blob and why, hashes no giant, and changes nothing', async () => {
    using five = await fiveBlobs();
    const place = (index: number) => five.made.place(ALL[index]?.digest as Digest);
    writeFileSync(place(0), 'other');
    writeFileSync(place(1), '');
    truncateSync(place(2), 2 * 1024 ** 3);
    const bad = await five.blobs.verify();
    expect(bad.map(({ path }) => join(five.made.root, path)).sort()).toEqual([0, 1, 2].map(place).sort());
    expect(bad.map(({ why }) => why).join()).toMatch(/its content is sha256:.*/);
    expect(bad.find(({ path }) => place(2).endsWith(path))?.why).toMatch(/more than the whole cache/);
    expect(await five.left()).toEqual([0, 1, 2, 3, 4]);
  });

  test('can be left', async () => {
    using five = await fiveBlobs();
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(five.blobs.verify(gone)).rejects.toThrow('gone');
    expect(five.made.warnings).toEqual([]);
  });
});

describe('a file that is still being written', () => {
  const now = Date.now();

  test('belongs to its writer while that lives and writes', () => {
    expect(isAbandoned(temporaryName(), now, now)).toBe(false);
    expect(isAbandoned(temporaryName(), now - HOUR_MS / 2, now)).toBe(false);
  });

  test('goes with its process, where process ids say something', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const [, here] = temporaryName().split('-');
    expect(isAbandoned(`${pid}-${here}-0123456789abcdef`, now, now)).toBe(true);
    expect(isAbandoned(`${pid}-00000000-0123456789abcdef`, now, now)).toBe(false);
  });

  test('goes with age, whoever has the process id by now', () => {
    expect(isAbandoned(temporaryName(), now - HOUR_MS - 1, now)).toBe(true);
    expect(isAbandoned(temporaryName(), now + HOUR_MS + 1, now)).toBe(true);
    expect(isAbandoned('a stranger', now - HOUR_MS - 1, now)).toBe(true);
    expect(isAbandoned('a stranger', now, now)).toBe(false);
  });

  test('is cleared at the next opening and pruning, whatever it is', async () => {
    using store = await testStore();
    const outside = outsideWorld(store.temp);
    const before = outside.look();
    const tmp = join(store.root, 'v1/tmp');
    const plant = () => {
      writeFileSync(join(tmp, 'old'), 'x');
      mkdirSync(join(tmp, 'directory/deep'), { recursive: true });
      symlinkSync(outside.path, join(tmp, 'directory/link'));
      for (const name of ['old', 'directory']) utimesSync(join(tmp, name), 1000, 1000);
      writeFileSync(join(tmp, 'young'), 'x');
    };
    plant();
    await openStore(store.root);
    expect(readdirSync(tmp)).toEqual(['young']);
    plant();
    await store.blobs.prune({ keep: NONE, reachable: NONE });
    expect(readdirSync(tmp)).toEqual(['young']);
    expect(outside.look()).toBe(before);
  });
});
