// The tasks that built one image, as its verified provenance names them.
import { type ProofgateError, toProofgateError } from '../base/errors.ts';
import { distinctTasks, findTasks, type TaskUse } from '../verify/task-bundles.ts';
import type { Verified } from '../verify/verifier.ts';

export type TaskBundle = Extract<TaskUse, { type: 'bundle' }>;

/** The tasks of one image; `problem` when its provenance could not be read for them. */
export interface TaskList {
  readonly tasks: readonly TaskUse[];
  readonly problem: ProofgateError | undefined;
}

export const NO_TASKS: TaskList = { tasks: [], problem: undefined };

/** Reads the tasks from attestations that verified. */
export function listTasks(attestations: readonly Verified[]): TaskList {
  try {
    return { tasks: distinctTasks(attestations.flatMap(findTasks)), problem: undefined };
  } catch (error) {
    return { tasks: [], problem: toProofgateError(error) };
  }
}

export function bundlesOf(list: TaskList): readonly TaskBundle[] {
  return list.tasks.filter((task) => task.type === 'bundle');
}
