// Lookups that several callers want at once: done once, and counted.
import { SingleFlight } from '../base/single-flight.ts';
import type { Ledger } from './ledger.ts';
import { cancelled } from './network-error.ts';

export class SharedLookups<T> {
  readonly #flights = new SingleFlight<T>();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** @throws what `work` throws; ProofgateError for the reason of `signal`: `CANCELLED`, unless it is one itself */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#flights.isFlying(key)) this.#ledger.countShared();
    try {
      return await this.#flights.run(key, work, signal);
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
  }
}
