// The policies of one run: read, fetched and compiled before anything is looked at. It is loaded only for runs that have
// a policy: the engine behind it is large.
import { type Clock, systemClock } from './base/clock.ts';
import { ProofgateError, toProofgateError } from './base/errors.ts';
import type { HttpClient } from './base/http.ts';
import type { Cluster } from './cluster/cluster.ts';
import { readPolicyKey } from './cluster-keys.ts';
import type { ImageSource, KeptProofs } from './oci/image-source.ts';
import type { Options } from './options.ts';
import { createHostFunctions } from './policy/builtins/host.ts';
import type { PolicyConfig } from './policy/config.ts';
import { type EffectiveTime, parseEffectiveTime } from './policy/effective-time.ts';
import type { LoadedPolicy } from './policy/loaded-policy.ts';
import { Policies } from './policy/policies.ts';
import { loadPolicyConfig } from './policy/policy-text.ts';
import { fetchSources, toShownSpec } from './policy/sources/fetch-sources.ts';
import type { SourceTools } from './policy/sources/source-tools.ts';
import type { PolicyEvaluator } from './policy/verdict.ts';
import { openEngine } from './policy/wasm/open-engine.ts';
import { isAnyone, type PolicyTrust, toSigstoreOptions, trustOf } from './policy-trust.ts';
import type { PolicySummary } from './report/report.ts';
import type { Trust } from './verify/trust.ts';

export interface GateTools {
  readonly images: ImageSource;
  /** For what may have changed since it was kept. */
  readonly registry: ImageSource;
  readonly proofs: KeptProofs | undefined;
  readonly http: HttpClient;
  readonly cluster: Cluster;
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** In place of the engine that is shipped. */
  readonly openEngine?: typeof openEngine | undefined;
}

export interface PolicyGate extends PolicyTrust {
  /** RFC 3339. */
  readonly effectiveTime: string;
  readonly summary: PolicySummary;
  /** Why nobody is trusted: the policy could not be had, and it alone says who is. */
  readonly failure?: ProofgateError;
  /** False: not all of the policy could be had, and `summary` does not say which it is. */
  readonly isPinned: boolean;
  /** Undefined: the policy has no sources, and the built-in checks alone decide. */
  readonly evaluator: PolicyEvaluator | undefined;
  close(): Promise<void>;
}

type PolicyRunOptions = Options & { readonly policy: string };

/**
 * Opens the policy that `options` name. What could not be had does not end the run: then every evaluation fails with
 * that error, and the built-in checks still say what they can.
 * @throws ProofgateError of kind `usage`: the policy is wrong, or nobody is trusted
 */
export async function openPolicyGate(
  options: PolicyRunOptions,
  tools: GateTools,
  signal: AbortSignal,
): Promise<PolicyGate> {
  const { clock, proofs: kept } = tools;
  const allowPast = options.allowPastEffectiveTime;
  const time = parseEffectiveTime(options.effectiveTime, clock.now(), { allowPast });
  const cluster = tools.cluster.isHere ? tools.cluster : undefined;
  const sources = { ...tools, kept, cluster, offline: options.offline };
  const gate = {
    signers: options.signers,
    rekorUrl: options.rekorUrl,
    effectiveTime: new Date(time.ms).toISOString(),
    summary: { spec: {}, sources: [] },
    isPinned: false,
    close: async () => {},
  };

  const config = await orUnavailable(readConfig(options, sources, tools.cluster, signal));
  if (config instanceof ProofgateError) {
    const failure = isAnyone(options.signers) ? {} : { failure: config };
    return { ...gate, ...failure, evaluator: failing(config) };
  }
  const trust = trustOf(options, config);
  const context = { effectiveTime: time, sigstore: toSigstoreOptions(trust, options.ignoreRekor) };
  const loaded = await orUnavailable(fetchSources(config, context, sources, signal));
  if (loaded instanceof ProofgateError) {
    const summary = { spec: toShownSpec(config), sources: [] };
    return { ...gate, ...trust, summary, evaluator: failing(loaded) };
  }
  return {
    ...gate,
    ...trust,
    summary: loaded.summary,
    isPinned: true,
    ...(await compile(options, tools, loaded, time, signal)),
  };
}

/** The key that the policy names is not read where options name others. */
async function readConfig(
  options: PolicyRunOptions,
  sources: SourceTools,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<PolicyConfig> {
  const config = await loadPolicyConfig(options, sources, signal);
  return isAnyone(options.signers) ? config : readPolicyKey(config, cluster, signal);
}

async function compile(
  options: PolicyRunOptions,
  tools: GateTools,
  loaded: LoadedPolicy,
  effectiveTime: EffectiveTime,
  signal: AbortSignal,
): Promise<Pick<PolicyGate, 'evaluator' | 'close'>> {
  if (loaded.groups.length === 0) return { evaluator: undefined, close: async () => {} };
  // Its deadlines guard against real threads.
  const open = tools.openEngine ?? openEngine;
  const { engine, concurrency } = open({ threads: options.policyWorkers, clock: systemClock });
  const opening = Policies.open(
    {
      loaded,
      effectiveTime,
      engine,
      host: createHostFunctions(tools),
      images: tools.images,
      concurrency,
      keepInput: options.output.some(({ format }) => format === 'policy-input'),
    },
    signal,
  );
  try {
    const policies = await orUnavailable(opening);
    const evaluator = policies instanceof ProofgateError ? failing(policies) : policies;
    return { evaluator, close: () => engine.close() };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What is wrong with the policy is thrown; that it could not be had is a value, and never a "no" about an image. */
async function orUnavailable<T>(work: Promise<T>): Promise<T | ProofgateError> {
  try {
    return await work;
  } catch (thrown) {
    const error = toProofgateError(thrown);
    if (error.kind === 'usage') throw error;
    if (error.kind === 'undetermined') return error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return new ProofgateError('POLICY_UNAVAILABLE', error.message, { cause: error, ...hint });
  }
}

function failing(error: ProofgateError): PolicyEvaluator {
  return { evaluate: () => Promise.reject(error) };
}
