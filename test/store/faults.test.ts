import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { BlobStore } from '../../src/store/blob-store.ts';
import { ProofIndex } from '../../src/store/proof-index.ts';
import { tempDirectory } from '../support/temp.ts';
import { fillUp, secondPath, smallDisk, turnReadOnly } from './support/mounts.ts';
import { collect, piecesOf, Source, SteppedSource } from './support/sources.ts';
import { content, filesBelow, MIB, openStore, record } from './support/stores.ts';

const ONE = content('one');
const LARGE = content('large', MIB);
const PROOF = record('one');
const FRESH = { nowMs: PROOF.listedAtMs + 1, maxAgeMs: 1000 };

describe('a directory that becomes read-only', () => {
  test('still gives what it has, and one warning with the cause for what it cannot take', async () => {
    using temp = tempDirectory();
    const cache = join(temp.path, 'cache');
    await (await openStore(cache)).write(ONE.digest, ONE.bytes);
    using second = secondPath(cache, join(temp.path, 'second'));
    const warnings: string[] = [];
    const store = await openStore(second.path, { warnings });
    const proofs = new ProofIndex(store.directory);
    turnReadOnly(second);
    expect(await store.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
    for (const name of ['a', 'b', 'c']) {
      const { digest, bytes } = content(name);
      expect(await store.write(digest, bytes)).toBe(false);
      expect(await store.read(digest, { size: 1000 })).toBeUndefined();
    }
    expect(await proofs.write(PROOF)).toBe(false);
    expect(await proofs.read(PROOF.repository, PROOF.digest, FRESH)).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/^cannot write the proof cache at .*second, going on without: EROFS: /),
    ]);
  });

  test('a stream goes on without it, and one that is there already comes from it', async () => {
    using temp = tempDirectory();
    const cache = join(temp.path, 'cache');
    await (await openStore(cache)).write(ONE.digest, ONE.bytes);
    using second = secondPath(cache, join(temp.path, 'second'));
    const warnings: string[] = [];
    const store = await openStore(second.path, { warnings });
    turnReadOnly(second);
    const source = new Source(LARGE);
    const read = () => collect(store.stream(LARGE.digest, MIB, source.fetch));
    for (const bytes of await Promise.all([read(), read()])) expect(bytes.equals(LARGE.bytes)).toBe(true);
    expect(source.transfers).toBe(2);
    const none = () => Promise.reject(new Error('not asked for'));
    expect(await collect(store.stream(ONE.digest, 1000, none))).toEqual(ONE.bytes);
    expect(warnings).toHaveLength(1);
  });

  test('what is wrong in it is a miss, though it cannot be removed', async () => {
    using temp = tempDirectory();
    const cache = join(temp.path, 'cache');
    const first = await openStore(cache);
    await first.write(ONE.digest, ONE.bytes);
    temp.write(`cache/${first.directory.paths.shown(first.directory.paths.blob(ONE.digest))}`, 'other');
    using second = secondPath(cache, join(temp.path, 'second'));
    const warnings: string[] = [];
    const store = await openStore(second.path, { warnings });
    turnReadOnly(second);
    for (let again = 0; again < 3; again += 1) {
      expect(await store.read(ONE.digest, { size: 1000 })).toBeUndefined();
    }
    expect(warnings).toEqual([expect.stringMatching(/cannot remove from .* EROFS: /)]);
  });

  test('from the start is no store: one warning with the cause', async () => {
    using temp = tempDirectory();
    mkdirSync(join(temp.path, 'cache'));
    using second = secondPath(join(temp.path, 'cache'), join(temp.path, 'second'));
    turnReadOnly(second);
    const warnings: string[] = [];
    for (const root of [second.path, join(second.path, 'below')]) {
      const options = { clock: systemClock, maxBytes: MIB, warn: (text: string) => warnings.push(text) };
      expect(await BlobStore.open(root, options)).toBeUndefined();
    }
    expect(warnings).toEqual(Array(2).fill(expect.stringMatching(/cannot open .* EROFS: /)));
  });

  test('from the start is no store either when there is one in it', async () => {
    using temp = tempDirectory();
    await openStore(join(temp.path, 'cache'));
    using second = secondPath(join(temp.path, 'cache'), join(temp.path, 'second'));
    turnReadOnly(second);
    const warnings: string[] = [];
    const options = { clock: systemClock, maxBytes: MIB, warn: (text: string) => warnings.push(text) };
    expect(await BlobStore.open(second.path, options)).toBeUndefined();
    expect(warnings).toHaveLength(1);
  });
});

describe('a directory that the account may not use', () => {
  test('is no store, and a blob that it may not read is a miss: each one warning with the cause', async () => {
    using temp = tempDirectory();
    const cache = join(temp.path, 'cache');
    const store = await openStore(cache);
    await store.write(ONE.digest, ONE.bytes);
    const lines = asNobody(cache, ONE.digest);
    expect(lines).toEqual({ isOpen: false, warnings: [expect.stringMatching(/cannot open .* EACCES: /)] });
    // Open to all but for the one file.
    for (const path of [temp.path, cache]) chmodSync(path, 0o777);
    execFileSync('chmod', ['-R', 'a+rwX', cache]);
    chmodSync(store.directory.paths.blob(ONE.digest), 0o600);
    expect(asNobody(cache, ONE.digest)).toEqual({
      isOpen: true,
      read: 'missing',
      warnings: [expect.stringMatching(/cannot read .* EACCES: /)],
    });
  });
});

describe('a disk that is full', () => {
  test('takes nothing more, gives what it has, and takes again when there is room', async () => {
    using temp = tempDirectory();
    using disk = smallDisk(join(temp.path, 'disk'), MIB);
    const warnings: string[] = [];
    const store = await openStore(disk.path, { warnings });
    const proofs = new ProofIndex(store.directory);
    await store.write(ONE.digest, ONE.bytes);
    const filler = fillUp(disk);
    for (const name of ['a', 'b', 'c']) {
      const { digest, bytes } = content(name, 5000);
      expect(await store.write(digest, bytes)).toBe(false);
      expect(await store.read(digest, { size: 5000 })).toBeUndefined();
    }
    expect(await proofs.write(PROOF)).toBe(false);
    expect(await store.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
    expect(warnings).toEqual([expect.stringMatching(/cannot write .* ENOSPC: /)]);
    filler.empty();
    expect(filesBelow(disk.path)).toHaveLength(1);
    const again = content('a', 5000);
    expect(await store.write(again.digest, again.bytes)).toBe(true);
    expect(await proofs.write(PROOF)).toBe(true);
  });

  test('in the middle of a stream: every reader gets the true bytes, after one warning', async () => {
    using temp = tempDirectory();
    using disk = smallDisk(join(temp.path, 'disk'), MIB / 2);
    const warnings: string[] = [];
    const store = await openStore(disk.path, { warnings });
    let transfers = 0;
    const fetch = () => {
      transfers += 1;
      return piecesOf(LARGE.bytes, 50_000);
    };
    const read = () => collect(store.stream(LARGE.digest, MIB, fetch));
    for (const bytes of await Promise.all([read(), read(), read()])) {
      expect(bytes.equals(LARGE.bytes)).toBe(true);
    }
    // The shared one that broke off, and then one for each.
    expect(transfers).toBe(4);
    expect(warnings).toEqual([expect.stringMatching(/cannot write .* ENOSPC: /)]);
    expect(filesBelow(disk.path)).toEqual([]);
  });

  test('wrong content is wrong without the store too', async () => {
    using temp = tempDirectory();
    using disk = smallDisk(join(temp.path, 'disk'), MIB / 2);
    const store = await openStore(disk.path);
    const wrong = Buffer.from(LARGE.bytes);
    wrong[MIB - 1] = 1;
    const read = collect(store.stream(LARGE.digest, MIB, () => piecesOf(wrong, 50_000)));
    await expect(read).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  test('at the very end of a stream costs no second transfer', async () => {
    using temp = tempDirectory();
    const warnings: string[] = [];
    const store = await openStore(join(temp.path, 'cache'), { warnings });
    // What is mounted can neither be replaced nor removed.
    mkdirSync(join(temp.path, 'other'));
    using _ = secondPath(join(temp.path, 'other'), store.directory.paths.blob(LARGE.digest));
    const source = new Source(LARGE);
    expect((await collect(store.stream(LARGE.digest, MIB, source.fetch))).equals(LARGE.bytes)).toBe(true);
    expect(source.transfers).toBe(1);
    expect(warnings).toContainEqual(expect.stringMatching(/cannot write .* EISDIR: /));
    expect(filesBelow(temp.path)).toEqual([]);
  });

  test('an endless answer ends at the size without the store too', async () => {
    using temp = tempDirectory();
    using disk = smallDisk(join(temp.path, 'disk'), MIB / 2);
    const store = await openStore(disk.path);
    let served = 0;
    const endless = async function* () {
      while (served < 100 * MIB) {
        served += 50_000;
        yield LARGE.bytes.subarray(0, 50_000);
      }
    };
    const read = collect(store.stream(LARGE.digest, MIB, endless));
    await expect(read).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(served).toBeLessThan(3 * MIB);
  });

  test('a reader of a transfer without the store can leave at once', async () => {
    using temp = tempDirectory();
    using disk = smallDisk(join(temp.path, 'disk'), MIB / 2);
    const store = await openStore(disk.path);
    fillUp(disk);
    const leaving = new AbortController();
    const source = new SteppedSource();
    const read = collect(store.stream(LARGE.digest, MIB, source.fetch, leaving.signal));
    await expect.poll(() => source.transfers, { interval: 2 }).toBe(1);
    leaving.abort(new Error('gone'));
    await expect(read).rejects.toThrow('gone');
  });
});

/** What another account sees of the store. Root is bound by no permission; others are themselves. */
function asNobody(cache: string, digest: string): unknown {
  const store = join(import.meta.dirname, '../../src/store/blob-store.ts');
  const source = `
    const { BlobStore } = await import(${JSON.stringify(store)});
    if (process.getuid() === 0) process.setuid(65534);
    const warnings = [];
    const clock = { now: () => Date.now(), sleep: async () => {} };
    const store = await BlobStore.open(${JSON.stringify(cache)}, { clock, maxBytes: 1e6, warn: (text) => warnings.push(text) });
    const bytes = await store?.read(${JSON.stringify(digest)}, { size: 1000 });
    await store?.read(${JSON.stringify(digest)}, { size: 1000 });
    const read = store && (bytes === undefined ? 'missing' : 'there');
    console.log(JSON.stringify({ isOpen: store !== undefined, read, warnings }));
  `;
  const answer = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', source], {
    encoding: 'utf8',
  });
  return JSON.parse(answer);
}
