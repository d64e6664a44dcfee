// How many pieces of work may be under way at once, towards one host. Grows while answers are good, halves
// when the host throttles (additive increase, multiplicative decrease), and pauses for everybody on request.
import type { Clock } from './clock.ts';

export interface LimiterOptions {
  readonly clock: Clock;
  readonly start: number;
  readonly max: number;
  /** Longest sum of pauses without a good answer in between; later pauses are ignored, so that nobody waits for ever. */
  readonly maxPausedMs: number;
}

/** How a piece of work tells the limiter what it met. */
export interface Feedback {
  good(): void;
  /** The host throttles; with `pauseMs` nobody starts before that time has passed. */
  throttled(pauseMs?: number): void;
}

interface Waiter {
  readonly start: () => void;
}

/** First come, first served; at least one piece of work may always run. */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #queue = new Set<Waiter>();
  #limit: number;
  #active = 0;
  #goodInRow = 0;
  /** Counts decreases: work that began before the last one says nothing new about it. */
  #round = 0;
  #pausedUntil = 0;
  #pausedMs = 0;
  /** Ends the wait for the end of a pause; there is one only while somebody waits. */
  #alarm: AbortController | undefined;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#limit = options.start;
  }

  /** The present bound. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Runs `work` when its turn comes; its slot is free again however it ends.
   * @throws the reason of `signal` when it is aborted before the turn came; afterwards `work` has to watch it.
   */
  async run<T>(work: (feedback: Feedback) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await work(this.#feedback());
    } finally {
      this.#active -= 1;
      this.#startNext();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const leave = () => {
        this.#queue.delete(waiter);
        if (this.#queue.size === 0) this.#alarm?.abort();
        reject(signal?.reason as Error);
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiter: Waiter = { start };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.add(waiter);
      this.#startNext();
    });
  }

  #startNext(): void {
    const pausedMs = this.#pausedUntil - this.#options.clock.now();
    if (pausedMs > 0) {
      this.#startAfter(pausedMs);
      return;
    }
    for (const waiter of this.#queue) {
      if (this.#active >= this.#limit) return;
      this.#queue.delete(waiter);
      this.#active += 1;
      waiter.start();
    }
  }

  #startAfter(pausedMs: number): void {
    if (this.#alarm !== undefined || this.#queue.size === 0) return;
    const alarm = new AbortController();
    this.#alarm = alarm;
    const ring = () => {
      this.#alarm = undefined;
      this.#startNext();
    };
    this.#options.clock.sleep(pausedMs, alarm.signal).then(ring, ring);
  }

  #feedback(): Feedback {
    const round = this.#round;
    return {
      good: () => this.#grow(),
      throttled: (pauseMs = 0) => {
        if (round === this.#round) this.#halve();
        this.#pause(pauseMs);
      },
    };
  }

  /**
   * Before the host has ever throttled, one more for each good answer, which doubles the bound in a round trip (as TCP's
   * slow start); from then on one more after as many good answers as the bound has slots.
   */
  #grow(): void {
    this.#pausedMs = 0;
    this.#goodInRow += 1;
    if (this.#round > 0 && this.#goodInRow < this.#limit) return;
    this.#goodInRow = 0;
    this.#limit = Math.min(this.#limit + 1, this.#options.max);
  }

  #halve(): void {
    this.#round += 1;
    this.#goodInRow = 0;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }

  #pause(pauseMs: number): void {
    const now = this.#options.clock.now();
    const until = now + pauseMs;
    const addedMs = until - Math.max(now, this.#pausedUntil);
    if (addedMs <= 0 || this.#pausedMs + addedMs > this.#options.maxPausedMs) return;
    this.#pausedMs += addedMs;
    this.#pausedUntil = until;
  }
}
