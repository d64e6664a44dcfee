import { expect, test } from 'vitest';
import { type Feedback, Limiter } from '../../src/base/limiter.ts';
import { FakeClock } from '../support/clock.ts';

const OPTIONS = { start: 2, max: 4, maxPausedMs: 100_000 };

/** Work that stays under way until it is told to end. */
function held() {
  let end = () => {};
  let fail = (_: Error) => {};
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { work: () => promise, end: () => end(), fail: (error: Error) => fail(error) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('no more run at once than the bound, and the others follow in order', async () => {
  const limiter = new Limiter({ ...OPTIONS, clock: new FakeClock() });
  const holds = [held(), held(), held(), held()];
  const started: number[] = [];
  const all = holds.map((hold, i) =>
    limiter.run(() => {
      started.push(i);
      return hold.work();
    }),
  );
  await settle();
  expect(started).toEqual([0, 1]);
  holds[1]?.end();
  await settle();
  expect(started).toEqual([0, 1, 2]);
  for (const hold of holds) hold.end();
  await Promise.all(all);
  expect(started).toEqual([0, 1, 2, 3]);
});

test('work that fails, at once or later, frees its slot', async () => {
  const limiter = new Limiter({ ...OPTIONS, start: 1, clock: new FakeClock() });
  const failures = [
    limiter.run(() => {
      throw new Error('at once');
    }),
    limiter.run(() => Promise.reject(new Error('later'))),
  ];
  await expect(Promise.allSettled(failures)).resolves.toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  expect(await limiter.run(async () => 'next')).toBe('next');
});

test('whoever is aborted while waiting leaves the queue and takes no slot', async () => {
  const limiter = new Limiter({ ...OPTIONS, start: 1, clock: new FakeClock() });
  const hold = held();
  const running = limiter.run(hold.work);
  const leaving = new AbortController();
  const left = limiter.run(async () => 'never', leaving.signal);
  const next = limiter.run(async () => 'next');
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  await expect(limiter.run(async () => 'never', leaving.signal)).rejects.toThrow('gone');
  hold.end();
  await running;
  expect(await next).toBe('next');
});

test('work that asks for another slot gets one when there is one', async () => {
  const limiter = new Limiter({ ...OPTIONS, clock: new FakeClock() });
  expect(await limiter.run(() => limiter.run(async () => 'inner'))).toBe('inner');
});

const good = (limiter: Limiter) => limiter.run(async (feedback) => feedback.good());

test('before the first throttling the bound grows by one with each good answer, up to its maximum', async () => {
  const limiter = new Limiter({ ...OPTIONS, clock: new FakeClock() });
  const limits: number[] = [];
  for (let i = 0; i < 5; i++) {
    await good(limiter);
    limits.push(limiter.limit);
  }
  expect(limits).toEqual([3, 4, 4, 4, 4]);
});

test('after a throttling the bound grows by one after as many good answers as it has slots', async () => {
  const limiter = new Limiter({ ...OPTIONS, start: 4, clock: new FakeClock() });
  await limiter.run(async (feedback) => feedback.throttled());
  const limits: number[] = [];
  for (let i = 0; i < 6; i++) {
    await good(limiter);
    limits.push(limiter.limit);
  }
  expect(limits).toEqual([2, 3, 3, 3, 4, 4]);
});

test('throttling halves the bound once for all who were under way together, and never below one', async () => {
  const limiter = new Limiter({ ...OPTIONS, start: 8, max: 8, clock: new FakeClock() });
  const holds = Array.from({ length: 8 }, () => held());
  const together = holds.map((hold) =>
    limiter.run(async (feedback) => {
      await hold.work();
      feedback.throttled();
    }),
  );
  for (const hold of holds) hold.end();
  await Promise.all(together);
  expect(limiter.limit).toBe(4);
  const throttled = () => limiter.run(async (feedback) => feedback.throttled());
  for (let i = 0; i < 5; i++) await throttled();
  expect(limiter.limit).toBe(1);
});

test('during a pause nobody starts, and after it everybody goes on', async () => {
  const clock = new FakeClock();
  const limiter = new Limiter({ ...OPTIONS, clock });
  await limiter.run(async (feedback) => feedback.throttled(5_000));
  expect(clock.waits).toEqual([]);
  const startedAt = await limiter.run(async () => clock.now());
  expect(startedAt).toBe(Date.UTC(2026, 0, 1) + 5_000);
  expect(clock.waits).toEqual([5_000]);
});

test('a pause that nobody waits for any more holds nothing up', async () => {
  let ended = false;
  const clock = new FakeClock();
  clock.sleep = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        ended = true;
        reject(signal.reason);
      });
    });
  const limiter = new Limiter({ ...OPTIONS, clock });
  await limiter.run(async (feedback) => feedback.throttled(5_000));
  const leaving = new AbortController();
  const left = limiter.run(async () => 'never', leaving.signal);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(ended).toBe(true);
});

test('pauses without a good answer in between have a bound in sum', async () => {
  const clock = new FakeClock();
  const limiter = new Limiter({ ...OPTIONS, maxPausedMs: 10_000, clock });
  const pause = (feedback: Feedback) => feedback.throttled(4_000);
  for (let i = 0; i < 5; i++) await limiter.run(async (feedback) => pause(feedback));
  expect(clock.waits).toEqual([4_000, 4_000]);
  await good(limiter);
  await limiter.run(async (feedback) => pause(feedback));
  await good(limiter);
  expect(clock.waits).toEqual([4_000, 4_000, 4_000]);
});
