// The report's document as it may come back from a file: what schema/report.schema.json says, for parsing. Nothing is
// converted here: what passes is used as it was written, with its members in their order.
import { z } from 'zod';
import { ERROR_KINDS } from '../base/errors.ts';
import { MAX_SHARDS } from '../base/shard.ts';

const text = z.string();
const texts = z.array(text);
const count = z.int().min(0);
const instant = z.iso.datetime({ offset: true });
const hex256 = z.string().regex(/^[0-9a-f]{64}$/);
const outcome = z.enum(['verified', 'rejected', 'undetermined']);
/** JSON of any shape. A number that keeps its digits is an object to zod, so nothing of it is copied. */
const map = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

const signedBy = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('key'), fingerprint: hex256, name: text }),
  z.strictObject({ type: z.literal('identity'), subject: text, issuer: text, matched: text }),
]);
const signature = z.strictObject({
  keyid: text,
  sig: text,
  certificate: text.optional(),
  chain: texts.optional(),
  format: z.enum(['bundle', 'legacy']),
  signedBy,
  manifest: text,
  signedAt: text.optional(),
});
const attestation = z.strictObject({
  type: text,
  predicateType: text,
  predicateBuildType: text.optional(),
  signatures: z.array(signature),
});

/** Of a policy's result; what else it has is the policy's own. */
const metadata = z.looseObject({
  code: text.min(1).optional(),
  term: z.union([text, texts.min(2)]).optional(),
  effective_on: text.optional(),
  title: text.optional(),
  description: text.optional(),
  severity: text.optional(),
  solution: text.optional(),
  collections: texts.min(1).optional(),
  depends_on: texts.min(1).optional(),
  docs_url: text.optional(),
});
const finding = z.strictObject({
  msg: text,
  metadata: metadata.extend({
    solution: text,
    reason: z.enum(Object.keys(ERROR_KINDS) as [keyof typeof ERROR_KINDS]),
    details: texts.min(1).max(20).optional(),
  }),
});
const result = z.strictObject({ msg: text, metadata });
const findings = {
  violations: z.array(finding).min(1).optional(),
  undetermined: z.array(finding).min(1).optional(),
};
const git = z.strictObject({
  url: text,
  revision: text.optional(),
  context: text.optional(),
  devfileUrl: text.optional(),
  dockerfileUrl: text.optional(),
});

export const componentSchema = z.strictObject({
  name: text,
  containerImage: text.min(1),
  source: z.strictObject({ git: git.optional() }),
  resolved: text.optional(),
  platform: text.optional(),
  index: text.optional(),
  outcome,
  proofs: z
    .discriminatedUnion('from', [
      z.strictObject({ from: z.literal('registry') }),
      z.strictObject({ from: z.literal('cache'), listedAt: instant }),
    ])
    .optional(),
  ...findings,
  warnings: z
    .array(z.union([z.strictObject({ msg: text }), result]))
    .min(1)
    .optional(),
  successes: z.array(result).min(1).optional(),
  success: z.boolean(),
  signatures: z.array(signature).min(1).optional(),
  attestations: z.array(attestation).min(1).optional(),
  taskBundles: texts.min(1).optional(),
});

const taskBundle = z.strictObject({
  reference: text,
  outcome: z.enum(['verified', 'rejected', 'undetermined', 'collected']),
  ...findings,
  signatures: z.array(signature).min(1).optional(),
  components: texts,
});
const usage = z.strictObject({
  registries: z.array(
    z.strictObject({
      registry: text,
      statuses: z.record(text, count),
      requests: count,
      retries: count,
      bytes: count,
    }),
  ),
  sharedLookups: count,
  sharedVerifications: count,
  wallMs: z.number().min(0),
  peakRssBytes: count,
});

/** Everything but the components: those come one by one. */
export const reportSchema = z.strictObject({
  success: z.boolean(),
  result: outcome,
  shard: z
    .strictObject({
      index: z.int().min(1),
      count: z.int().min(1).max(MAX_SHARDS),
      components: count,
      of: z.int().min(1),
      snapshot: hex256,
      settings: hex256,
      pins: hex256.optional(),
      release: hex256.optional(),
    })
    .refine(({ index, count, components, of }) => index <= count && components <= of)
    .optional(),
  components: z.array(z.never()),
  taskBundles: z.array(taskBundle).min(1).optional(),
  warnings: z
    .array(z.strictObject({ msg: text, metadata: z.strictObject({ code: text }) }))
    .min(1)
    .optional(),
  key: text,
  policy: map.optional(),
  policySources: z.array(z.strictObject({ url: text, pinned: text, fingerprint: hex256 })).optional(),
  trust: z.strictObject({ source: text, fingerprint: hex256.optional() }),
  usage,
  cache: z
    .strictObject({
      hit: z.enum(['full', 'partial', 'none']),
      components: count,
      oldestListedAt: instant.optional(),
      savedRequests: count,
    })
    .optional(),
  'proofgate-version': text,
  'started-at': instant,
  'effective-time': instant,
});

export type FindingDocument = z.infer<typeof finding>;
export type ResultDocument = z.infer<typeof result>;
export type ComponentDocument = z.infer<typeof componentSchema>;
export type TaskBundleDocument = z.infer<typeof taskBundle>;
export type ReportDocument = z.infer<typeof reportSchema>;
