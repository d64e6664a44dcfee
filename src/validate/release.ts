// The product: every component of a release looked at and judged, and the task bundles that built them.
import { mapBounded } from '../base/bounded.ts';
import { toProofgateError } from '../base/errors.ts';
import type { ImageSource, KeptProofs } from '../oci/image-source.ts';
import type { Progress } from '../report/progress.ts';
import {
  type ComponentResult,
  type Outcome,
  type ProofsOrigin,
  type TaskBundleResult,
  worstOutcome,
} from '../report/report.ts';
import type { Signers } from '../verify/signers.ts';
import type { SubjectVerifier } from '../verify/subject.ts';
import { judgeComponent, type Requirements } from './component.ts';
import { Examiner } from './examination.ts';
import { expandComponent, type Target } from './expansion.ts';
import type { SnapshotComponent, SnapshotSpec } from './snapshot.ts';
import { bundlesOf, NO_TASKS } from './task-list.ts';
import { BundleExaminer, type ExaminedBundle, toTaskBundleResults } from './tasks.ts';

export interface ReleaseOptions {
  readonly snapshot: SnapshotSpec;
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
  readonly verifier: SubjectVerifier;
  readonly progress: Progress;
}

export interface ReleaseResult {
  readonly components: readonly ComponentResult[];
  readonly taskBundles: readonly TaskBundleResult[];
  /** Components and bundle uses that were answered by a verification made for another. */
  readonly sharedVerifications: number;
}

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
  const { components } = options.snapshot;
  tools.progress.start(components.length);
  const validated = await mapBounded(components, options.workers, async (component) => {
    const results = await release.validate(component);
    tools.progress.finished(component.name, worstOutcome(results.map((result) => result.outcome)));
    return results;
  });
  return release.conclude(validated.flat());
}

/** The work that the components of one release share. */
class Release {
  readonly #tools: ReleaseTools;
  readonly #signal: AbortSignal | undefined;
  readonly #requirements: Requirements;
  readonly #images: Examiner;
  readonly #bundles: BundleExaminer | undefined;
  readonly #examinedBundles = new Map<string, ExaminedBundle>();

  constructor(options: ReleaseOptions, tools: ReleaseTools, signal: AbortSignal | undefined) {
    const { signers, taskBundleSigners, require } = options;
    const taskBundles = taskBundleSigners !== undefined;
    this.#tools = tools;
    this.#signal = signal;
    this.#requirements = {
      signature: require.has('signature'),
      attestation: require.has('attestation'),
      taskBundles,
    };
    const { signature, attestation } = this.#requirements;
    // Only verified provenance says which tasks ran.
    const wanted = { signature, attestation: attestation || taskBundles };
    this.#images = new Examiner(tools, signers, wanted, signal);
    if (taskBundleSigners !== undefined) {
      const signatureOnly = { signature: true, attestation: false };
      const examiner = new Examiner(tools, taskBundleSigners, signatureOnly, signal);
      this.#bundles = new BundleExaminer(tools, examiner, signal);
    }
  }

  /** The component's result and, for an index, its children's. */
  async validate(component: SnapshotComponent): Promise<readonly ComponentResult[]> {
    const targets = await expandComponent(this.#tools.images, component, this.#signal);
    return Promise.all(targets.map((target) => this.#validateSafely(target)));
  }

  conclude(components: readonly ComponentResult[]): ReleaseResult {
    return {
      components,
      taskBundles: toTaskBundleResults(components, this.#examinedBundles),
      sharedVerifications: this.#images.shared + (this.#bundles?.shared ?? 0),
    };
  }

  /** A defect in judging one component must not cost the others their report. */
  async #validateSafely(target: Target): Promise<ComponentResult> {
    try {
      return await this.#validateTarget(target);
    } catch (thrown) {
      const examination = { type: 'failed', error: toProofgateError(thrown) } as const;
      return judgeComponent({ target, examination, tasks: NO_TASKS, bundles: new Map() }, this.#requirements);
    }
  }

  async #validateTarget(target: Target): Promise<ComponentResult> {
    const { repository, manifest } = target;
    const examination =
      repository === undefined || manifest === undefined
        ? undefined
        : await this.#images.examine(repository, manifest);
    const tasks = examination?.type === 'seen' ? examination.seen.attestations.tasks : NO_TASKS;
    const bundles = (await this.#bundles?.examine(bundlesOf(tasks))) ?? new Map<string, ExaminedBundle>();
    for (const [reference, bundle] of bundles) this.#examinedBundles.set(reference, bundle);
    const result = judgeComponent({ target, examination, tasks, bundles }, this.#requirements);
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
