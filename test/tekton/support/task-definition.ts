// A Task as Tekton reads it (tekton.dev/v1): what of it our task uses, and the variables that Tekton replaces in it.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const nameAndValue = z.strictObject({ name: z.string(), value: z.string() });
const mount = z.strictObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: z.string().optional(),
  readOnly: z.boolean().optional(),
});
const securityContext = z.strictObject({
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.number().optional(),
  runAsGroup: z.number().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  capabilities: z.strictObject({ drop: z.array(z.string()) }).optional(),
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }).optional(),
});
const container = {
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(nameAndValue).optional(),
  volumeMounts: z.array(mount).optional(),
  securityContext: securityContext.optional(),
  computeResources: z
    .strictObject({
      requests: z.record(z.string(), z.string()).optional(),
      limits: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
};
const step = z.strictObject({
  ...container,
  name: z.string(),
  image: z.string(),
  onError: z.enum(['continue', 'stopAndFail']).optional(),
  when: z
    .array(
      z.strictObject({ input: z.string(), operator: z.enum(['in', 'notin']), values: z.array(z.string()) }),
    )
    .optional(),
});
const volume = z.strictObject({
  name: z.string(),
  emptyDir: z.strictObject({}).optional(),
  configMap: z
    .strictObject({
      name: z.string(),
      optional: z.boolean().optional(),
      items: z.array(z.strictObject({ key: z.string(), path: z.string() })).optional(),
    })
    .optional(),
});
const parameter = z.strictObject({
  name: z.string(),
  type: z.literal('string'),
  description: z.string(),
  default: z.string().optional(),
});
const workspace = z.strictObject({
  name: z.string(),
  description: z.string(),
  optional: z.boolean().optional(),
  readOnly: z.boolean().optional(),
  mountPath: z.string().optional(),
});

// What the interpreter does not know it refuses: a test that ignored a field would prove nothing about it.
export const taskSpec = z.strictObject({
  description: z.string().default(''),
  params: z.array(parameter).default([]),
  workspaces: z.array(workspace).optional(),
  results: z
    .array(z.strictObject({ name: z.string(), type: z.literal('string'), description: z.string() }))
    .default([]),
  stepTemplate: z.strictObject(container).optional(),
  steps: z.array(step),
  volumes: z.array(volume).optional(),
});
const task = z.strictObject({
  apiVersion: z.literal('tekton.dev/v1'),
  kind: z.literal('Task'),
  metadata: z.looseObject({ name: z.string() }),
  spec: taskSpec,
});

export type TaskDefinition = z.infer<typeof task>;
export type TaskSpec = z.infer<typeof taskSpec>;
export type TaskStep = z.infer<typeof step>;

export function readTask(path: string): TaskDefinition {
  return task.parse(parse(readFileSync(path, 'utf8')));
}

/** `$(name)`, with the value of each; a name that is not in it stays as it is. */
export type Variables = ReadonlyMap<string, string>;

/** Replaces variables in every text of a value; what is put in is not looked at again. */
export function substitute<T>(value: T, variables: Variables): T {
  return mapTexts(value, (text) =>
    text.replaceAll(VARIABLE, (whole, name: string) => variables.get(name) ?? whole),
  );
}

/** Names of all variables in a value. */
export function variablesIn(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  mapTexts(value, (text) => {
    for (const [, name = ''] of text.matchAll(VARIABLE)) names.add(name);
    return text;
  });
  return names;
}

const VARIABLE = /\$\(([^()]+)\)/g;

function mapTexts<T>(value: T, map: (text: string) => string): T {
  if (typeof value === 'string') return map(value) as T;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, map)])) as T;
}

/** A step with what the template gives all of them; the step's own wins, as in Kubernetes' strategic merge. */
export function withTemplate(own: TaskStep, template: TaskSpec['stepTemplate'] = {}): TaskStep {
  const byKey = <T>(key: (item: T) => string, ...lists: readonly (readonly T[] | undefined)[]) => [
    ...new Map(lists.flatMap((list) => list ?? []).map((item) => [key(item), item])).values(),
  ];
  return {
    ...template,
    ...own,
    env: byKey((variable) => variable.name, template.env, own.env),
    volumeMounts: byKey((one) => one.mountPath, template.volumeMounts, own.volumeMounts),
    securityContext: { ...template.securityContext, ...own.securityContext },
    computeResources: own.computeResources ?? template.computeResources,
  };
}
