// What policies cost: one release whose components share their task bundles, each of which a policy looks at.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tempDirectory } from '../support/temp.ts';
import { type ProofgateResult, runProofgate } from './contenders.ts';
import type { Release, ReleaseOrder } from './release.ts';
import { ReleaseServer } from './release-server.ts';

export interface PolicyRun {
  readonly name:
    | 'no policy'
    | 'cold'
    | 'cached'
    | 'one thread'
    | 'two threads'
    | 'alone'
    | 'alone, no policy';
  readonly components: number;
  readonly requests: number;
  readonly wallMs: number;
  /** Without start and report. */
  readonly runMs: number;
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

export interface PolicyMeasures {
  readonly runs: readonly PolicyRun[];
  readonly taskBundles: number;
}

const POLICY = JSON.stringify({ sources: [{ policy: [join(import.meta.dirname, 'policy.rego')] }] });
const TASK_BUNDLES = 20;

/** Throws when a run does not verify everything. */
export async function measurePolicies(
  order: Omit<ReleaseOrder, 'layout' | 'signer' | 'taskBundles'>,
  command: string,
): Promise<PolicyMeasures> {
  const variant = { layout: 'bundle', signer: 'key' } as const;
  using server = await ReleaseServer.start({ ...order, ...variant, taskBundles: TASK_BUNDLES });
  using temp = tempDirectory();
  const cacheDirectory = join(temp.path, 'cache');
  mkdirSync(cacheDirectory);
  const { release } = server;
  const alone = {
    ...release,
    snapshot: { ...release.snapshot, components: release.snapshot.components.slice(0, 1) },
  };
  const measureRun = async (
    name: PolicyRun['name'],
    what: Release,
    more: {
      readonly policy?: string;
      readonly policyWorkers?: number;
      readonly cacheDirectory?: string;
    } = {},
  ): Promise<PolicyRun> => {
    const result = await runProofgate({ variant, release: what, temp, command, ...more });
    if (result.result !== 'verified') throw new Error(`proofgate says ${result.result}:\n${result.output}`);
    const { requests } = await server.requests();
    return toPolicyRun(name, requests, result);
  };
  const policy = POLICY;
  return {
    taskBundles: TASK_BUNDLES,
    runs: [
      await measureRun('no policy', release),
      await measureRun('cold', release, { policy, cacheDirectory }),
      await measureRun('cached', release, { policy, cacheDirectory }),
      await measureRun('one thread', release, { policy, policyWorkers: 1 }),
      await measureRun('two threads', release, { policy, policyWorkers: 2 }),
      await measureRun('alone, no policy', alone),
      await measureRun('alone', alone, { policy }),
    ],
  };
}

function toPolicyRun(name: PolicyRun['name'], requests: number, result: ProofgateResult): PolicyRun {
  const { components, wallMs, runMs, cpuMs, peakRssBytes } = result;
  return { name, components: components.length, requests, wallMs, runMs, cpuMs, peakRssBytes };
}
