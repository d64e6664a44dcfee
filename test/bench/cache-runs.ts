// What the proof cache saves: one release verified cold, warm, warm with one new image, and by two at once.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tempDirectory } from '../support/temp.ts';
import { type ProofgateResult, runProofgate } from './contenders.ts';
import type { Release, ReleaseOrder, Variant } from './release.ts';
import { ReleaseServer } from './release-server.ts';

export interface CacheRun extends Variant {
  readonly name: 'cold' | 'warm' | 'one changed' | 'two at once';
  /** Of both where there are two. */
  readonly requests: number;
  /** Until the last has ended. */
  readonly wallMs: number;
  /** As `wallMs`, but the run's own time alone. */
  readonly runMs: number;
  readonly cpuMs: number;
  /** Of the larger one. */
  readonly peakRssBytes: number;
}

/** Throws when a run does not verify everything. */
export async function measureCache(order: ReleaseOrder, command: string): Promise<readonly CacheRun[]> {
  using server = await ReleaseServer.start(order);
  using temp = tempDirectory();
  const measureRuns = async (name: CacheRun['name'], release: Release, cache: string, count = 1) => {
    const cacheDirectory = join(temp.path, cache);
    mkdirSync(cacheDirectory, { recursive: true });
    const run = { variant: order, release, temp, command, cacheDirectory };
    const results = await Promise.all(Array.from({ length: count }, () => runProofgate(run)));
    for (const { result, output } of results)
      if (result !== 'verified') throw new Error(`proofgate says ${result}:\n${output}`);
    const { requests } = await server.requests();
    return toCacheRun(name, order, requests, results);
  };
  const { release } = server;
  return [
    await measureRuns('cold', release, 'one'),
    await measureRuns('warm', release, 'one'),
    await measureRuns('one changed', await server.change(), 'one'),
    await measureRuns('two at once', release, 'two', 2),
  ];
}

function toCacheRun(
  name: CacheRun['name'],
  { layout, signer }: Variant,
  requests: number,
  results: readonly ProofgateResult[],
): CacheRun {
  return {
    name,
    layout,
    signer,
    requests,
    wallMs: Math.max(...results.map(({ wallMs }) => wallMs)),
    runMs: Math.max(...results.map(({ runMs }) => runMs)),
    cpuMs: results.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peakRssBytes: Math.max(...results.map(({ peakRssBytes }) => peakRssBytes)),
  };
}
