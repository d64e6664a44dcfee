import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Fetch } from '../../src/store/transfer.ts';
import { DAMAGE } from './support/damage.ts';
import { collect, PIECE, piecesOf, Source, SteppedSource } from './support/sources.ts';
import { content, Dice, outsideWorld, type TestStore, testStore } from './support/stores.ts';

const LAYER = content('layer', 20 * PIECE);
const { digest, bytes } = LAYER;
const size = bytes.length;
const never = () => {
  throw new Error('a second transfer');
};
const leftovers = (store: TestStore) => readdirSync(join(store.root, 'v1/tmp'));

describe('a stream through the store', () => {
  test('brings the content once, and from the file from then on', async () => {
    using store = await testStore();
    const source = new Source(LAYER);
    expect(await collect(store.blobs.stream(digest, size, source.fetch))).toEqual(bytes);
    expect(readFileSync(store.place(digest))).toEqual(bytes);
    expect(await collect(store.blobs.stream(digest, size, never))).toEqual(bytes);
    expect(source.transfers).toBe(1);
    expect(leftovers(store)).toEqual([]);
    expect([...store.blobs.used]).toEqual([digest]);
    expect(statSync(store.place(digest)).mode & 0o777).toBe(0o600);
  });

  test.each([0, 1, PIECE, 3 * 256 * 1024 + 1])('content of %i bytes comes whole', async (length) => {
    using store = await testStore();
    const some = content('some', length);
    const source = new Source(some);
    const read = () => collect(store.blobs.stream(some.digest, length, source.fetch));
    expect((await read()).equals(some.bytes)).toBe(true);
    expect((await read()).equals(some.bytes)).toBe(true);
    expect(source.transfers).toBe(1);
  });

  test('however many ask, there is one transfer', async () => {
    using store = await testStore();
    const source = new Source(LAYER);
    const all = Array.from({ length: 64 }, () => collect(store.blobs.stream(digest, size, source.fetch)));
    for (const read of await Promise.all(all)) expect(read.equals(bytes)).toBe(true);
    expect(source.transfers).toBe(1);
  });

  test('a source that answers later, and one that uses its buffer again, are read right', async () => {
    using store = await testStore();
    const reusing = async () => {
      const buffer = Buffer.alloc(PIECE);
      return (async function* () {
        for await (const piece of piecesOf(bytes)) {
          buffer.set(piece);
          yield buffer;
        }
      })();
    };
    expect(await collect(store.blobs.stream(digest, size, reusing))).toEqual(bytes);
  });

  test('the first reader gets bytes while the file fills, and the last ones only after the check', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const stream = store.blobs.stream(digest, size, source.fetch);
    const first = stream.next();
    source.give(bytes.subarray(0, PIECE));
    source.give(bytes.subarray(PIECE, 2 * PIECE));
    let given = (await first).value?.length ?? 0;
    expect(given).toBeGreaterThan(0);
    expect(existsSync(store.place(digest))).toBe(false);
    // Every byte has come, but nobody knows yet whether more would.
    source.give(bytes.subarray(2 * PIECE));
    const rest = (async () => {
      for await (const chunk of stream) given += chunk.length;
    })();
    await untilWritten(store, size);
    expect(given).toBeLessThan(size);
    source.end();
    await rest;
    expect(given).toBe(size);
  });

  test('the others read the finished file', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const first = collect(store.blobs.stream(digest, size, source.fetch));
    const second = store.blobs.stream(digest, size, never);
    let hasBytes = false;
    const chunk = second.next().then((next) => {
      hasBytes = true;
      return next;
    });
    source.give(bytes);
    await untilWritten(store, size);
    expect(hasBytes).toBe(false);
    source.end();
    expect(await first).toEqual(bytes);
    expect(Buffer.concat([(await chunk).value ?? Buffer.alloc(0), await collect(second)])).toEqual(bytes);
  });
});

describe('wrong content', () => {
  const wrong = Buffer.from(bytes);
  wrong[size - 1] = (wrong[size - 1] ?? 0) ^ 1;

  test.each([
    ['other bytes', wrong, 'CONTENT_MISMATCH'],
    ['too few bytes', bytes.subarray(0, size - 1), 'CONTENT_TRUNCATED'],
    ['no bytes', Buffer.alloc(0), 'CONTENT_TRUNCATED'],
    ['too many bytes', Buffer.concat([bytes, Buffer.from('x')]), 'CONTENT_MISMATCH'],
  ])('%s: nobody gets the end, nothing is kept, and the next caller tries again', async (_, served, code) => {
    using store = await testStore();
    const given: number[] = [];
    const read = async () => {
      let total = 0;
      try {
        for await (const chunk of store.blobs.stream(digest, size, () => piecesOf(served)))
          total += chunk.length;
      } finally {
        given.push(total);
      }
    };
    for (const outcome of await Promise.allSettled([read(), read(), read()])) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
    }
    for (const total of given) expect(total).toBeLessThan(size);
    expect([existsSync(store.place(digest)), leftovers(store), [...store.blobs.used]]).toEqual([
      false,
      [],
      [],
    ]);
    expect(await collect(store.blobs.stream(digest, size, new Source(LAYER).fetch))).toEqual(bytes);
    expect(store.warnings).toEqual([]);
  });

  test('an endless answer ends at the size', async () => {
    using store = await testStore();
    let served = 0;
    const endless = async function* () {
      for (;;) {
        served += PIECE;
        yield Buffer.alloc(PIECE);
      }
    };
    await expect(collect(store.blobs.stream(digest, size, endless))).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
    });
    expect(served).toBeLessThanOrEqual(size + PIECE);
  });

  test.each(Object.keys(DAMAGE))('in the store (%s) is a miss', async (name) => {
    using store = await testStore();
    const outside = outsideWorld(store.temp);
    const other = content('other');
    await store.blobs.write(digest, bytes);
    await store.blobs.write(other.digest, other.bytes);
    DAMAGE[name]?.(store.place(digest), {
      secret: join(outside.path, 'secret'),
      outside: outside.path,
      other: store.place(other.digest),
      dice: new Dice(2),
    });
    const source = new Source(LAYER);
    expect(await collect(store.blobs.stream(digest, size, source.fetch))).toEqual(bytes);
    expect(source.transfers).toBe(1);
    expect(await store.blobs.read(digest, { size })).toEqual(bytes);
    expect(readFileSync(join(outside.path, 'secret'), 'utf8')).toBe('the secret of somebody else');
    expect(store.warnings).toEqual([]);
  });

  test('in the file that fills is never handed out whole', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const first = collect(store.blobs.stream(digest, size, source.fetch));
    source.give(bytes);
    await untilWritten(store, size);
    for (const name of leftovers(store)) writeFileSync(join(store.root, 'v1/tmp', name), wrong);
    source.end();
    await first.then(
      (read) => expect(read).toEqual(bytes),
      (error) => expect(error).toMatchObject({ code: 'CONTENT_MISMATCH' }),
    );
    // What got its name is found out by whoever reads it.
    expect(await collect(store.blobs.stream(digest, size, new Source(LAYER).fetch))).toEqual(bytes);
  });

  test('a file that shrinks while it fills is no end: its reader gets a transfer of its own', async () => {
    using store = await testStore();
    const large = content('large', 4_000_000);
    const stepped = new SteppedSource();
    const sources = [stepped.fetch, new Source(large).fetch];
    const fetch: Fetch = (signal) => (sources.shift() ?? never)(signal);
    const stream = store.blobs.stream(large.digest, 4_000_000, fetch);
    const first = stream.next();
    stepped.give(large.bytes);
    await untilWritten(store, 4_000_000);
    const start = (await first).value ?? Buffer.alloc(0);
    for (const name of leftovers(store)) truncateSync(join(store.root, 'v1/tmp', name), 300_000);
    stepped.end();
    const read = Buffer.concat([start, await collect(stream)]);
    expect(read.equals(large.bytes)).toBe(true);
  });

  test.each([
    ['vanishes', (path: string) => rmSync(path)],
    ['shrinks', (path: string) => truncateSync(path, 5 * 256 * 1024)],
  ])('a finished file that %s under its reader is transferred again, without a seam', async (_, harm) => {
    using store = await testStore();
    const large = content('large', 4_000_000);
    const source = new Source(large);
    await collect(store.blobs.stream(large.digest, 4_000_000, source.fetch));
    const stream = store.blobs.stream(large.digest, 4_000_000, () => piecesOf(large.bytes, 77_777));
    const start = (await stream.next()).value ?? Buffer.alloc(0);
    harm(store.place(large.digest));
    const read = Buffer.concat([start, await collect(stream)]);
    expect(read.equals(large.bytes)).toBe(true);
  });

  test('a finished file that is taken away at once costs those who wait a transfer of their own', async () => {
    using store = await testStore();
    const source = new Source(LAYER);
    let isOn = true;
    const taking = (async () => {
      while (isOn) {
        rmSync(store.place(digest), { force: true });
        await nextTurn();
      }
    })();
    for (let round = 0; round < 10; round += 1) {
      const all = Array.from({ length: 8 }, () => collect(store.blobs.stream(digest, size, source.fetch)));
      for (const read of await Promise.all(all)) expect(read.equals(bytes)).toBe(true);
    }
    isOn = false;
    await taking;
    expect(store.warnings).toEqual([]);
  });

  test('a second transfer that ends otherwise is refused', async () => {
    using store = await testStore();
    const large = content('large', 4_000_000);
    await store.blobs.write(large.digest, large.bytes);
    const other = Buffer.from(large.bytes);
    other[3_999_999] = (other[3_999_999] ?? 0) ^ 1;
    const stream = store.blobs.stream(large.digest, 4_000_000, () => piecesOf(other));
    await stream.next();
    truncateSync(store.place(large.digest), 5 * 256 * 1024);
    await expect(collect(stream)).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  test('a second transfer that ends before the first one broke off is refused', async () => {
    using store = await testStore();
    const large = content('large', 4_000_000);
    await store.blobs.write(large.digest, large.bytes);
    const stream = store.blobs.stream(large.digest, 4_000_000, () => piecesOf(large.bytes.subarray(0, 100)));
    await stream.next();
    truncateSync(store.place(large.digest), 5 * 256 * 1024);
    await expect(collect(stream)).rejects.toMatchObject({ code: 'CONTENT_TRUNCATED' });
  });
});

describe('an error in the transfer', () => {
  test('reaches every waiter as it was, is forgotten, and leaves nothing', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const cause = new Error('reset');
    const failure = new Error('the registry went away', { cause });
    const readers = Array.from({ length: 8 }, () => collect(store.blobs.stream(digest, size, source.fetch)));
    source.give(bytes.subarray(0, PIECE));
    source.fail(failure);
    for (const outcome of await Promise.allSettled(readers)) {
      expect(outcome.status === 'rejected' && outcome.reason).toBe(failure);
    }
    expect([source.transfers, leftovers(store)]).toEqual([1, []]);
    expect(await collect(store.blobs.stream(digest, size, new Source(LAYER).fetch))).toEqual(bytes);
    expect(store.warnings).toEqual([]);
  });

  test('before the first byte is one too', async () => {
    using store = await testStore();
    const refuse = () => Promise.reject(new Error('refused'));
    const throwing = () => {
      throw new Error('at once');
    };
    await expect(collect(store.blobs.stream(digest, size, refuse))).rejects.toThrow('refused');
    await expect(collect(store.blobs.stream(digest, size, throwing))).rejects.toThrow('at once');
    expect(leftovers(store)).toEqual([]);
  });
});

describe('a reader that goes away', () => {
  test('by its signal, at once, while the others get theirs', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const leaving = new AbortController();
    const first = collect(store.blobs.stream(digest, size, source.fetch, leaving.signal));
    const second = collect(store.blobs.stream(digest, size, never));
    source.give(bytes.subarray(0, PIECE));
    await untilWritten(store, PIECE);
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(source.signals[0]?.aborted).toBe(false);
    source.give(bytes.subarray(PIECE));
    source.end();
    expect(await second).toEqual(bytes);
  });

  test('by stopping in the middle, while the others get theirs', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const first = store.blobs.stream(digest, size, source.fetch);
    const start = first.next();
    const second = collect(store.blobs.stream(digest, size, never));
    source.give(bytes.subarray(0, PIECE));
    source.give(bytes.subarray(PIECE, 2 * PIECE));
    await start;
    await first.return();
    source.give(bytes.subarray(2 * PIECE));
    source.end();
    expect(await second).toEqual(bytes);
  });

  test('by never asking for more: nobody waits for it', async () => {
    using store = await testStore();
    const large = content('large', 4_000_000);
    const source = new Source(large);
    const slow = store.blobs.stream(large.digest, 4_000_000, source.fetch);
    const start = (await slow.next()).value ?? Buffer.alloc(0);
    expect((await collect(store.blobs.stream(large.digest, 4_000_000, never))).equals(large.bytes)).toBe(
      true,
    );
    // And when it comes back, its bytes are still there, even if the file is not.
    rmSync(store.place(large.digest));
    expect(Buffer.concat([start, await collect(slow)]).equals(large.bytes)).toBe(true);
    expect(source.transfers).toBe(1);
  });

  test('while the file that is there is still being hashed: at once, and without a word', async () => {
    using store = await testStore();
    const large = content('large', 20_000_000);
    await store.blobs.write(large.digest, large.bytes);
    const leaving = new AbortController();
    const read = collect(store.blobs.stream(large.digest, 20_000_000, never, leaving.signal));
    await nextTurn();
    leaving.abort(new Error('gone'));
    await expect(read).rejects.toThrow('gone');
    // Whoever comes next finds the work of the one before ended, and the file where it was.
    const all = await collect(store.blobs.stream(large.digest, 20_000_000, never));
    expect(all.equals(large.bytes)).toBe(true);
    expect(store.warnings).toEqual([]);
  });

  test('a waiter that leaves disturbs nobody', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const leaving = new AbortController();
    const first = collect(store.blobs.stream(digest, size, source.fetch));
    const second = collect(store.blobs.stream(digest, size, never, leaving.signal));
    source.give(bytes.subarray(0, PIECE));
    leaving.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    source.give(bytes.subarray(PIECE));
    source.end();
    expect(await first).toEqual(bytes);
  });

  test('when all have left, the transfer is cut, even one that does not listen, and leaves nothing', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    const leaving = new AbortController();
    const readers = [1, 2, 3].map(() =>
      collect(store.blobs.stream(digest, size, source.fetch, leaving.signal)),
    );
    source.give(bytes.subarray(0, PIECE));
    await untilWritten(store, PIECE);
    leaving.abort(new Error('gone'));
    for (const outcome of await Promise.allSettled(readers)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
    }
    expect(source.signals[0]?.aborted).toBe(true);
    await expect.poll(() => leftovers(store)).toEqual([]);
    expect(await collect(store.blobs.stream(digest, size, new Source(LAYER).fetch))).toEqual(bytes);
    expect(store.warnings).toEqual([]);
  });

  test('the only one, by stopping in the middle: the transfer is cut', async () => {
    using store = await testStore();
    const source = new SteppedSource();
    for (const count of [1, 2]) source.give(bytes.subarray((count - 1) * PIECE, count * PIECE));
    for await (const chunk of store.blobs.stream(digest, size, source.fetch)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(source.signals[0]?.aborted).toBe(true);
    await expect.poll(() => leftovers(store)).toEqual([]);
  });

  test('who comes with an aborted signal asks nobody', async () => {
    using store = await testStore();
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(collect(store.blobs.stream(digest, size, never, gone))).rejects.toThrow('gone');
  });

  test('two sizes of one digest do not share a transfer: the right one succeeds, whoever is first', async () => {
    for (const order of [0, 1]) {
      using store = await testStore();
      const source = new Source(LAYER);
      const read = (length: number) => collect(store.blobs.stream(digest, length, source.fetch));
      const sizes = order === 0 ? [size, size - 1] : [size - 1, size];
      const outcomes = await Promise.allSettled(sizes.map(read));
      expect(outcomes[order]).toMatchObject({ status: 'fulfilled' });
      expect(outcomes[1 - order]).toMatchObject({ status: 'rejected', reason: { code: 'CONTENT_MISMATCH' } });
    }
  });
});

/** Until the file that fills has `length` bytes. */
async function untilWritten(store: TestStore, length: number): Promise<void> {
  const written = () => leftovers(store).map((name) => statSync(join(store.root, 'v1/tmp', name)).size);
  await expect.poll(written, { interval: 2 }).toEqual([length]);
}
