// What the proof cache saved a run, in figures for its report.
import type { CacheSummary, ComponentResult } from './report/report.ts';

export function summarizeCache(components: readonly ComponentResult[], savedRequests: number): CacheSummary {
  const listed = components.flatMap(({ proofs }) => (proofs?.from === 'cache' ? [proofs.listedAt] : []));
  const [oldestListedAt] = listed.toSorted();
  const isPartial = listed.length > 0 || savedRequests > 0;
  const isFull = listed.length > 0 && listed.length === components.length;
  return {
    hit: isFull ? 'full' : isPartial ? 'partial' : 'none',
    components: listed.length,
    ...(oldestListedAt === undefined ? {} : { oldestListedAt }),
    savedRequests,
  };
}
