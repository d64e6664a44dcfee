// Records and blobs pruned together: blobs that no record leads to go first.
import type { Digest } from '../base/digest.ts';
import type { BlobStore } from './blob-store.ts';
import type { ProofIndex } from './proof-index.ts';
import type { ProofRecord } from './proof-record.ts';
import type { PruneResult } from './pruning.ts';

export interface PrunedStore {
  readonly blobs: PruneResult;
  readonly records: PruneResult;
}

/** Prunes both to their bounds, and tells `look` each record that is left. Never throws, unless `look` does. */
export async function pruneStore(
  blobs: BlobStore,
  index: ProofIndex,
  look: (record: ProofRecord) => void = () => {},
): Promise<PrunedStore> {
  const { kept, ...records } = await index.prune();
  const reachable = new Set<Digest>();
  for await (const record of kept) {
    for (const blob of record.blobs) reachable.add(blob);
    look(record);
  }
  return { records, blobs: await blobs.prune({ keep: new Set(), reachable }) };
}
