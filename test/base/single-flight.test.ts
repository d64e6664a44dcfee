import { expect, test } from 'vitest';
import { Memo, SingleFlight } from '../../src/base/single-flight.ts';

function deferred<T>() {
  let resolve = (_: T) => {};
  let reject = (_: Error) => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve: (value: T) => resolve(value), reject: (error: Error) => reject(error) };
}

test('callers of one key share one piece of work, callers of another do not', async () => {
  const flights = new SingleFlight<number>();
  let runs = 0;
  const work = async () => ++runs;
  expect(await Promise.all([flights.run('a', work), flights.run('a', work), flights.run('b', work)])).toEqual(
    [1, 1, 2],
  );
});

test('a success is forgotten: the next caller asks anew', async () => {
  const flights = new SingleFlight<number>();
  let runs = 0;
  await flights.run('a', async () => ++runs);
  expect(flights.isFlying('a')).toBe(false);
  expect(await flights.run('a', async () => ++runs)).toBe(2);
});

test('a failure reaches all who wait, and who tries again from within gets a new flight', async () => {
  const flights = new SingleFlight<string>();
  const first = deferred<string>();
  const retry = () => flights.run('a', async () => 'second try');
  const callers = [1, 2].map(() => flights.run('a', () => first.promise).catch(retry));
  first.reject(new Error('no'));
  expect(await Promise.all(callers)).toEqual(['second try', 'second try']);
});

test('work that throws before its first await rejects like any other', async () => {
  const flights = new SingleFlight<string>();
  const run = flights.run('a', () => {
    throw new Error('at once');
  });
  await expect(run).rejects.toThrow('at once');
  expect(flights.isFlying('a')).toBe(false);
});

test('the first caller leaves, and the others still get the answer', async () => {
  const flights = new SingleFlight<string>();
  const work = deferred<string>();
  const leaving = new AbortController();
  let signal: AbortSignal | undefined;
  const left = flights.run(
    'a',
    (shared) => {
      signal = shared;
      return work.promise;
    },
    leaving.signal,
  );
  const stayed = flights.run('a', () => Promise.reject(new Error('a second flight')));
  await Promise.resolve();
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(signal?.aborted).toBe(false);
  work.resolve('answer');
  expect(await stayed).toBe('answer');
});

test('when all have left, the work is told, and a later caller starts anew', async () => {
  const flights = new SingleFlight<string>();
  const leaving = new AbortController();
  let signal: AbortSignal | undefined;
  const left = [1, 2].map(() =>
    flights.run(
      'a',
      (shared) => {
        signal = shared;
        return new Promise((_, reject) => shared.addEventListener('abort', () => reject(new Error('cut'))));
      },
      leaving.signal,
    ),
  );
  await Promise.resolve();
  leaving.abort(new Error('gone'));
  await expect(Promise.allSettled(left)).resolves.toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  expect(signal?.aborted).toBe(true);
  expect(await flights.run('a', async () => 'new')).toBe('new');
});

test('who comes with an aborted signal starts nothing', async () => {
  const flights = new SingleFlight<string>();
  let runs = 0;
  const run = flights.run('a', async () => `${++runs}`, AbortSignal.abort(new Error('gone')));
  await expect(run).rejects.toThrow('gone');
  expect(runs).toBe(0);
});

test('work may ask for another key', async () => {
  const flights = new SingleFlight<string>();
  expect(await flights.run('a', () => flights.run('b', async () => 'inner'))).toBe('inner');
});

test('a memo keeps successes, undefined among them, and no failure', async () => {
  const memo = new Memo<string | undefined>();
  let runs = 0;
  const fail = () => Promise.reject(new Error('no'));
  await expect(memo.get('a', fail)).rejects.toThrow('no');
  expect(memo.has('a')).toBe(false);
  const nothing = async () => {
    runs += 1;
    return undefined;
  };
  await memo.get('a', nothing);
  await memo.get('a', nothing);
  expect([runs, memo.has('a')]).toEqual([1, true]);
});

test('a memo keeps what finished after its callers had left only if it succeeded', async () => {
  const memo = new Memo<string>();
  const work = deferred<string>();
  const leaving = new AbortController();
  const left = memo.get('a', () => work.promise, leaving.signal);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  work.reject(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await memo.get('a', async () => 'good')).toBe('good');
});
