import { execFile } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { digestOf } from '../../src/base/digest.ts';
import { BlobStore } from '../../src/store/blob-store.ts';
import { FakeClock } from '../support/clock.ts';
import { tempDirectory } from '../support/temp.ts';
import { DAMAGE } from './support/damage.ts';
import {
  content,
  Dice,
  filesBelow,
  HOUR_MS,
  MIB,
  openStore,
  outsideWorld,
  testStore,
} from './support/stores.ts';

const ONE = content('one');
const OTHER = content('other');

describe('a blob store', () => {
  test('gives back what it was given, from the next process too', async () => {
    using store = await testStore();
    expect(await store.blobs.write(ONE.digest, ONE.bytes)).toBe(true);
    expect(await store.blobs.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
    const next = await openStore(store.root);
    expect(await next.read(ONE.digest, { maxBytes: 1000 })).toEqual(ONE.bytes);
    expect(store.warnings).toEqual([]);
  });

  test('keeps content of either algorithm, and of no bytes', async () => {
    using store = await testStore();
    for (const bytes of [ONE.bytes, Buffer.alloc(0)]) {
      const digest = digestOf(bytes, 'sha512');
      expect(await store.blobs.write(digest, bytes)).toBe(true);
      expect(await store.blobs.read(digest, { size: bytes.length })).toEqual(bytes);
    }
  });

  test('what is not there is a miss, without a word', async () => {
    using store = await testStore();
    expect(await store.blobs.read(ONE.digest, { size: 1000 })).toBeUndefined();
    expect(store.warnings).toEqual([]);
  });

  test('removing what is not there is nothing to speak of', async () => {
    using store = await testStore();
    await store.blobs.directory.remove(store.place(ONE.digest));
    await store.blobs.write(OTHER.digest, OTHER.bytes);
    await store.blobs.directory.remove(`${store.place(OTHER.digest)}0`);
    expect(store.warnings).toEqual([]);
  });

  test('refuses bytes that are not those of the digest', async () => {
    using store = await testStore();
    await expect(store.blobs.write(ONE.digest, OTHER.bytes)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(filesBelow(store.root)).toEqual([]);
  });

  test('content larger than the caller takes is a miss, and stays', async () => {
    using store = await testStore();
    await store.blobs.write(ONE.digest, ONE.bytes);
    expect(await store.blobs.read(ONE.digest, { maxBytes: 999 })).toBeUndefined();
    expect(await store.blobs.read(ONE.digest, { maxBytes: 1000 })).toEqual(ONE.bytes);
  });

  test('directories and files are for their owner only', async () => {
    using store = await testStore();
    await store.blobs.write(ONE.digest, ONE.bytes);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect(mode(store.place(ONE.digest))).toBe(0o600);
    for (let path = dirname(store.place(ONE.digest)); path.startsWith(store.root); path = dirname(path)) {
      expect([path, mode(path)]).toEqual([path, 0o700]);
    }
  });

  test('a good file that is there is left, a bad one of the same size is replaced', async () => {
    using store = await testStore();
    await store.blobs.write(ONE.digest, ONE.bytes);
    const { ino } = statSync(store.place(ONE.digest));
    await store.blobs.write(ONE.digest, ONE.bytes);
    expect(statSync(store.place(ONE.digest)).ino).toBe(ino);
    writeFileSync(store.place(ONE.digest), OTHER.bytes);
    expect(await store.blobs.write(ONE.digest, ONE.bytes)).toBe(true);
    expect(readFileSync(store.place(ONE.digest))).toEqual(ONE.bytes);
  });

  test('knows what this run used, and not what it missed', async () => {
    using store = await testStore();
    await store.blobs.write(ONE.digest, ONE.bytes);
    await store.blobs.read(OTHER.digest, { size: 1000 });
    expect([...store.blobs.used]).toEqual([ONE.digest]);
  });

  test('notes a use in the time of the file, but not each time', async () => {
    const clock = new FakeClock(Date.now());
    using store = await testStore({ clock });
    await store.blobs.write(ONE.digest, ONE.bytes);
    const written = statSync(store.place(ONE.digest)).mtimeMs;
    clock.advance(HOUR_MS / 2);
    await store.blobs.read(ONE.digest, { size: 1000 });
    expect(statSync(store.place(ONE.digest)).mtimeMs).toBe(written);
    clock.advance(HOUR_MS);
    await store.blobs.read(ONE.digest, { size: 1000 });
    expect(statSync(store.place(ONE.digest)).mtimeMs).toBeCloseTo(clock.now(), -1);
  });
});

describe('a damaged store', () => {
  test.each(Object.keys(DAMAGE))(
    '%s is a miss, is replaced, and nothing outside is touched',
    async (name) => {
      using store = await testStore();
      const outside = outsideWorld(store.temp);
      for (const { digest, bytes } of [ONE, OTHER]) await store.blobs.write(digest, bytes);
      const scene = {
        secret: join(outside.path, 'secret'),
        outside: outside.path,
        other: store.place(OTHER.digest),
        dice: new Dice(1),
      };
      DAMAGE[name]?.(store.place(ONE.digest), scene);
      const before = outside.look();
      const fresh = await openStore(store.root, { warnings: store.warnings });
      expect(await fresh.read(ONE.digest, { size: 1000 })).toBeUndefined();
      expect(outside.look()).toBe(before);
      expect(await fresh.write(ONE.digest, ONE.bytes)).toBe(true);
      expect(lstatSync(store.place(ONE.digest)).isFile()).toBe(true);
      expect(await fresh.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
      expect(readFileSync(scene.secret, 'utf8')).toBe('the secret of somebody else');
      expect(outside.look()).toBe(before);
      expect(store.warnings).toEqual([]);
    },
  );

  test('a huge file in the place of a small one costs no reading, and goes', async () => {
    using store = await testStore();
    await store.blobs.write(ONE.digest, ONE.bytes);
    DAMAGE['a 2 GB sparse file']?.(store.place(ONE.digest), {} as never);
    const start = performance.now();
    expect(await store.blobs.read(ONE.digest, { size: 1000 })).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(500);
    expect(existsSync(store.place(ONE.digest))).toBe(false);
  });

  test('good bytes with a second name outside are read, and the file outside keeps its time', async () => {
    const clock = new FakeClock(Date.now() + 10 * HOUR_MS);
    using store = await testStore({ clock });
    await store.blobs.write(ONE.digest, ONE.bytes);
    const file = store.temp.write('mine', ONE.bytes);
    utimesSync(file, 1000, 1000);
    DAMAGE['a second name of a file outside']?.(store.place(ONE.digest), { secret: file } as never);
    expect(await store.blobs.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
    expect(statSync(file).mtimeMs).toBe(1_000_000);
  });

  test.each(['v1', 'v1/blobs', 'v1/blobs/sha256', 'v1/tmp'])(
    'a link in the place of %s is not followed',
    async (name) => {
      using store = await testStore();
      const outside = outsideWorld(store.temp);
      await store.blobs.write(ONE.digest, ONE.bytes);
      DAMAGE['a link in the place of its directory']?.(join(store.root, name, 'x'), {
        outside: outside.path,
      } as never);
      const before = outside.look();
      const upkeep = () => store.blobs.prune({ keep: new Set(), reachable: new Set(), maxBytes: 0 });
      await upkeep();
      expect(await store.blobs.read(ONE.digest, { size: 1000 })).toEqual(
        name === 'v1/tmp' ? ONE.bytes : undefined,
      );
      expect(await store.blobs.write(OTHER.digest, OTHER.bytes)).toBe(true);
      expect(await store.blobs.read(OTHER.digest, { size: 1000 })).toEqual(OTHER.bytes);
      await upkeep();
      expect(outside.look()).toBe(before);
      expect(store.warnings).toEqual([]);
    },
  );
});

describe('opening a store', () => {
  const open = (root: string, warnings: string[]) =>
    BlobStore.open(root, { clock: systemClock, maxBytes: MIB, warn: (message) => warnings.push(message) });

  test('makes what is missing', async () => {
    using temp = tempDirectory();
    const warnings: string[] = [];
    expect(await open(join(temp.path, 'a/b/c'), warnings)).toBeInstanceOf(BlobStore);
    expect(warnings).toEqual([]);
  });

  test('follows a link that the user names', async () => {
    using temp = tempDirectory();
    mkdirSync(join(temp.path, 'real'));
    symlinkSync(join(temp.path, 'real'), join(temp.path, 'link'));
    const store = await open(join(temp.path, 'link'), []);
    expect(await store?.write(ONE.digest, ONE.bytes)).toBe(true);
    expect(await store?.read(ONE.digest, { size: 1000 })).toEqual(ONE.bytes);
    expect(filesBelow(join(temp.path, 'real'))).toHaveLength(1);
  });

  test('a file, a link to nothing or a way through a file is no store: one warning with the cause', async () => {
    using temp = tempDirectory();
    temp.write('file', 'x');
    symlinkSync(join(temp.path, 'nowhere/at/all'), join(temp.path, 'dangling'));
    for (const root of ['file', 'file/below', 'dangling']) {
      const warnings: string[] = [];
      expect(await open(join(temp.path, root), warnings)).toBeUndefined();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/cannot open the proof cache at .*: E[A-Z]+: /);
    }
    expect(readFileSync(join(temp.path, 'file'), 'utf8')).toBe('x');
  });

  test('an older or newer format beside it is left alone', async () => {
    using store = await testStore();
    mkdirSync(join(store.root, 'v2'));
    writeFileSync(join(store.root, 'v2/thing'), 'x');
    await store.blobs.prune({ keep: new Set(), reachable: new Set(), maxBytes: 0 });
    expect(existsSync(join(store.root, 'v2/thing'))).toBe(true);
  });
});

describe('64 readers and writers of one blob in one process', () => {
  test('get the true bytes or a miss, and leave one file', async () => {
    using store = await testStore();
    const large = content('large', 200_000);
    const readers = Array.from({ length: 64 }, () => store.blobs.read(large.digest, { size: 200_000 }));
    const writers = Array.from({ length: 64 }, () => store.blobs.write(large.digest, large.bytes));
    expect(await Promise.all(writers)).toEqual(Array(64).fill(true));
    for (const bytes of await Promise.all(readers)) {
      if (bytes !== undefined) expect(bytes.equals(large.bytes)).toBe(true);
    }
    expect(filesBelow(store.root)).toEqual([store.place(large.digest)]);
    const again = await Promise.all(
      Array.from({ length: 64 }, () => store.blobs.read(large.digest, { size: 200_000 })),
    );
    expect(again.every((bytes) => bytes?.equals(large.bytes))).toBe(true);
    expect(store.warnings).toEqual([]);
  });

  test('several stores on one directory, as of several processes, do not disturb each other', async () => {
    using store = await testStore();
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(store.root, store)));
    const all = Array.from({ length: 20 }, (_, index) => content(`blob ${index}`));
    await Promise.all(stores.flatMap((each) => all.map(({ digest, bytes }) => each.write(digest, bytes))));
    const read = await Promise.all(
      stores.flatMap((each) => all.map(({ digest }) => each.read(digest, { size: 1000 }))),
    );
    expect(read).toEqual(stores.flatMap(() => all.map(({ bytes }) => bytes)));
    expect(filesBelow(store.root)).toHaveLength(20);
  });

  test('thousands of reads and writes at once do not run out of files', async () => {
    using store = await testStore();
    const program = join(import.meta.dirname, 'support/crowd.ts');
    const limited = ['-c', 'ulimit -n 96 && exec "$0" "$@"', process.execPath, program, store.root];
    const { stdout } = await promisify(execFile)('sh', limited);
    expect(JSON.parse(stdout)).toEqual({ kept: 1000, read: 3000, warnings: [] });
  });
});
