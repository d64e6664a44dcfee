// The product: every component of a release looked at and judged, and the task bundles that built them.
import { mapBounded } from '../base/bounded.ts';
import { toProofgateError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import { imagesOfShard, type Shard } from '../base/shard.ts';
import type { ImageSource, KeptProofs } from '../oci/image-source.ts';
import type { PolicyEvaluator } from '../policy/verdict.ts';
import type { Progress } from '../report/progress.ts';
import {
  type ComponentResult,
  type Outcome,
  type ProofsOrigin,
  type TaskBundleResult,
  worstOutcome,
} from '../report/report.ts';
import type { Signers } from '../verify/signers.ts';
import type { SubjectResult, SubjectVerifier } from '../verify/subject.ts';
import { judgeComponent, type Requirements } from './component.ts';
import { EvidenceRoom } from './evidence-room.ts';
import { Examiner, type Look } from './examination.ts';
import { expandComponent, groupBySubject, type Target } from './expansion.ts';
import { evaluatePolicies, type PolicyEvaluation, SKIPPED } from './policy-evaluation.ts';
import { renderSnapshot, type SnapshotComponent, type SnapshotSpec } from './snapshot.ts';
import { bundlesOf, NO_TASKS } from './task-list.ts';
import { BundleExaminer, type ExaminedBundle, toTaskBundleResults } from './tasks.ts';

export interface ReleaseOptions {
  readonly snapshot: SnapshotSpec;
  /** Only these components are judged; policies see all of them. */
  readonly shard: Shard | undefined;
  readonly signers: Signers;
  /** Undefined: task bundles are collected and not verified. */
  readonly taskBundleSigners: Signers | undefined;
  readonly require: ReadonlySet<'signature' | 'attestation'>;
  /** Most components under way at once. */
  readonly workers: number;
}

export interface ReleaseTools {
  readonly images: ImageSource;
  /** Undefined: nothing is kept between runs. */
  readonly proofs: KeptProofs | undefined;
  readonly verifier: Pick<SubjectVerifier, 'verify'>;
  /** Undefined: the built-in checks alone decide. */
  readonly policies: PolicyEvaluator | undefined;
  readonly progress: Progress;
}

export interface ReleaseResult {
  readonly components: readonly ComponentResult[];
  readonly taskBundles: readonly TaskBundleResult[];
  /** Components and bundle uses that were answered by a verification made for another. */
  readonly sharedVerifications: number;
  /** SHA-256, hex, of the release that policies saw; absent without policies, or when not all of it could be had. */
  readonly release?: string;
}

/** Beyond this much evidence that waits for policies, no further image is looked at. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;

/**
 * Validates every component, always: failures become findings, and an aborted `signal` leaves what is known,
 * with the rest `undetermined`. Never rejects for a component.
 */
export async function validateRelease(
  options: ReleaseOptions,
  tools: ReleaseTools,
  signal?: AbortSignal,
): Promise<ReleaseResult> {
  const release = new Release(options, tools, signal);
  tools.progress.start(release.own.length);
  const { policies } = tools;
  return release.conclude(
    policies === undefined ? await release.validateEach() : await release.validateTogether(policies),
  );
}

/** The work that the components of one release share. */
class Release {
  readonly #tools: ReleaseTools;
  readonly #signal: AbortSignal | undefined;
  readonly #snapshot: SnapshotSpec;
  readonly #workers: number;
  /** Those that are judged. */
  readonly own: readonly SnapshotComponent[];
  readonly #requirements: Requirements;
  readonly #images: Examiner;
  readonly #bundles: BundleExaminer | undefined;
  readonly #examinedBundles = new Map<string, ExaminedBundle>();
  readonly #room = new EvidenceRoom(MAX_WAITING_BYTES);
  #shared = 0;
  #seen: string | undefined;

  constructor(options: ReleaseOptions, tools: ReleaseTools, signal: AbortSignal | undefined) {
    const { signers, taskBundleSigners, require, snapshot, shard, workers } = options;
    const taskBundles = taskBundleSigners !== undefined;
    const policy = tools.policies !== undefined;
    this.#tools = tools;
    this.#signal = signal;
    this.#snapshot = snapshot;
    this.own = shard === undefined ? snapshot.components : componentsOfShard(snapshot, shard);
    this.#workers = workers;
    this.#requirements = {
      signature: require.has('signature'),
      attestation: require.has('attestation'),
      taskBundles,
      policy,
    };
    const { signature, attestation } = this.#requirements;
    // Only verified provenance says which tasks ran.
    const wanted = { signature, attestation: attestation || taskBundles || policy, all: policy };
    this.#images = new Examiner(tools, signers, wanted, signal);
    if (taskBundleSigners !== undefined) {
      const signatureOnly = { signature: true, attestation: false };
      const examiner = new Examiner(tools, taskBundleSigners, signatureOnly, signal);
      this.#bundles = new BundleExaminer(tools, examiner, signal);
    }
  }

  /** One component after the other, as far as workers allow: nobody waits for the slowest. */
  async validateEach(): Promise<readonly ComponentResult[]> {
    const validated = await mapBounded(this.own, this.#workers, async (component) => {
      const targets = await this.#expand(component);
      const results = await Promise.all(targets.map((target) => this.#validateAlone(target)));
      this.#finished(component, results);
      return results;
    });
    return validated.flat();
  }

  /**
   * Policies see the whole release, so every component is expanded before the first is judged. Then those of one digest
   * are judged together: their evidence is looked at once, and let go as soon as it has served them all.
   */
  async validateTogether(policies: PolicyEvaluator): Promise<readonly ComponentResult[]> {
    if (this.own.length === 0) return [];
    const { application, components } = this.#snapshot;
    const release = await mapBounded(components, this.#workers, (component) => this.#expand(component));
    const all = release.flat();
    const snapshot = renderSnapshot({ application, components: all.map(({ component }) => component) });
    if (all.every(({ error }) => error?.kind !== 'undetermined')) this.#seen = fingerprint(snapshot);
    const own = new Set(this.own);
    const expanded = release.filter((_, position) => own.has(components[position] as SnapshotComponent));
    const targets = expanded.flat();
    const ask: Ask = (target, evidence) =>
      evaluatePolicies(policies, { target, evidence, snapshot }, this.#requirements, this.#signal);

    const pending = new Map(
      targets.map((target) => [target, Promise.withResolvers<ComponentResult | undefined>()]),
    );
    const collected = expanded.map(async (own, position) => {
      const results = await Promise.all(own.map((target) => pending.get(target)?.promise));
      const known = results.filter((result) => result !== undefined);
      this.#finished(this.own[position], known);
      return known;
    });
    const groups = groupBySubject(targets);
    await mapBounded(groups, this.#workers, async (group) => {
      this.#shared += group.length - 1;
      const results = await this.#validateGroup(group, ask);
      for (const [position, target] of group.entries()) pending.get(target)?.resolve(results[position]);
    });
    return (await Promise.all(collected)).flat();
  }

  conclude(components: readonly ComponentResult[]): ReleaseResult {
    return {
      components,
      taskBundles: toTaskBundleResults(components, this.#examinedBundles),
      sharedVerifications: this.#shared + this.#images.shared + (this.#bundles?.shared ?? 0),
      ...(this.#seen === undefined ? {} : { release: this.#seen }),
    };
  }

  #expand(component: SnapshotComponent): Promise<readonly Target[]> {
    return expandComponent(this.#tools.images, component, this.#signal);
  }

  #finished(component: SnapshotComponent | undefined, results: readonly ComponentResult[]): void {
    const outcome = worstOutcome(results.map((result) => result.outcome));
    this.#tools.progress.finished(component?.name ?? '', outcome);
  }

  async #validateAlone(target: Target): Promise<ComponentResult> {
    const { repository, manifest } = target;
    if (repository === undefined || manifest === undefined) return this.#validate(target, undefined);
    const examination = await this.#images.examine(repository, manifest);
    return this.#validate(target, { examination, evidence: undefined });
  }

  /** The components of one digest. What an earlier run kept may let policies say yes, and never no. */
  async #validateGroup(group: readonly Target[], ask: Ask): Promise<readonly ComponentResult[]> {
    await this.#room.enter();
    const results = await this.#lookAndValidate(group, ask);
    const isRejected = results.some(({ outcome }) => outcome === 'rejected');
    return isRejected && (await this.#distrust(group)) ? this.#lookAndValidate(group, ask) : results;
  }

  async #lookAndValidate(group: readonly Target[], ask: Ask): Promise<readonly ComponentResult[]> {
    const { repository, manifest } = group[0] ?? {};
    if (repository === undefined || manifest === undefined)
      return Promise.all(group.map((target) => this.#validate(target, undefined)));
    const look = await this.#images.look(repository, manifest);
    const leave = this.#room.hold(look.evidence);
    try {
      return await Promise.all(group.map((target) => this.#validate(target, look, ask)));
    } finally {
      leave();
    }
  }

  async #distrust([target]: readonly Target[]): Promise<boolean> {
    const { repository, manifest } = target ?? {};
    if (repository === undefined || manifest === undefined) return false;
    try {
      return (await this.#tools.proofs?.distrust(repository, manifest.digest)) ?? false;
    } catch {
      return false; // Then nothing of it was used.
    }
  }

  /** A defect in judging one component must not cost the others their report. */
  async #validate(target: Target, look: Look | undefined, ask?: Ask): Promise<ComponentResult> {
    try {
      return await this.#judge(target, look, ask);
    } catch (thrown) {
      const examination = { type: 'failed', error: toProofgateError(thrown) } as const;
      const evidence = { target, examination, tasks: NO_TASKS, bundles: new Map(), evaluation: SKIPPED };
      return judgeComponent(evidence, this.#requirements);
    }
  }

  async #judge(target: Target, look: Look | undefined, ask: Ask | undefined): Promise<ComponentResult> {
    const { examination, evidence } = look ?? {};
    const tasks = examination?.type === 'seen' ? examination.seen.attestations.tasks : NO_TASKS;
    const bundles = (await this.#bundles?.examine(bundlesOf(tasks))) ?? new Map<string, ExaminedBundle>();
    for (const [reference, bundle] of bundles) this.#examinedBundles.set(reference, bundle);
    const evaluation = evidence === undefined ? SKIPPED : ((await ask?.(target, evidence)) ?? SKIPPED);
    const result = judgeComponent({ target, examination, tasks, bundles, evaluation }, this.#requirements);
    if (result.outcome === 'verified' && evaluation.type === 'evaluated') await evaluation.keep();
    const proofs = await this.#keepProofs(target, result.outcome);
    return proofs === undefined ? result : { ...result, proofs };
  }

  /** Keeps what led to a pass, and nothing else; says where it came from. */
  async #keepProofs({ repository, manifest }: Target, outcome: Outcome): Promise<ProofsOrigin | undefined> {
    const { proofs } = this.#tools;
    if (proofs === undefined || repository === undefined || manifest === undefined) return undefined;
    if (outcome === 'verified') await proofs.keep(repository, manifest.digest);
    const origin = await proofs.origin(repository, manifest.digest);
    if (origin.type === 'registry') return { from: 'registry' };
    return { from: 'cache', listedAt: new Date(origin.listedAtMs).toISOString() };
  }
}

function componentsOfShard({ components }: SnapshotSpec, shard: Shard): readonly SnapshotComponent[] {
  const images = imagesOfShard(
    components.map(({ containerImage }) => containerImage),
    shard,
  );
  return components.filter(({ containerImage }) => images.has(containerImage));
}

type Ask = (target: Target, evidence: SubjectResult) => Promise<PolicyEvaluation>;
