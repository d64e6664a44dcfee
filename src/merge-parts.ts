// What the reports of shards say beside their components, as one.
import { ProofgateError } from './base/errors.ts';
import { toCacheSummary } from './cache-summary.ts';
import {
  type CacheSummary,
  type Outcome,
  type RegistryUsage,
  type Report,
  type RunWarning,
  type TaskBundleResult,
  type Usage,
  worstOutcome,
} from './report/report.ts';

/**
 * Each bundle once. What one shard could not look at and another one could stays open: a component depends on it.
 * @throws ProofgateError `SHARDS_DISAGREE`: one looked and said yes, another one no
 */
export function mergeTaskBundles(reports: readonly Report[]): readonly TaskBundleResult[] {
  const byReference = Map.groupBy(
    reports.flatMap(({ taskBundles }) => taskBundles),
    ({ reference }) => reference,
  );
  return [...byReference.values()].map(mergeBundle);
}

function mergeBundle(results: readonly TaskBundleResult[]): TaskBundleResult {
  const outcomes = new Set(results.map(({ outcome }) => outcome));
  const isContradiction = outcomes.has('rejected') && outcomes.has('verified');
  const isHalfCollected = outcomes.has('collected') && outcomes.size > 1;
  const [first] = results;
  if (first === undefined || isContradiction || isHalfCollected) {
    const what = `the task bundle ${first?.reference.slice(0, 300)} is ${[...outcomes].join(' in one report, and in another ')}`;
    throw new ProofgateError('SHARDS_DISAGREE', what, { hint: 'Run all shards again.' });
  }
  const worst = outcomes.has('collected') ? 'collected' : worstOutcome([...outcomes] as Outcome[]);
  const saying = results.find(({ outcome }) => outcome === worst) ?? first;
  return { ...saying, components: [...new Set(results.flatMap(({ components }) => components))] };
}

/** Those of the whole snapshot are the same in each. */
export function mergeWarnings(reports: readonly Report[]): readonly RunWarning[] {
  const all = reports.flatMap(({ warnings }) => warnings);
  return [
    ...new Map(all.map((warning) => [JSON.stringify([warning.code, warning.message]), warning])).values(),
  ];
}

/** Work adds up. The time is that of the slowest, the memory that of the largest: shards run at once. */
export function mergeUsages(usages: readonly Usage[]): Usage {
  const byRegistry = Map.groupBy(
    usages.flatMap(({ registries }) => registries),
    ({ registry }) => registry,
  );
  return {
    registries: [...byRegistry.values()].map(mergeRegistry),
    sharedLookups: sum(usages.map(({ sharedLookups }) => sharedLookups)),
    sharedVerifications: sum(usages.map(({ sharedVerifications }) => sharedVerifications)),
    wallMs: Math.max(...usages.map(({ wallMs }) => wallMs)),
    peakRssBytes: Math.max(...usages.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

function mergeRegistry(all: readonly RegistryUsage[]): RegistryUsage {
  const statuses = new Map<string, number>();
  for (const [status, count] of all.flatMap((one) => Object.entries(one.statuses))) {
    statuses.set(status, (statuses.get(status) ?? 0) + count);
  }
  return {
    registry: all[0]?.registry ?? '',
    statuses: Object.fromEntries(statuses),
    requests: sum(all.map(({ requests }) => requests)),
    retries: sum(all.map(({ retries }) => retries)),
    bytes: sum(all.map(({ bytes }) => bytes)),
  };
}

/** Undefined when no shard kept proofs. */
export function mergeCaches(reports: readonly Report[], total: number): CacheSummary | undefined {
  const caches = reports.flatMap(({ cache }) => cache ?? []);
  if (caches.length === 0) return undefined;
  return toCacheSummary({
    components: sum(caches.map(({ components }) => components)),
    of: total,
    listedAt: caches.flatMap(({ oldestListedAt }) => oldestListedAt ?? []),
    savedRequests: sum(caches.map(({ savedRequests }) => savedRequests)),
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
