// The proof cache of one run: restored and opened before it, pruned and saved after it. Whatever is wrong with it is a
// warning, and a cold run.
import type { Clock } from './base/clock.ts';
import { ProofSource } from './oci/proof-source.ts';
import type { Registry } from './oci/registry.ts';
import type { Persistence } from './persist/persistence.ts';
import { BlobStore } from './store/blob-store.ts';
import { ProofIndex } from './store/proof-index.ts';
import { pruneStore } from './store/upkeep.ts';

export interface ProofCacheOptions {
  readonly persistence: Persistence;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  /** As `ProofSourceOptions`. */
  readonly listsAnew: boolean;
  readonly maxBytes: number;
  readonly warn: (message: string) => void;
}

export class ProofCache {
  readonly proofs: ProofSource;
  readonly #persistence: Persistence;
  readonly #blobs: BlobStore;
  readonly #index: ProofIndex;

  private constructor(persistence: Persistence, blobs: BlobStore, index: ProofIndex, proofs: ProofSource) {
    this.#persistence = persistence;
    this.#blobs = blobs;
    this.#index = index;
    this.proofs = proofs;
  }

  /** Undefined, after a warning, when there is no directory to work in. Never throws. */
  static async open(options: ProofCacheOptions, signal?: AbortSignal): Promise<ProofCache | undefined> {
    const { persistence, registry, clock, maxAgeMs, listsAnew, maxBytes, warn } = options;
    if (!(await persistence.restore(signal)).usable) return undefined;
    const blobs = await BlobStore.open(persistence.directory, { clock, maxBytes, warn });
    if (blobs === undefined) return undefined;
    const index = new ProofIndex(blobs.directory);
    const proofs = new ProofSource({ registry, blobs, index, clock, maxAgeMs, listsAnew });
    return new ProofCache(persistence, blobs, index, proofs);
  }

  /** Prunes what has grown, and saves when something new was verified. Never throws. */
  async close(signal?: AbortSignal): Promise<void> {
    // Whoever was interrupted has other worries; what is there is sound.
    if (!this.proofs.hasFetched || signal?.aborted) return;
    const content: string[] = [];
    await pruneStore(this.#blobs, this.#index, ({ repository, digest, listedAtMs }) => {
      content.push(`${repository}@${digest} ${listedAtMs}`);
    });
    if (this.proofs.keptSubjects > 0) await this.#persistence.save(content, signal);
  }
}
