import { describe, expect, it } from 'vitest';
import { startDeadline } from '../src/deadline.ts';

const never = new Promise<void>(() => {});

describe('the end of a run', () => {
  it('waits for what is tidied up as long as nobody interrupts it', async () => {
    const deadline = startDeadline(0, undefined);
    let isDone = false;
    await deadline.settle(
      new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        isDone = true;
      }),
    );
    expect(isDone).toBe(true);
    await expect(deadline.settle(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    deadline.clear();
  });

  it('waits a moment at most once it was interrupted, before or meanwhile', async () => {
    const outer = new AbortController();
    const deadline = startDeadline(0, outer.signal);
    const meanwhile = deadline.settle(never);
    outer.abort(new Error('interrupted'));
    const startedMs = performance.now();
    await Promise.all([meanwhile, deadline.settle(never)]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(deadline.signal.reason).toMatchObject({ code: 'CANCELLED' });
    deadline.clear();
  });
});
