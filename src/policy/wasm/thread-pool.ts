// Work for threads: who gets which, how many at once, and what becomes of the work of a thread that died.
import { ProofgateError } from '../../base/errors.ts';
import { ThreadFault } from './thread-fault.ts';

/** A thread, as far as the pool knows it. */
export interface PoolThread {
  /** Resolves when the thread is gone. */
  end(): Promise<void>;
}

export interface PoolOptions<T extends PoolThread> {
  /** Most threads. */
  readonly threads: number;
  /** Most pieces of work that one thread has at once. */
  readonly slots: number;
  /** `onEnd` is called before the thread's work fails with `ThreadFault`. */
  readonly start: (onEnd: () => void) => T;
}

interface Seat<T> {
  readonly thread: T;
  active: number;
  isExclusive: boolean;
}

interface Waiter<T> {
  readonly isExclusive: boolean;
  readonly resolve: (seat: Seat<T>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * First come, first served. A thread is started when there is work for which no other has a slot.
 *
 * Work whose thread died is done once more, on a thread that has nothing else to do meanwhile: so what kills threads
 * does it to its neighbours once at most, and is found out the second time.
 */
export class ThreadPool<T extends PoolThread> {
  readonly #options: PoolOptions<T>;
  readonly #seats = new Set<Seat<T>>();
  #queue: Waiter<T>[] = [];
  #isClosed = false;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
  }

  /**
   * @throws what `work` throws; the reason of `signal` when it is aborted before the turn came, afterwards `work` has to
   *   watch it; ProofgateError `CANCELLED` once the pool is closed
   */
  async run<R>(work: (thread: T) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const seat = await this.#turn(false, signal);
    let alone: Promise<Seat<T>>;
    try {
      return await work(seat.thread);
    } catch (error) {
      if (!(error instanceof ThreadFault)) throw error;
      // Before the seat is left, so that nobody passes.
      alone = this.#turn(true, signal);
    } finally {
      this.#leave(seat);
    }
    return this.#runAlone(work, await alone);
  }

  /** Resolves when every thread is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(closed());
    await Promise.all([...this.#seats].map(({ thread }) => thread.end()));
  }

  async #runAlone<R>(work: (thread: T) => Promise<R>, seat: Seat<T>): Promise<R> {
    try {
      return await work(seat.thread);
    } catch (error) {
      throw this.#isClosed && error instanceof ThreadFault ? closed() : error;
    } finally {
      this.#leave(seat);
    }
  }

  #leave(seat: Seat<T>): void {
    seat.active -= 1;
    seat.isExclusive = false;
    this.#startNext();
  }

  #turn(isExclusive: boolean, signal: AbortSignal | undefined): Promise<Seat<T>> {
    if (this.#isClosed) return Promise.reject(closed());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<Seat<T>>();
    const waiter: Waiter<T> = { isExclusive, resolve, reject };
    const leave = () => {
      this.#queue = this.#queue.filter((other) => other !== waiter);
      reject(signal?.reason);
      this.#startNext();
    };
    signal?.addEventListener('abort', leave, { once: true });
    if (isExclusive) this.#queue.unshift(waiter);
    else this.#queue.push(waiter);
    this.#startNext();
    return promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  /** Whoever waits for a thread of its own lets nobody pass: otherwise no thread might ever be idle. */
  #startNext(): void {
    for (let waiter = this.#queue[0]; waiter !== undefined; waiter = this.#queue[0]) {
      if (!this.#seat(waiter)) return;
      this.#queue.shift();
    }
  }

  #seat({ isExclusive, resolve, reject }: Waiter<T>): boolean {
    try {
      const seat = this.#findSeat(isExclusive);
      if (seat === undefined) return false;
      seat.active += 1;
      seat.isExclusive = isExclusive;
      resolve(seat);
    } catch (error) {
      // A thread could not be started.
      reject(error);
    }
    return true;
  }

  #findSeat(isExclusive: boolean): Seat<T> | undefined {
    const slots = isExclusive ? 1 : this.#options.slots;
    const free = [...this.#seats].filter((seat) => !seat.isExclusive && seat.active < slots);
    if (free.length > 0) return free.reduce((best, seat) => (seat.active < best.active ? seat : best));
    return this.#seats.size < this.#options.threads ? this.#addSeat() : undefined;
  }

  #addSeat(): Seat<T> {
    const thread = this.#options.start(() => this.#seats.delete(seat));
    const seat: Seat<T> = { thread, active: 0, isExclusive: false };
    this.#seats.add(seat);
    return seat;
  }
}

function closed(): ProofgateError {
  return new ProofgateError('CANCELLED', 'the evaluation of policies was ended');
}
