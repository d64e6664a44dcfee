// The product: every component of a release looked at and judged, and the task bundles that built them.
import type { Registry } from '../oci/registry.ts';
import type { Progress } from '../report/progress.ts';
import type { ComponentResult, TaskBundleResult } from '../report/report.ts';
import { hasSigners, type Signers } from '../verify/signers.ts';
import type { SubjectVerifier } from '../verify/subject.ts';
import { judgeComponent, type Requirements } from './component.ts';
import { type Examination, type Examiner, examineSubjects, type Subject, subjectKey } from './examination.ts';
import { expandSnapshot, type Target } from './expansion.ts';
import type { SnapshotSpec } from './snapshot.ts';
import { examineBundles, listTasks, type TaskList, toTaskBundleResults } from './tasks.ts';

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
  readonly registry: Registry;
  readonly verifier: SubjectVerifier;
  readonly progress: Progress;
}

export interface ReleaseResult {
  readonly components: readonly ComponentResult[];
  readonly taskBundles: readonly TaskBundleResult[];
  /** Components and bundle uses that were answered by a verification made for another. */
  readonly sharedVerifications: number;
}

const NO_TASKS: TaskList = { tasks: [], problem: undefined };

/**
 * Validates every component, always: failures become findings, and an aborted `signal` leaves what is known,
 * with the rest `undetermined`.
 */
export async function validateRelease(
  options: ReleaseOptions,
  { registry, verifier, progress }: ReleaseTools,
  signal?: AbortSignal,
): Promise<ReleaseResult> {
  const { workers, signers } = options;
  const requirements = toRequirements(options);
  const targets = await expandSnapshot(registry, options.snapshot, workers, signal);
  const subjects = targets.flatMap(toSubject);
  const wanted = {
    signature: requirements.signature,
    attestation: requirements.attestation || requirements.taskBundles,
  };
  const examiner: Examiner = { verifier, signers, wanted, workers, signal };
  const { started, examined } = reportProgress(targets, requirements, progress);
  started();
  const examinations = await examineSubjects(subjects, examiner, examined);

  const tasks = new Map<string, TaskList>();
  for (const [key, examination] of examinations) {
    if (examination.type === 'seen') tasks.set(key, listTasks(examination.result.attestations.verified));
  }
  const tasksOf = (target: Target): TaskList => {
    const [subject] = toSubject(target);
    return (subject && tasks.get(subjectKey(subject))) ?? NO_TASKS;
  };
  const uses = mapUses(targets, tasksOf);
  const bundles = await examineAllBundles([...tasks.values()], options, { registry, examiner });

  const components = targets.map((target) => {
    const [subject] = toSubject(target);
    const examination = subject && examinations.get(subjectKey(subject));
    const evidence = { target, examination, tasks: tasksOf(target), bundles: bundles ?? new Map() };
    return judgeComponent(evidence, requirements);
  });
  const taskUses = [...uses.values()].reduce((sum, users) => sum + users.length, 0);
  return {
    components,
    taskBundles: toTaskBundleResults(uses, bundles),
    sharedVerifications:
      subjects.length - examinations.size + (bundles === undefined ? 0 : taskUses - bundles.size),
  };
}

/** Progress counts components; what is said of one while tasks are still to come is provisional. */
function reportProgress(targets: readonly Target[], requirements: Requirements, progress: Progress) {
  const told = { ...requirements, taskBundles: false };
  const tell = (target: Target, examination: Examination | undefined) => {
    const evidence = { target, examination, tasks: NO_TASKS, bundles: new Map() };
    progress.finished(target.component.name, judgeComponent(evidence, told).outcome);
  };
  const bySubject = Map.groupBy(targets, (target) => toSubject(target).map(subjectKey)[0]);
  return {
    started: () => {
      progress.start(targets.length);
      for (const target of bySubject.get(undefined) ?? []) tell(target, undefined);
    },
    examined: (subject: Subject, examination: Examination) => {
      for (const target of bySubject.get(subjectKey(subject)) ?? []) tell(target, examination);
    },
  };
}

function toRequirements({ require, taskBundleSigners }: ReleaseOptions): Requirements {
  return {
    signature: require.has('signature'),
    attestation: require.has('attestation'),
    taskBundles: taskBundleSigners !== undefined && hasSigners(taskBundleSigners),
  };
}

function toSubject({ repository, manifest }: Target): readonly Subject[] {
  return repository === undefined || manifest === undefined ? [] : [{ repository, manifest }];
}

function mapUses(
  targets: readonly Target[],
  tasksOf: (target: Target) => TaskList,
): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  for (const target of targets) {
    for (const task of tasksOf(target).tasks) {
      if (task.type !== 'bundle') continue;
      const users = uses.get(task.reference) ?? [];
      if (!users.includes(target.component.containerImage)) users.push(target.component.containerImage);
      uses.set(task.reference, users);
    }
  }
  return uses;
}

async function examineAllBundles(
  lists: readonly TaskList[],
  { taskBundleSigners }: ReleaseOptions,
  { registry, examiner }: { registry: Registry; examiner: Examiner },
) {
  if (taskBundleSigners === undefined) return undefined;
  const bundles = lists.flatMap((list) =>
    list.tasks.flatMap((task) => (task.type === 'bundle' ? [task] : [])),
  );
  const wanted = { signature: true, attestation: false };
  return examineBundles(bundles, registry, { ...examiner, signers: taskBundleSigners, wanted });
}
