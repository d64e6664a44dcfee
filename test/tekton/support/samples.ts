// The samples as Tekton reads them. What the reader does not know it refuses: nothing of a sample is passed over.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

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
    results: z.array(z.strictObject({ name: z.string(), description: z.string(), value: z.string() })),
    tasks: z.array(
      z.strictObject({
        name: z.string(),
        taskRef,
        params: z.array(param),
        workspaces: z.array(z.strictObject({ name: z.string(), workspace: z.string() })).default([]),
      }),
    ),
  }),
});
const sample = z.discriminatedUnion('kind', [taskRun, pipeline]);

/** How one sample uses the Task. */
export interface TaskUse {
  /** A TaskRun's own; a Pipeline's may hold variables. */
  readonly params: Readonly<Record<string, string>>;
  readonly workspaces: readonly string[];
  /** Claims that its pod mounts: Tekton's affinity assistant takes one. */
  readonly claims: ReadonlySet<string>;
  /** What the variables of a Pipeline stand for unless it is told otherwise; undefined: it has to be told. */
  readonly pipelineParams: ReadonlyMap<string, string | undefined>;
}

export function readSample(path: string): readonly TaskUse[] {
  const { kind, spec } = sample.parse(parse(readFileSync(path, 'utf8')));
  const toParams = (params: readonly z.infer<typeof param>[]) =>
    Object.fromEntries(params.map(({ name, value }) => [name, value]));
  if (kind === 'TaskRun') {
    const claims = spec.workspaces.flatMap((one) => one.persistentVolumeClaim?.claimName ?? []);
    const workspaces = spec.workspaces.map(({ name }) => name);
    return [
      { params: toParams(spec.params), workspaces, claims: new Set(claims), pipelineParams: new Map() },
    ];
  }
  const pipelineParams = new Map(spec.params.map((one) => [one.name, one.default]));
  return spec.tasks.map(({ params, workspaces }) => ({
    params: toParams(params),
    workspaces: workspaces.map(({ name }) => name),
    claims: new Set(workspaces.map(({ workspace }) => workspace)),
    pipelineParams,
  }));
}

export function sampleNames(folder: string): readonly string[] {
  return readdirSync(join(folder, 'samples')).sort();
}
