// What earlier runs saved this one.
import type { Digest } from '../base/digest.ts';

export class CacheUse {
  /** What this run has fetched: reading it again saved nothing that an earlier run has to be thanked for. */
  readonly #fetched = new Set<Digest>();
  #restoredLookups = 0;

  /** Lookups that cost no request because of what earlier runs kept. */
  get restoredLookups(): number {
    return this.#restoredLookups;
  }

  get hasFetched(): boolean {
    return this.#fetched.size > 0;
  }

  fetched(digest: Digest): void {
    this.#fetched.add(digest);
  }

  /** Content came out of the store. */
  read(digest: Digest): void {
    if (!this.#fetched.has(digest)) this.#restoredLookups += 1;
  }

  /** A listing came out of a record. */
  restored(): void {
    this.#restoredLookups += 1;
  }
}
