// Which Tekton tasks built an image, as its verified provenance names them.
import { z } from 'zod';
import { type Digest, isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { formatRepository, parseReference, pinned, type Repository } from '../oci/reference.ts';
import { parseProvenanceV1, parseProvenanceV02, SLSA_V1, SLSA_V02 } from './slsa.ts';
import type { Verified } from './verifier.ts';

/** A task as provenance names it. Only a pinned bundle can be verified. */
export type TaskUse =
  | {
      readonly type: 'bundle';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly reference: string;
    }
  | { readonly type: 'unpinned'; readonly reference: string }
  | { readonly type: 'unverifiable'; readonly task: string; readonly why: string };

/** A pipeline with more tasks is not one that anybody reads; the rest would be verified in silence. */
const MAX_TASKS = 10_000;

// What Tekton Chains writes of a task: a bundle by name (before Tekton 0.44), or a resolver with parameters.
const taskRef = z.looseObject({
  name: z.string().nullish(),
  bundle: z.string().nullish(),
  resolver: z.string().nullish(),
  params: z.array(z.looseObject({ name: z.string(), value: z.unknown() })).nullish(),
});
const pipelineTasks = z.looseObject({
  tasks: z.array(z.looseObject({ name: z.string().nullish(), ref: taskRef.nullish() })).nullish(),
});
const taskRun = z.looseObject({ spec: z.looseObject({ taskRef: taskRef.nullish() }) });

/**
 * The tasks that a verified statement names; empty for other predicates and for builds that are not Tekton's.
 * Taken from `Verified` only: what nobody signed names nothing.
 * @throws ProofgateError `STATEMENT_INVALID`
 */
export function findTasks(verified: Verified): readonly TaskUse[] {
  if (verified.claim.type !== 'statement') return [];
  const { statement } = verified.claim;
  let tasks: readonly TaskUse[] = [];
  if (statement.predicateType === SLSA_V02) tasks = findTasksV02(parseProvenanceV02(statement));
  if (statement.predicateType === SLSA_V1) tasks = findTasksV1(parseProvenanceV1(statement));
  if (tasks.length <= MAX_TASKS) return tasks;
  throw new ProofgateError('STATEMENT_INVALID', `the provenance names more than ${MAX_TASKS} tasks`);
}

function findTasksV02(predicate: ReturnType<typeof parseProvenanceV02>): readonly TaskUse[] {
  const config = pipelineTasks.safeParse(predicate.buildConfig ?? {});
  if (!config.success) return [unreadable('buildConfig')];
  const ofPipeline = (config.data.tasks ?? []).map((task) =>
    toTaskUse(task.ref ?? {}, task.name ?? 'a task'),
  );
  // Provenance of a single TaskRun: the configuration's source is the task itself.
  const source = predicate.invocation?.configSource;
  if (!/\/TaskRun$/.test(predicate.buildType) || source?.uri == null || source.uri === '') return ofPipeline;
  return [...ofPipeline, toPinnedUse(source.uri, source.digest ?? {}, source.entryPoint ?? 'a task')];
}

function findTasksV1(predicate: ReturnType<typeof parseProvenanceV1>): readonly TaskUse[] {
  return (predicate.buildDefinition.resolvedDependencies ?? [])
    .filter((dependency) => dependency.name === 'task' || dependency.name === 'pipelineTask')
    .map((dependency) => {
      if (dependency.uri != null) return toPinnedUse(dependency.uri, dependency.digest ?? {}, dependency.uri);
      if (dependency.content != null) return toContentUse(dependency.content);
      return unreadable(`dependency ${dependency.name}`);
    });
}

function toContentUse(content: string): TaskUse {
  try {
    const run = taskRun.parse(JSON.parse(Buffer.from(content, 'base64').toString('utf8')));
    return toTaskUse(run.spec.taskRef ?? {}, run.spec.taskRef?.name ?? 'a task');
  } catch {
    return unreadable('the content of a pipelineTask dependency');
  }
}

function toTaskUse(ref: z.infer<typeof taskRef>, task: string): TaskUse {
  const parameter =
    ref.resolver === 'bundles' ? ref.params?.find((p) => p.name === 'bundle')?.value : undefined;
  const bundle = ref.bundle || parameter;
  if (typeof bundle === 'string') return toPinnedUse(bundle, {}, task);
  const why =
    ref.resolver == null
      ? 'it is defined in the cluster or in the pipeline itself'
      : `it comes through the resolver ${JSON.stringify(ref.resolver)}`;
  return { type: 'unverifiable', task, why };
}

function toPinnedUse(uri: string, digests: { readonly sha256?: string | undefined }, task: string): TaskUse {
  const text = uri.replace(/^oci:\/\//, '');
  if (/^[a-z+]+:\/\//i.test(text)) {
    return { type: 'unverifiable', task, why: `it comes from ${uri}` };
  }
  try {
    const { repository, digest } = parseReference(text);
    const stated = digests.sha256 === undefined ? undefined : `sha256:${digests.sha256}`;
    if (stated !== undefined && digest !== undefined && stated !== digest)
      return unreadable(`${uri}: two digests`);
    const known = digest ?? stated;
    if (known === undefined || !isDigest(known)) return { type: 'unpinned', reference: text };
    return { type: 'bundle', repository, digest: known, reference: pinned(repository, known) };
  } catch {
    return unreadable(uri);
  }
}

function unreadable(what: string): TaskUse {
  return {
    type: 'unverifiable',
    task: what,
    why: 'the provenance does not name it in a form that can be read',
  };
}

/** Distinct by what they say, in the order found. */
export function distinctTasks(tasks: readonly TaskUse[]): readonly TaskUse[] {
  return [...new Map(tasks.map((task) => [describeTask(task), task])).values()];
}

/** One line that names the task: the reference, or the task and why it cannot be verified. */
export function describeTask(task: TaskUse): string {
  switch (task.type) {
    case 'bundle':
      return `${formatRepository(task.repository)}@${task.digest}`;
    case 'unpinned':
      return task.reference;
    case 'unverifiable':
      return `${task.task} (${task.why})`;
  }
}
