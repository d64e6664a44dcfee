// Tekton's own schema of a Task, made strict: the API server drops fields that it does not know, and so would hide a
// misspelt one.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';

const FILE = fileURLToPath(new URL('../../../../shared/tekton/task-crd-v1.9.6.yaml', import.meta.url));
const crd = z.looseObject({
  spec: z.looseObject({
    versions: z.array(
      z.looseObject({ name: z.string(), schema: z.looseObject({ openAPIV3Schema: z.unknown() }) }),
    ),
  }),
});

/** @throws Error when the definition is not there: its absence must not look like a pass */
export function compileTaskSchema(): ValidateFunction {
  if (!existsSync(FILE)) throw new Error(`Tekton's definition of a Task is not at ${FILE}`);
  const { spec } = crd.parse(parse(readFileSync(FILE, 'utf8'), { maxAliasCount: -1 }));
  const version = spec.versions.find(({ name }) => name === 'v1');
  if (version === undefined) throw new Error('the definition has no v1');
  // Kubernetes' own words and formats are no part of JSON Schema.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  return ajv.compile(toStrict(version.schema.openAPIV3Schema) as object);
}

/** Objects with named fields take no others, unless the definition says so. */
function toStrict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toStrict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, toStrict(value)] as const);
  const isOpen = 'additionalProperties' in schema || 'x-kubernetes-preserve-unknown-fields' in schema;
  const isNamed = 'properties' in schema && 'type' in schema && schema.type === 'object';
  return Object.fromEntries([...entries, ...(isNamed && !isOpen ? [['additionalProperties', false]] : [])]);
}
