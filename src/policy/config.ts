// An EnterpriseContractPolicy (Conforma's custom resource): its text → one frozen PolicyConfig. Fetches nothing.
import { z } from 'zod';
import { type Digest, isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { isMapValue } from '../base/exact-number.ts';
import { parseStructuredText } from '../base/structured-text.ts';
import { parseReference, type Repository } from '../oci/reference.ts';
import { parseInstant } from './effective-time.ts';

export interface PolicyConfig {
  readonly sources: readonly SourceGroup[];
  /** Deprecated; holds for groups that have no criteria of their own. */
  readonly configuration: GlobalConfiguration | undefined;
  readonly publicKey: string | undefined;
  readonly rekorUrl: string | undefined;
  readonly identity: PolicyIdentity | undefined;
  /** The spec as it was written; numbers in it keep their digits (`JSON.stringify` writes them as they were). */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Policies that are evaluated together, on their own data. */
export interface SourceGroup {
  readonly name: string | undefined;
  /** URLs; at least one. */
  readonly policy: readonly string[];
  readonly data: readonly string[];
  /** Numbers in it keep their digits. */
  readonly ruleData: Readonly<Record<string, unknown>> | undefined;
  /** Undefined: the member is not there at all. */
  readonly config: CriteriaLists | undefined;
  readonly volatileConfig: VolatileLists | undefined;
}

export interface CriteriaLists {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface GlobalConfiguration extends CriteriaLists {
  readonly collections: readonly string[];
}

export interface VolatileLists {
  readonly include: readonly VolatileCriterion[];
  readonly exclude: readonly VolatileCriterion[];
}

/** A criterion that holds for a time, and perhaps for some images only. */
export interface VolatileCriterion {
  readonly value: string;
  /** Milliseconds since the epoch, both inclusive; undefined: unbounded. */
  readonly effectiveOnMs: number | undefined;
  readonly effectiveUntilMs: number | undefined;
  readonly scope: VolatileScope;
  readonly reference: string | undefined;
}

export type VolatileScope =
  | { readonly type: 'all' }
  | { readonly type: 'digest'; readonly digest: Digest }
  | { readonly type: 'repository'; readonly repository: Repository }
  | { readonly type: 'components'; readonly names: readonly string[] };

export interface PolicyIdentity {
  readonly subject: string | undefined;
  readonly subjectRegExp: string | undefined;
  readonly issuer: string | undefined;
  readonly issuerRegExp: string | undefined;
}

/** A policy's text is at most this long. */
export const MAX_POLICY_BYTES = 4 * 1024 * 1024;
const MAX_YAML_BYTES = 1024 * 1024;
const MAX_GROUPS = 100;
const MAX_URLS = 100;
const MAX_CRITERIA = 10_000;
const MAX_TEXT = 4096;
const MAX_PROBLEMS = 10;
const API_GROUP = 'appstudio.redhat.com/';
const KIND = 'EnterpriseContractPolicy';

const text = z.string().max(MAX_TEXT);
const someText = text.min(1, 'is empty');
const texts = (most: number) => z.array(someText).max(most).default([]);
const optional = <T extends z.ZodType>(schema: T) => schema.optional().transform((value) => value);
const digest = z.string().refine(isDigest, 'is no sha256 digest');
const instantMs = text.transform((value, context) => {
  const instant = parseInstant(value);
  if (instant !== undefined) return instant.ms;
  // Conforma skips such an entry, and so drops an exclusion (or an inclusion) that somebody counts on.
  context.addIssue({ code: 'custom', message: 'is neither a date (2026-01-31) nor a time of RFC 3339' });
  return z.NEVER;
});
const bareRepository = text.transform((value, context) => {
  try {
    const { repository } = parseReference(value);
    // Tag and digest both have the last colon.
    if (!/:[^/]*$/.test(value)) return repository;
  } catch {}
  context.addIssue({ code: 'custom', message: 'is no repository (host/name, without tag and digest)' });
  return z.NEVER;
});

const volatileCriterion = z
  .strictObject({
    value: someText,
    effectiveOn: optional(instantMs),
    effectiveUntil: optional(instantMs),
    imageRef: optional(digest),
    imageDigest: optional(digest),
    imageUrl: optional(bareRepository),
    componentNames: optional(z.array(someText).min(1, 'is empty').max(MAX_CRITERIA)),
    reference: optional(text),
  })
  .transform(({ value, effectiveOn, effectiveUntil, reference, ...scopes }, context): VolatileCriterion => {
    const given = Object.entries(scopes).flatMap(([key, scope]) => (scope === undefined ? [] : [key]));
    if (given.length > 1) context.addIssue({ code: 'custom', message: `has both ${given.join(' and ')}` });
    const scope = toScope(scopes);
    return { value, effectiveOnMs: effectiveOn, effectiveUntilMs: effectiveUntil, scope, reference };
  });

const criteria = { include: texts(MAX_CRITERIA), exclude: texts(MAX_CRITERIA) };
const volatileList = z.array(volatileCriterion).max(MAX_CRITERIA).default([]);
const group = {
  name: optional(text),
  policy: z.array(someText).min(1, 'names no policy').max(MAX_URLS),
  data: texts(MAX_URLS),
  // Taken as it is: zod would copy it, and a number that keeps its digits is an object to it.
  ruleData: optional(z.custom<Readonly<Record<string, unknown>>>(isMapValue, 'is no map')),
  config: optional(z.strictObject(criteria)),
  volatileConfig: optional(z.strictObject({ include: volatileList, exclude: volatileList })),
};
const spec = {
  name: optional(text),
  description: optional(text),
  configuration: optional(z.strictObject({ ...criteria, collections: texts(MAX_CRITERIA) })),
  rekorUrl: optional(text),
  publicKey: optional(z.string().max(MAX_POLICY_BYTES)),
  identity: optional(
    z.strictObject({
      subject: optional(text),
      subjectRegExp: optional(text),
      issuer: optional(text),
      issuerRegExp: optional(text),
    }),
  ),
};
const specOf = {
  refused: z.strictObject({ ...spec, sources: z.array(z.strictObject(group)).max(MAX_GROUPS).default([]) }),
  // A cluster's resources may be newer than we are. What narrows something, a criterion or an identity, stays strict:
  // without the member that is not known it would mean more than was written.
  ignored: z.object({ ...spec, sources: z.array(z.object(group)).max(MAX_GROUPS).default([]) }),
};

/**
 * Reads JSON or YAML: the bare spec, or the whole custom resource.
 * @param name what errors call the text
 * @param unknownMembers of the spec and of its sources; everywhere else they are always refused
 * @throws ProofgateError `BAD_POLICY`, which names each wrong member
 */
export function parsePolicyConfig(
  content: string,
  name: string,
  { unknownMembers = 'refused' }: { readonly unknownMembers?: keyof typeof specOf } = {},
): PolicyConfig {
  const refuse = (why: string) => badPolicy(name, why);
  const limits = { maxBytes: MAX_POLICY_BYTES, maxYamlBytes: MAX_YAML_BYTES };
  const value = parseStructuredText(content, { ...limits, numbers: 'exact', refuse });
  const { raw, path } = findSpec(value, refuse);
  const parsed = specOf[unknownMembers].safeParse(raw);
  if (!parsed.success) throw refuse(describe(parsed.error.issues, path));
  const { sources, configuration, publicKey, rekorUrl, identity } = parsed.data;
  return deepFreeze({
    sources: sources as readonly SourceGroup[],
    configuration,
    publicKey,
    rekorUrl,
    identity: identity as PolicyIdentity | undefined,
    spec: raw,
  });
}

function findSpec(value: unknown, refuse: (why: string) => ProofgateError) {
  if (!isMapValue(value)) throw refuse('it is no map');
  const { apiVersion, kind, spec: inner } = value;
  if (apiVersion === undefined) return { raw: value, path: [] };
  const isOurs = typeof apiVersion === 'string' && apiVersion.startsWith(API_GROUP) && kind === KIND;
  if (!isOurs) throw refuse(`it is a custom resource, and no ${KIND} of ${API_GROUP}v1alpha1`);
  if (!isMapValue(inner)) throw refuse('its spec is no map');
  return { raw: inner, path: ['spec'] };
}

/** CRD rule: at most one of them; a longer list never gets here. */
function toScope(scopes: {
  readonly imageRef?: Digest | undefined;
  readonly imageDigest?: Digest | undefined;
  readonly imageUrl?: Repository | undefined;
  readonly componentNames?: readonly string[] | undefined;
}): VolatileScope {
  const named = scopes.imageRef ?? scopes.imageDigest;
  if (named !== undefined) return { type: 'digest', digest: named };
  if (scopes.imageUrl !== undefined) return { type: 'repository', repository: scopes.imageUrl };
  if (scopes.componentNames !== undefined) return { type: 'components', names: scopes.componentNames };
  return { type: 'all' };
}

function describe(issues: readonly z.core.$ZodIssue[], prefix: readonly string[]): string {
  const lines = issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const path = formatPath([...prefix, ...issue.path]);
    if (issue.code !== 'unrecognized_keys') return `${path || 'it'}: ${issue.message}`;
    const keys = issue.keys.slice(0, MAX_PROBLEMS).map((key) => formatPath([...prefix, ...issue.path, key]));
    return `unknown ${keys.join(', ')}`;
  });
  return lines.join('; ');
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 80)}`))
    .join('')
    .replace(/^\./, '');
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

/** Every problem of a policy's configuration names it. */
export function badPolicy(name: string, why: string, cause?: unknown): ProofgateError {
  return new ProofgateError('BAD_POLICY', `the policy ${name}: ${why}`, {
    cause,
    hint: 'A policy is the spec of an EnterpriseContractPolicy: {"sources": [{"policy": [URL, …], "data": [URL, …]}]}.',
  });
}
