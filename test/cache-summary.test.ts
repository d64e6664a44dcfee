import { expect, it } from 'vitest';
import { toCacheSummary } from '../src/cache-summary.ts';
import { mergeCaches } from '../src/merge-parts.ts';
import type { CacheSummary, Report } from '../src/report/report.ts';
import { report } from './report/support/reports.ts';

it.each([
  ['all proofs came from the cache', 2, 7, 'full'],
  ['some did', 1, 3, 'partial'],
  ['lists were made anew, and what they led to was kept', 0, 5, 'partial'],
  ['nothing did', 0, 0, 'none'],
] as const)('when %s, the cache was hit as much', (_, components, savedRequests, hit) => {
  const listedAt = components === 0 ? [] : ['2026-08-21T07:30:00Z', '2026-08-20T07:30:00Z'];
  expect(toCacheSummary({ components, of: 2, listedAt, savedRequests })).toEqual({
    hit,
    components,
    ...(components === 0 ? {} : { oldestListedAt: '2026-08-20T07:30:00Z' }),
    savedRequests,
  });
});

it('shards that listed anew hit their caches in part, together as each alone', () => {
  const shard: CacheSummary = { hit: 'partial', components: 0, savedRequests: 4 };
  const reports: Report[] = [report([], { cache: shard }), report([], { cache: shard })];
  expect(mergeCaches(reports, 6)).toEqual({ hit: 'partial', components: 0, savedRequests: 8 });
});
