// What policies were answered, for as long as the run: one piece of work for all who ask the same, at once or later.
// Answers are kept, also "there is none"; failures reach who waited for them and are forgotten.
import { SingleFlight } from '../../base/single-flight.ts';

export interface Answer<T> {
  readonly value: T;
  /** What keeping it costs. */
  readonly bytes: number;
}

export class Answers<T> {
  readonly #maxBytes: number;
  readonly #flights = new SingleFlight<T>();
  /** Least recently used first. */
  readonly #kept = new Map<string, Answer<T>>();
  #bytes = 0;

  /** @param maxBytes sum over what is kept; what is larger than a quarter of it is not */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws what `work` throws, or the reason of `signal` when this caller leaves */
  async get(key: string, work: (signal: AbortSignal) => Promise<Answer<T>>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.value;
    }
    const answer = async (shared: AbortSignal) => {
      const found = await work(shared);
      this.#keep(key, found);
      return found.value;
    };
    return await this.#flights.run(key, answer, signal);
  }

  #keep(key: string, answer: Answer<T>): void {
    if (answer.bytes > this.#maxBytes / 4) return;
    this.#kept.set(key, answer);
    this.#bytes += answer.bytes;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
