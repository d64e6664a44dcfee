// Composition root: wires registry, trust and verifier, validates the release and makes the one Report.
import type { Clock } from './base/clock.ts';
import { type ProofgateError, toProofgateError } from './base/errors.ts';
import { summarizeCache } from './cache-summary.ts';
import { Cluster } from './cluster/cluster.ts';
import { readNamedKeys } from './cluster-keys.ts';
import { startDeadline } from './deadline.ts';
import { createHttpClient } from './oci/http-client.ts';
import { parseReference } from './oci/reference.ts';
import { Registry } from './oci/registry.ts';
import type { Options } from './options.ts';
import type { Persistence, Warn } from './persist/persistence.ts';
import type { GateTools, PolicyGate } from './policy-gate.ts';
import { ProofCache } from './proof-cache.ts';
import type { Progress } from './report/progress.ts';
import {
  type ComponentResult,
  type Outcome,
  type Report,
  type RunWarning,
  type ShardSummary,
  type TrustSummary,
  type Usage,
  worstOutcome,
} from './report/report.ts';
import { summarizeShard } from './shard-summary.ts';
import { validateRelease } from './validate/release.ts';
import type { SnapshotComponent } from './validate/snapshot.ts';
import { RekorClient } from './verify/rekor.ts';
import { SubjectVerifier } from './verify/subject.ts';
import { loadTrust, type Trust } from './verify/trust.ts';
import { Verifier } from './verify/verifier.ts';

export interface RunContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly version: string;
  /** Where proofs are kept; undefined: nowhere. */
  readonly persistence?: (warn: Warn) => Persistence | undefined;
  /** In place of where a pod finds its service account. */
  readonly serviceAccount?: string;
  /** In place of the engine that is shipped, for policies. */
  readonly openEngine?: GateTools['openEngine'];
  /** Aborting it ends the run early: the report says what is known, the rest is `undetermined`. */
  readonly signal?: AbortSignal;
}

/**
 * Validates everything that `given` names. Never throws for a component: its failure is in the report.
 * @throws ProofgateError of kind `usage` for a policy, or a key in a cluster, that is wrong; nothing was looked at then
 */
export async function run(given: Options, context: RunContext): Promise<Report> {
  const startedMs = context.clock.now();
  const { environment, clock } = context;
  const deadline = startDeadline(given.timeoutMs, context.signal);
  const { insecureRegistries, offline } = given;
  const registry = new Registry({ environment, clock, insecureRegistries, offline });
  const warnings: RunWarning[] = [];
  let gate: PolicyGate | undefined;
  try {
    const cluster = new Cluster({ environment, clock, offline, folder: context.serviceAccount });
    const { options, failure } = await resolveSigners(given, cluster, deadline.signal);
    const http = createHttpClient(registry.transport);
    const trust = lazily((signal) => loadTrust(options.trust, http, signal), deadline.signal);
    if (needsTrust(options)) trust.begin();
    const cache = await openCache(options, context, registry, warnings, deadline.signal);
    const images = cache?.proofs ?? registry;
    const sources = { images, registry, proofs: cache?.proofs, http, cluster, trust: trust.get };
    const { openEngine } = context;
    const tools = { ...sources, environment, clock, openEngine };
    // Whom a policy names counts only where nobody else was.
    gate = failure === undefined ? await openGate(options, tools, deadline.signal) : undefined;
    const { signers, rekorUrl } = gate ?? options;
    const verifier = new Verifier({
      trust: trust.get,
      ignoreRekor: options.ignoreRekor,
      clock,
      ...(rekorUrl === undefined ? {} : { rekor: new RekorClient(rekorUrl, http) }),
    });
    const releaseTools = {
      images,
      proofs: cache?.proofs,
      verifier: unlessFailed(failure ?? gate?.failure, new SubjectVerifier({ images, verifier })),
      policies: gate?.evaluator,
      progress: context.progress,
    };
    const release = await validateRelease({ ...options, signers }, releaseTools, deadline.signal);
    await deadline.settle(cache?.close(deadline.signal));
    const isPinned = failure === undefined && gate?.isPinned !== false;
    const { taskBundleSigners } = options;
    const pins = { signers, taskBundleSigners, rekorUrl, policy: gate?.summary };
    const shard = summarizeShard(given, isPinned ? pins : undefined, release.release);
    const loaded = await trust.loaded();
    const startedAt = new Date(startedMs).toISOString();
    return {
      version: context.version,
      result: toResult(release.components, shard),
      ...(shard === undefined ? {} : { shard }),
      startedAt,
      effectiveTime: gate?.effectiveTime ?? startedAt,
      ...(gate === undefined ? {} : { policy: gate.summary }),
      components: release.components,
      taskBundles: release.taskBundles,
      warnings: [...(loaded?.warnings ?? []), ...warnings, ...warnOfTags(options), ...warnOfNoSources(gate)],
      key: signers.keys.map((key) => key.pem.trimEnd()).join('\n'),
      trust: toTrustSummary(loaded),
      usage: measure(registry, release.sharedVerifications, clock.now() - startedMs),
      ...(cache === undefined
        ? {}
        : { cache: summarizeCache(release.components, cache.proofs.restoredLookups) }),
    };
  } finally {
    context.progress.stop();
    await deadline.settle(gate?.close());
    await deadline.settle(registry.close());
    deadline.clear();
  }
}

/** Keys that nobody could read leave every component undetermined, and their names in the report. */
async function resolveSigners(
  options: Options,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<{ readonly options: Options; readonly failure?: ProofgateError }> {
  try {
    return { options: await readNamedKeys(options, cluster, signal) };
  } catch (thrown) {
    const failure = toProofgateError(thrown);
    if (failure.kind === 'usage') throw failure;
    return { options, failure };
  }
}

/** Success is never an absence, but for a shard that has nothing to look at: the others speak for the release. */
function toResult(components: readonly ComponentResult[], shard: ShardSummary | undefined): Outcome {
  if (shard?.components === 0) return 'verified';
  return worstOutcome(components.map(({ outcome }) => outcome));
}

function unlessFailed(
  failure: ProofgateError | undefined,
  verifier: SubjectVerifier,
): Pick<SubjectVerifier, 'verify'> {
  if (failure === undefined) return verifier;
  const kind = (isWanted: boolean) => ({
    verified: [],
    unread: [],
    ...(isWanted ? { failure: { error: failure, details: [] } } : {}),
  });
  return {
    verify: async (_repository, _manifest, _signers, { signature, attestation }) => ({
      signatures: kind(signature),
      attestations: kind(attestation),
    }),
  };
}

/** The code behind it is loaded for runs that have a policy alone. */
async function openGate(
  options: Options,
  tools: GateTools,
  signal: AbortSignal,
): Promise<PolicyGate | undefined> {
  const { policy } = options;
  if (policy === undefined) return undefined;
  const { openPolicyGate } = await import('./policy-gate.ts');
  return openPolicyGate({ ...options, policy }, tools, signal);
}

async function openCache(
  options: Options,
  { persistence, clock }: RunContext,
  registry: Registry,
  warnings: RunWarning[],
  signal: AbortSignal,
): Promise<ProofCache | undefined> {
  const warn = (message: string) => void warnings.push({ code: 'cache.unavailable', message });
  const chosen = persistence?.((error) => warn(error.message));
  if (chosen === undefined) return undefined;
  const { cacheMaxAgeMs: maxAgeMs, cacheMaxBytes: maxBytes } = options;
  // To a policy more evidence may be a reason to say no: what a record leaves out must not be missed (SECURITY.md).
  const listsAnew = options.policy !== undefined && !options.offline;
  const cache = { persistence: chosen, registry, clock, maxAgeMs, listsAnew, maxBytes, warn };
  return ProofCache.open(cache, signal);
}

/** Keys without a transparency log need no trust root: an unreachable TUF mirror must not matter then. */
function needsTrust({ signers, taskBundleSigners, ignoreRekor }: Options): boolean {
  const identities = [...signers.identities, ...(taskBundleSigners?.identities ?? [])];
  return !ignoreRekor || identities.length > 0;
}

interface Lazy {
  /** Starts loading; `get` would too. */
  begin(): void;
  readonly get: () => Promise<Trust>;
  /** What was loaded, if it was asked for and succeeded. */
  loaded(): Promise<Trust | undefined>;
}

/** One attempt a run (its retries are inside): 200 components must not ask a dead mirror 200 times. */
function lazily(load: (signal: AbortSignal) => Promise<Trust>, signal: AbortSignal): Lazy {
  let attempt: Promise<Trust> | undefined;
  const get = () => {
    attempt ??= load(signal);
    return attempt;
  };
  return {
    begin: () => void get().catch(() => {}), // Whoever needs it is told.
    get,
    loaded: async () => attempt?.catch(() => undefined),
  };
}

function warnOfNoSources(gate: PolicyGate | undefined): readonly RunWarning[] {
  if (gate === undefined || gate.evaluator !== undefined) return [];
  return [{ code: 'policy.empty', message: 'The policy has no sources: the built-in checks alone decide.' }];
}

/** A tag may point elsewhere tomorrow: the verdict is about the digest that it was resolved to. */
function warnOfTags({ snapshot }: Options): readonly RunWarning[] {
  const isTag = ({ containerImage }: SnapshotComponent) =>
    parseReference(containerImage).digest === undefined;
  const count = snapshot.components.filter(isTag).length;
  if (count === 0) return [];
  const total = snapshot.components.length;
  const which = total === 1 ? 'the only component is' : `${count} of ${total} components are`;
  return [
    {
      code: 'TAGS',
      message: `${which} named by tag: results are about the digests in the report. Deploy by digest.`,
    },
  ];
}

function toTrustSummary(trust: Trust | undefined): TrustSummary {
  return trust?.summary ?? { source: 'none' };
}

function measure(registry: Registry, sharedVerifications: number, wallMs: number): Usage {
  const { registries, sharedLookups } = registry.usage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { registries, sharedLookups, sharedVerifications, wallMs, peakRssBytes };
}
