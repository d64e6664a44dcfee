// What the proof cache saved a run, in figures for its report.
import type { CacheSummary, ComponentResult } from './report/report.ts';

export function summarizeCache(components: readonly ComponentResult[], savedRequests: number): CacheSummary {
  const listedAt = components.flatMap(({ proofs }) => (proofs?.from === 'cache' ? [proofs.listedAt] : []));
  return toCacheSummary({ components: listedAt.length, of: components.length, listedAt, savedRequests });
}

export interface CacheFigures {
  /** Components whose proofs came from the cache, of all of them. */
  readonly components: number;
  readonly of: number;
  /** RFC 3339; of the listings that were used, the oldest among them. */
  readonly listedAt: readonly string[];
  readonly savedRequests: number;
}

/** Of a run, and of the shards of a release together. */
export function toCacheSummary({ components, of, listedAt, savedRequests }: CacheFigures): CacheSummary {
  const [oldestListedAt] = listedAt.toSorted();
  const isFull = components > 0 && components === of;
  const isPartial = components > 0 || savedRequests > 0;
  return {
    hit: isFull ? 'full' : isPartial ? 'partial' : 'none',
    components,
    ...(oldestListedAt === undefined ? {} : { oldestListedAt }),
    savedRequests,
  };
}
