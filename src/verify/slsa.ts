// SLSA provenance v0.2 and v1: what a verified statement must look like before anyone reads it.
// Sources: slsa.dev/provenance/v0.2, slsa.dev/spec/v1.0/provenance, in-toto attestation spec v0.1 and v1.
// Optional members may be null, since Go writes empty ones so.
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import type { Statement } from './statement.ts';

export const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
export const SLSA_V1 = 'https://slsa.dev/provenance/v1';

/** More problems than these say nothing new. */
const MAX_PROBLEMS = 10;

// The algorithms of in-toto's DigestSet, v0.1 and v1.
const DIGEST_ALGORITHMS = [
  ...['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512_224', 'sha512_256'],
  ...['sha3_224', 'sha3_256', 'sha3_384', 'sha3_512', 'shake128', 'shake256'],
  ...['blake2b', 'blake2s', 'ripemd160', 'sm3', 'gost', 'md5'],
  ...['dirHash', 'gitCommit', 'gitTree', 'gitBlob', 'gitTag'],
] as const;

const hex = z.string().regex(/^[0-9a-f]+$/, 'is not lower-case hex');
const digestSet = z.partialRecord(z.enum(DIGEST_ALGORITHMS), hex);
const someDigest = digestSet.refine((set) => Object.keys(set).length > 0, 'has no digest');
// RFC 3986: a scheme and something after it.
const uri = z.string().regex(/^[A-Za-z][A-Za-z0-9+.-]*:\S+$/, 'is not a URI');
// Tekton Chains writes URIs of sources, and v0.2's build types, without a scheme.
const looseUri = z.string();
const looseType = z.string().regex(/^\S+$/, 'is not a type URI');
const timestamp = z.iso.datetime({ error: 'is not an RFC 3339 time that ends in Z' });
const anyObject = z.record(z.string(), z.unknown());

const subjectV01 = z.array(z.looseObject({ name: z.string().min(1), digest: someDigest })).min(1);
const subjectV1 = z.array(z.looseObject({ name: z.string().nullish(), digest: someDigest })).min(1);

const predicateV02 = z.looseObject({
  builder: z.looseObject({ id: uri }),
  buildType: looseType,
  invocation: z
    .looseObject({
      configSource: z
        .looseObject({
          uri: looseUri.nullish(),
          digest: digestSet.nullish(),
          entryPoint: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  buildConfig: anyObject.nullish(),
  metadata: z
    .looseObject({
      buildInvocationId: z.string().nullish(),
      buildStartedOn: timestamp.nullish(),
      buildFinishedOn: timestamp.nullish(),
      completeness: z
        .looseObject({
          parameters: z.boolean().nullish(),
          environment: z.boolean().nullish(),
          materials: z.boolean().nullish(),
        })
        .nullish(),
      reproducible: z.boolean().nullish(),
    })
    .nullish(),
  materials: z.array(z.looseObject({ uri: looseUri.nullish(), digest: digestSet.nullish() })).nullish(),
});

const resource = z
  .looseObject({
    name: z.string().nullish(),
    uri: looseUri.nullish(),
    digest: digestSet.nullish(),
    content: z.base64().nullish(),
    downloadLocation: looseUri.nullish(),
    mediaType: z.string().nullish(),
    annotations: anyObject.nullish(),
  })
  .refine((r) => r.uri != null || r.digest != null || r.content != null, 'has none of uri, digest, content');

const predicateV1 = z.looseObject({
  buildDefinition: z.looseObject({
    buildType: uri,
    externalParameters: anyObject,
    internalParameters: anyObject.nullish(),
    resolvedDependencies: z.array(resource).nullish(),
  }),
  runDetails: z.looseObject({
    builder: z.looseObject({
      id: uri,
      builderDependencies: z.array(resource).nullish(),
      version: z.record(z.string(), z.string()).nullish(),
    }),
    metadata: z
      .looseObject({
        invocationId: z.string().nullish(),
        startedOn: timestamp.nullish(),
        finishedOn: timestamp.nullish(),
      })
      .nullish(),
    byproducts: z.array(resource).nullish(),
  }),
});

const STATEMENT_V01 = 'https://in-toto.io/Statement/v0.1';
const STATEMENT_V1 = 'https://in-toto.io/Statement/v1';

const schemas: Readonly<Record<string, z.ZodType>> = {
  [SLSA_V02]: z.looseObject({
    _type: z.literal(STATEMENT_V01),
    subject: subjectV01,
    predicate: predicateV02,
  }),
  [SLSA_V1]: z.looseObject({
    _type: z.enum([STATEMENT_V01, STATEMENT_V1]),
    subject: subjectV1,
    predicate: predicateV1,
  }),
};

export type ProvenanceV02 = z.infer<typeof predicateV02>;
export type ProvenanceV1 = z.infer<typeof predicateV1>;

export function isProvenance(statement: Statement): boolean {
  return statement.predicateType === SLSA_V02 || statement.predicateType === SLSA_V1;
}

/**
 * What is wrong with a statement whose predicate is SLSA provenance: one line a problem, at most ten.
 * Empty: it conforms, or it is a predicate of another type.
 */
export function findSyntaxProblems(statement: Statement): readonly string[] {
  const schema = Object.hasOwn(schemas, statement.predicateType)
    ? schemas[statement.predicateType]
    : undefined;
  if (schema === undefined) return [];
  const parsed = schema.safeParse(statement.json);
  if (parsed.success) return [];
  return parsed.error.issues
    .slice(0, MAX_PROBLEMS)
    .map((issue) => `${issue.path.join('.') || 'statement'} ${issue.message}`);
}

/** @throws ProofgateError `STATEMENT_INVALID` */
export function parseProvenanceV02(statement: Statement): ProvenanceV02 {
  return parsePredicate(predicateV02, statement);
}

/** @throws ProofgateError `STATEMENT_INVALID` */
export function parseProvenanceV1(statement: Statement): ProvenanceV1 {
  return parsePredicate(predicateV1, statement);
}

function parsePredicate<T>(schema: z.ZodType<T>, statement: Statement): T {
  const parsed = schema.safeParse(statement.predicate);
  if (parsed.success) return parsed.data;
  throw new ProofgateError(
    'STATEMENT_INVALID',
    `the ${statement.predicateType} predicate breaks its schema`,
    {
      cause: parsed.error,
      hint: 'Find out what wrote this provenance: it does not follow the SLSA specification.',
    },
  );
}
