// The tasks that built the images: named by verified provenance, verified once per bundle.
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { ImageSource, KeptProofs } from '../oci/image-source.ts';
import {
  type ComponentResult,
  type Finding,
  type SignatureSummary,
  type TaskBundleResult,
  worstOutcome,
} from '../report/report.ts';
import type { TaskUse } from '../verify/task-bundles.ts';
import type { Examination, Examiner } from './examination.ts';
import { toFinding } from './findings.ts';
import type { TaskBundle } from './task-list.ts';

/** What is known of a bundle after it was looked at. No findings: it verified, and `signatures` says by whom. */
export interface ExaminedBundle {
  readonly findings: readonly Finding[];
  readonly signatures: readonly SignatureSummary[];
}

export interface BundleTools {
  readonly images: ImageSource;
  readonly proofs: KeptProofs | undefined;
}

/** Verifies task bundles with their own signers, each once a run. */
export class BundleExaminer {
  readonly #images: ImageSource;
  readonly #proofs: KeptProofs | undefined;
  readonly #examiner: Examiner;
  readonly #signal: AbortSignal | undefined;
  readonly #bundles = new Map<string, Promise<ExaminedBundle>>();
  #shared = 0;

  constructor({ images, proofs }: BundleTools, examiner: Examiner, signal?: AbortSignal) {
    this.#images = images;
    this.#proofs = proofs;
    this.#examiner = examiner;
    this.#signal = signal;
  }

  get shared(): number {
    return this.#shared;
  }

  /** What is known of each, by reference. Never rejects. */
  async examine(bundles: readonly TaskBundle[]): Promise<ReadonlyMap<string, ExaminedBundle>> {
    const examined = bundles.map(
      async (bundle) => [bundle.reference, await this.#examineOnce(bundle)] as const,
    );
    return new Map(await Promise.all(examined));
  }

  #examineOnce(bundle: TaskBundle): Promise<ExaminedBundle> {
    const known = this.#bundles.get(bundle.reference);
    if (known !== undefined) {
      this.#shared += 1;
      return known;
    }
    const examined = this.#examine(bundle);
    this.#bundles.set(bundle.reference, examined);
    return examined;
  }

  async #examine({ repository, digest, reference }: TaskBundle): Promise<ExaminedBundle> {
    try {
      const manifest = await this.#images.manifest(repository, digest, this.#signal);
      const examined = toExaminedBundle(reference, await this.#examiner.examine(repository, manifest));
      if (examined.findings.length === 0) await this.#proofs?.keep(repository, digest);
      return examined;
    } catch (error) {
      return toExaminedBundle(reference, { type: 'failed', error: toProofgateError(error) });
    }
  }
}

function toExaminedBundle(reference: string, examination: Examination): ExaminedBundle {
  const fail = (error: ProofgateError, details: readonly string[] = []): ExaminedBundle => {
    const finding = toFinding('builtin.task_bundle.signature_check', error, { term: reference, details });
    return { findings: [finding], signatures: [] };
  };
  if (examination.type === 'failed') return fail(examination.error);
  const { signatures, failure } = examination.seen.signatures;
  if (failure !== undefined) return fail(failure.error, failure.details);
  if (signatures.length > 0) return { findings: [], signatures };
  return fail(new ProofgateError('INTERNAL', `${reference} has neither proof nor failure`));
}

/** The finding for a task that cannot be verified at all, whoever signed it. */
export function toTaskFinding(task: Exclude<TaskUse, TaskBundle>): Finding {
  const code = 'builtin.task_bundle.signature_check';
  if (task.type === 'unpinned') {
    const message = `the provenance names the task bundle ${task.reference} without a digest`;
    const hint = 'Pin the bundle by digest in the pipeline: a tag may have pointed elsewhere when it ran.';
    return toFinding(code, new ProofgateError('TASK_UNPINNED', message, { hint }), { term: task.reference });
  }
  const message = `the task ${task.task} has no signature that could be verified: ${task.why}`;
  const hint =
    'Use a task from a signed bundle, pinned by digest, or do not ask for the signatures of task bundles.';
  return toFinding(code, new ProofgateError('TASK_UNVERIFIABLE', message, { hint }), { term: task.task });
}

/** The report's view of all bundles, with the components that used each; none was verified when `examined` lacks it. */
export function toTaskBundleResults(
  components: readonly ComponentResult[],
  examined: ReadonlyMap<string, ExaminedBundle>,
): readonly TaskBundleResult[] {
  const uses = components.flatMap(({ taskBundles, containerImage }) =>
    taskBundles.map((reference) => ({ reference, containerImage })),
  );
  const byReference = Map.groupBy(uses, ({ reference }) => reference);
  return [...byReference.keys()].sort().map((reference) => {
    const users = new Set(byReference.get(reference)?.map(({ containerImage }) => containerImage));
    const { findings, signatures } = examined.get(reference) ?? { findings: [], signatures: [] };
    const outcome = !examined.has(reference)
      ? 'collected'
      : findings.length > 0
        ? worstOutcome(findings.map((finding) => finding.outcome))
        : 'verified';
    return { reference, outcome, findings, signatures, components: [...users] };
  });
}
