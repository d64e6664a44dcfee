// The samples as Tekton reads them. What the reader does not know it refuses: nothing of a sample is passed over.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type TaskSpec, taskSpec } from './task-definition.ts';

const param = z.strictObject({ name: z.string(), value: z.string() });
const binding = z
  .strictObject({
    name: z.string(),
    subPath: z.string().optional(),
    configMap: z.strictObject({ name: z.string() }).optional(),
    secret: z.strictObject({ secretName: z.string() }).optional(),
    persistentVolumeClaim: z.strictObject({ claimName: z.string() }).optional(),
  })
  .refine(
    ({ configMap, secret, persistentVolumeClaim }) =>
      [configMap, secret, persistentVolumeClaim].filter((one) => one !== undefined).length === 1,
    'a workspace is one volume',
  );
const taskRef = z.strictObject({ name: z.literal('proofgate-verify') });
const apiVersion = z.literal('tekton.dev/v1');
const taskRun = z.strictObject({
  apiVersion,
  kind: z.literal('TaskRun'),
  metadata: z.strictObject({ name: z.string() }).or(z.strictObject({ generateName: z.string() })),
  spec: z.strictObject({
    taskRef,
    params: z.array(param),
    workspaces: z.array(binding).default([]),
    podTemplate: z
      .strictObject({ securityContext: z.strictObject({ fsGroup: z.literal(65532) }) })
      .optional(),
  }),
});
const inPipeline = {
  name: z.string(),
  params: z.array(param).default([]),
  workspaces: z
    .array(z.strictObject({ name: z.string(), workspace: z.string(), subPath: z.string().optional() }))
    .default([]),
};
const pipeline = z.strictObject({
  apiVersion,
  kind: z.literal('Pipeline'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    params: z.array(
      z.strictObject({
        name: z.string(),
        type: z.literal('string'),
        description: z.string(),
        default: z.string().optional(),
      }),
    ),
    workspaces: z.array(
      z.strictObject({ name: z.string(), description: z.string(), optional: z.boolean().optional() }),
    ),
    results: z
      .array(z.strictObject({ name: z.string(), description: z.string(), value: z.string() }))
      .default([]),
    tasks: z.array(
      z.strictObject({
        ...inPipeline,
        taskRef,
        matrix: z
          .strictObject({
            params: z.tuple([z.strictObject({ name: z.string(), value: z.array(z.string()) })]),
          })
          .optional(),
      }),
    ),
    finally: z.array(z.strictObject({ ...inPipeline, taskSpec })).default([]),
  }),
});
const sample = z.discriminatedUnion('kind', [taskRun, pipeline]);
type PipelineTask = z.infer<typeof pipeline>['spec']['tasks'][number];

/** One pod that a sample starts. */
export interface TaskUse {
  /** Of the sample itself; undefined: the Task of the catalogue. */
  readonly spec?: TaskSpec;
  /** A TaskRun's own; a Pipeline's may hold variables. */
  readonly params: Readonly<Record<string, string>>;
  /** What is mounted, by workspace: the same text is the same folder. */
  readonly workspaces: Readonly<Record<string, string>>;
  /** Claims that its pod mounts: Tekton's affinity assistant takes one. */
  readonly claims: ReadonlySet<string>;
  /** What the variables of a Pipeline stand for unless it is told otherwise; undefined: it has to be told. */
  readonly pipelineParams: ReadonlyMap<string, string | undefined>;
}

/** In the order in which they start. */
export function readSample(path: string): readonly TaskUse[] {
  const read = sample.parse(parse(readFileSync(path, 'utf8')));
  return read.kind === 'TaskRun' ? [useOfRun(read)] : usesOfPipeline(read);
}

function useOfRun({ spec: { params, workspaces } }: z.infer<typeof taskRun>): TaskUse {
  const mounted = workspaces.map(
    ({ name, subPath = '', configMap, secret, persistentVolumeClaim }) =>
      [
        name,
        [configMap?.name ?? secret?.secretName ?? persistentVolumeClaim?.claimName, subPath].join('/'),
      ] as const,
  );
  const claims = workspaces.flatMap((one) => one.persistentVolumeClaim?.claimName ?? []);
  return {
    params: toParams(params),
    workspaces: Object.fromEntries(mounted),
    claims: new Set(claims),
    pipelineParams: new Map(),
  };
}

function usesOfPipeline({ spec }: z.infer<typeof pipeline>): TaskUse[] {
  const pipelineParams = new Map(spec.params.map((one) => [one.name, one.default]));
  const toUse = ({ params, workspaces }: Pick<PipelineTask, 'params' | 'workspaces'>) => ({
    params: toParams(params),
    workspaces: Object.fromEntries(
      workspaces.map(({ name, workspace, subPath = '' }) => [name, `${workspace}/${subPath}`]),
    ),
    claims: new Set(workspaces.map(({ workspace }) => workspace)),
    pipelineParams,
  });
  const expanded = spec.tasks.flatMap(({ matrix, ...task }) => {
    const [own] = matrix?.params ?? [];
    if (own === undefined) return [task];
    return own.value.map((value) => ({ ...task, params: [...task.params, { name: own.name, value }] }));
  });
  return [...expanded.map(toUse), ...spec.finally.map((task) => ({ ...toUse(task), spec: task.taskSpec }))];
}

function toParams(params: readonly z.infer<typeof param>[]): Record<string, string> {
  return Object.fromEntries(params.map(({ name, value }) => [name, value]));
}

export function sampleNames(folder: string): readonly string[] {
  return readdirSync(join(folder, 'samples')).sort();
}
