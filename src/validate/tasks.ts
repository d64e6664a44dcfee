// The tasks that built the images: named by verified provenance, verified once per bundle.

import { mapBounded } from '../base/bounded.ts';
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { Registry } from '../oci/registry.ts';
import {
  type Finding,
  type SignatureSummary,
  type TaskBundleResult,
  worstOutcome,
} from '../report/report.ts';
import { distinctTasks, findTasks, type TaskUse } from '../verify/task-bundles.ts';
import type { Verified } from '../verify/verifier.ts';
import { type Examination, type Examiner, examineSubjects, subjectKey } from './examination.ts';
import { toFinding } from './findings.ts';

export type TaskBundle = Extract<TaskUse, { type: 'bundle' }>;

/** The tasks of one image; `problem` when its provenance could not be read for them. */
export interface TaskList {
  readonly tasks: readonly TaskUse[];
  readonly problem: ProofgateError | undefined;
}

/** Reads the tasks from attestations that verified. */
export function listTasks(attestations: readonly Verified[]): TaskList {
  try {
    return { tasks: distinctTasks(attestations.flatMap(findTasks)), problem: undefined };
  } catch (error) {
    return { tasks: [], problem: toProofgateError(error) };
  }
}

/** What is known of a bundle after it was looked at. */
export interface ExaminedBundle {
  readonly bundle: TaskBundle;
  readonly findings: readonly Finding[];
  readonly signatures: readonly SignatureSummary[];
}

/** Verifies each distinct bundle once, with the signers given for task bundles. */
export async function examineBundles(
  bundles: readonly TaskBundle[],
  registry: Registry,
  examiner: Examiner,
): Promise<ReadonlyMap<string, ExaminedBundle>> {
  const distinct = [...new Map(bundles.map((bundle) => [bundle.reference, bundle])).values()];
  const examined = await mapBounded(distinct, examiner.workers, async (bundle) => {
    const examination = await examineBundle(bundle, registry, examiner);
    return [bundle.reference, toExaminedBundle(bundle, examination)] as const;
  });
  return new Map(examined);
}

async function examineBundle(
  bundle: TaskBundle,
  registry: Registry,
  examiner: Examiner,
): Promise<Examination> {
  const { repository, digest } = bundle;
  try {
    const manifest = await registry.manifest(repository, digest, examiner.signal);
    const subject = { repository, manifest };
    const examinations = await examineSubjects([subject], examiner, () => {});
    const examination = examinations.get(subjectKey(subject));
    if (examination !== undefined) return examination;
    throw new ProofgateError('INTERNAL', `nobody looked at the task bundle ${bundle.reference}`);
  } catch (error) {
    return { type: 'failed', error: toProofgateError(error) };
  }
}

function toExaminedBundle(bundle: TaskBundle, examination: Examination): ExaminedBundle {
  const term = bundle.reference;
  const code = 'builtin.task_bundle.signature_check';
  if (examination.type === 'failed') {
    return { bundle, findings: [toFinding(code, examination.error, { term })], signatures: [] };
  }
  const { verified, failure } = examination.result.signatures;
  const signatures = verified.map((one) => one.signature);
  if (failure !== undefined) {
    return {
      bundle,
      findings: [toFinding(code, failure.error, { term, details: failure.details })],
      signatures,
    };
  }
  if (signatures.length > 0) return { bundle, findings: [], signatures };
  const nothing = new ProofgateError(
    'INTERNAL',
    `the task bundle ${bundle.reference} has neither proof nor failure`,
  );
  return { bundle, findings: [toFinding(code, nothing, { term })], signatures };
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

/** The report's view of all bundles: which components used each. `examined` is undefined when no signers were given. */
export function toTaskBundleResults(
  uses: ReadonlyMap<string, readonly string[]>,
  examined: ReadonlyMap<string, ExaminedBundle> | undefined,
): readonly TaskBundleResult[] {
  return [...uses.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reference, components]) => {
      const bundle = examined?.get(reference);
      if (bundle === undefined) {
        return { reference, outcome: 'collected', findings: [], signatures: [], components };
      }
      const { findings, signatures } = bundle;
      const outcome =
        findings.length > 0 ? worstOutcome(findings.map((finding) => finding.outcome)) : 'verified';
      return { reference, outcome, findings, signatures, components };
    });
}
