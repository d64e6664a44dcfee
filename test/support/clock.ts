// A clock that tests hold in their hand: sleeping costs no time and is written down.
import type { Clock } from '../../src/base/clock.ts';

/** `sleep` resolves at once and moves `now` on by what was asked for. */
export class FakeClock implements Clock {
  /** Every wait asked for, in milliseconds, in order. */
  readonly waits: number[] = [];
  #nowMs: number;

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waits.push(ms);
    this.#nowMs += ms;
    // One turn of the event loop, so that a retry loop cannot starve the sockets that it waits for.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}
