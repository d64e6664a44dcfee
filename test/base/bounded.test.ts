import { expect, test } from 'vitest';
import { Slots } from '../../src/base/bounded.ts';

test('no more work than slots is under way, and what waited has its turn in order', async () => {
  const slots = new Slots(2);
  const started: number[] = [];
  const open: (() => void)[] = [];
  const done = [0, 1, 2, 3].map((number) =>
    slots.run(async () => {
      started.push(number);
      await new Promise<void>((resolve) => open.push(resolve));
      return number;
    }),
  );
  await Promise.resolve();
  expect(started).toEqual([0, 1]);
  open[1]?.();
  expect(await done[1]).toBe(1);
  expect(started).toEqual([0, 1, 2]);
  open[0]?.();
  open[2]?.();
  await Promise.all([done[0], done[2]]);
  open[3]?.();
  expect(await Promise.all(done)).toEqual([0, 1, 2, 3]);
});

test('a failure frees its slot', async () => {
  const slots = new Slots(1);
  const failed = slots.run(() => Promise.reject(new Error('no')));
  const next = slots.run(async () => 'yes');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('yes');
  expect(await slots.run(async () => 'again')).toBe('again');
});
