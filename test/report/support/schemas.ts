// The JSON Schemas that the machine-readable reports are validated against.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const addFormats = formats.default;

export type JsonValidator = (value: unknown) => string[];

export function readReportSchema(): {
  readonly $defs: Record<string, { readonly enum?: readonly string[] }>;
} {
  return JSON.parse(readFileSync(new URL('../../../schema/report.schema.json', import.meta.url), 'utf8'));
}

export function reportValidator(): JsonValidator {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
  addFormats(ajv);
  return toValidator(ajv, readReportSchema());
}

/** The official schema as `@microsoft/jest-sarif` ships it (2.1.0-rtm.5; JSON Schema draft 4 in a form that fits 7). */
export function sarifValidator(): JsonValidator {
  const path = createRequire(import.meta.url).resolve(
    '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json',
  );
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(path, 'utf8'));
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
  addFormats(ajv);
  return toValidator(ajv, schema);
}

function toValidator(ajv: Ajv | Ajv2020, schema: object): JsonValidator {
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}
