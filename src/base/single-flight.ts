// Concurrent callers of one key share one piece of work.

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

/**
 * Runs `work` once per key for all who ask while it is under way.
 *
 * - The work belongs to the group, not to its first caller: it has its own signal, aborted only when
 *   every caller has left.
 * - A failure reaches all who waited for it and is then forgotten: the next caller tries again.
 * - A success is forgotten too; whoever wants to keep it keeps it (see `Memo`).
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** @throws what `work` throws, or the reason of `signal` when this caller leaves. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiters += 1;
    try {
      return await (signal === undefined ? flight.promise : untilAborted(flight.promise, signal));
    } finally {
      flight.waiters -= 1;
      if (flight.waiters === 0) {
        this.#forget(key, flight);
        flight.controller.abort();
      }
    }
  }

  /** True while someone works on `key`: a caller that joins now costs nothing. */
  isFlying(key: string): boolean {
    return this.#flights.has(key);
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const promise = Promise.resolve().then(() => work(controller.signal));
    const flight: Flight<T> = { promise, controller, waiters: 0 };
    this.#flights.set(key, flight);
    // Forgotten before any waiter wakes up, so that a retry after a failure starts anew.
    const forget = () => this.#forget(key, flight);
    promise.then(forget, forget);
    return flight;
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** Like `SingleFlight`, and keeps successes for its own lifetime. Failures are never kept. */
export class Memo<T> {
  readonly #flights = new SingleFlight<T>();
  readonly #kept = new Map<string, T>();

  /** True when `get` for this key would share work or a result that is already there. */
  has(key: string): boolean {
    return this.#kept.has(key) || this.#flights.isFlying(key);
  }

  async get(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const kept = this.#kept.get(key);
    if (kept !== undefined || this.#kept.has(key)) return kept as T;
    return this.#flights.run(
      key,
      async (shared) => {
        const value = await work(shared);
        this.#kept.set(key, value);
        return value;
      },
      signal,
    );
  }
}

/** Settles as `promise` does, or rejects with the reason of `signal` when that is aborted first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
