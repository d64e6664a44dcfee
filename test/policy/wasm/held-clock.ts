// A clock that stands still until a test moves it on.
import type { Clock } from '../../../src/base/clock.ts';

/** Whoever sleeps wakes up with the next step, however long he wanted to. */
export class HeldClock implements Clock {
  readonly now = () => 0;
  #sleepers = new Set<() => void>();

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.add(resolve);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(resolve);
        reject(signal.reason);
      });
    });
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Each step waits until somebody sleeps, and lets messages come in after it. */
  async advance(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      while (this.#sleepers.size === 0) await new Promise((resolve) => setImmediate(resolve));
      const sleepers = [...this.#sleepers];
      this.#sleepers.clear();
      for (const wake of sleepers) wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
