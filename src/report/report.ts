// The one result of a run, from which every output is rendered. It holds no secrets and no functions.
import type { ErrorCode } from '../base/errors.ts';
import type { Shard } from '../base/shard.ts';

export type Outcome = 'verified' | 'rejected' | 'undetermined';

/** Conforma's codes where the check is the same (`builtin.*`), and our own for task bundles. */
export type CheckCode =
  | 'builtin.image.accessible'
  | 'builtin.image.signature_check'
  | 'builtin.attestation.signature_check'
  | 'builtin.attestation.syntax_check'
  | 'builtin.task_bundle.signature_check'
  | 'builtin.policy.evaluation';

/** What a policy's rule says of itself, in its METADATA and in the result. */
export interface PolicyRuleDetails {
  readonly title?: string;
  readonly description?: string;
  readonly solution?: string;
  readonly severity?: string;
  /** RFC 3339. */
  readonly effectiveOn?: string;
  readonly collections?: readonly string[];
  readonly dependsOn?: readonly string[];
  /** Page of the rule in its policy's documentation. */
  readonly docsUrl?: string;
  /** Every term, the first of them is `PolicyMessage.term`. */
  readonly terms?: readonly string[];
  /** What else the result carried; JSON. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** One result of a policy's rule. */
export interface PolicyMessage {
  /** `package.short_name`; absent when the rule gave none. */
  readonly code?: string;
  readonly message: string;
  readonly term?: string;
  readonly rule: PolicyRuleDetails;
}

/** One check on one subject that did not pass. Checks that passed are `Success`es: positive values too. */
export interface Finding {
  /** Of a built-in check; of a policy's rule (`rule` is set), '' when that gave none. */
  readonly code: CheckCode | (string & {});
  readonly outcome: 'rejected' | 'undetermined';
  /** The error code behind it: finer than `code`, and stable. */
  readonly reason: ErrorCode;
  /** Names the thing, its digest and the cause. Untrusted text in it: renderers escape and bound it. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** What distinguishes several findings of one code on one component, such as a task bundle's reference. */
  readonly term?: string;
  /** Causes of the single pieces of evidence that were looked at, each one line. At most 20. */
  readonly details: readonly string[];
  /** Set when a policy's rule said it. */
  readonly rule?: PolicyRuleDetails;
}

export interface Success {
  /** As `Finding.code`. */
  readonly code: CheckCode | (string & {});
  readonly message: string;
  readonly rule?: PolicyRuleDetails;
}

/** Something of the whole run that the reader should know and that decides nothing, such as an old trust root. */
export interface RunWarning {
  readonly code: string;
  readonly message: string;
}

/** Who signed: which of the given keys, or which of the given identities with what the certificate says. */
export type SignedBy =
  | {
      readonly type: 'key' /** SHA-256 of the SubjectPublicKeyInfo, hex. */;
      readonly fingerprint: string;
      readonly name: string;
    }
  | {
      readonly type: 'identity';
      readonly subject: string;
      readonly issuer: string;
      readonly matched: string;
    };

export interface SignatureSummary {
  readonly format: 'bundle' | 'legacy';
  readonly signedBy: SignedBy;
  /** Digest of the manifest that carries it. */
  readonly manifest: string;
  /** Conforma's fields: DSSE key id (or ''), base64 signature; PEM certificate and chain when keyless. */
  readonly keyid: string;
  readonly sig: string;
  readonly certificate?: string;
  readonly chain?: readonly string[];
  /** RFC 3339; when a transparency log or timestamp authority saw it. */
  readonly signedAt?: string;
}

export interface AttestationSummary {
  readonly type: string;
  readonly predicateType: string;
  readonly predicateBuildType?: string;
  readonly signatures: readonly SignatureSummary[];
}

export interface GitSource {
  readonly url: string;
  readonly revision?: string;
  readonly context?: string;
  readonly devfileUrl?: string;
  readonly dockerfileUrl?: string;
}

export interface ComponentSource {
  readonly git?: GitSource;
}

/** Proofs are verified again wherever they come from; those from the cache were listed then (RFC 3339). */
export type ProofsOrigin =
  | { readonly from: 'registry' }
  | { readonly from: 'cache'; readonly listedAt: string };

export interface ComponentResult {
  readonly name: string;
  /** As in the snapshot; for an expanded child, `repository@digest`. */
  readonly containerImage: string;
  readonly source: ComponentSource;
  /** What was looked at: `repository@digest`; absent when the reference could not be resolved. */
  readonly resolved?: string;
  /** `os/architecture[/variant]` of a child of an index. */
  readonly platform?: string;
  /** `containerImage` of the index that this component is a child of. */
  readonly index?: string;
  readonly outcome: Outcome;
  /** Where its proofs came from; absent when nothing was looked at, or no proofs are kept. */
  readonly proofs?: ProofsOrigin;
  readonly findings: readonly Finding[];
  readonly successes: readonly Success[];
  /** Warnings decide nothing. */
  readonly warnings: readonly string[];
  /** Warnings of policies; empty without a policy. */
  readonly policyWarnings: readonly PolicyMessage[];
  /** What policies were evaluated on, as JSON text; kept only when the user asked for it. */
  readonly policyInput?: string;
  readonly signatures: readonly SignatureSummary[];
  readonly attestations: readonly AttestationSummary[];
  /** References (`repository@digest`) of the task bundles that its verified provenance names. */
  readonly taskBundles: readonly string[];
}

/** A task bundle, verified once however many components used it. `collected`: no key or identity was given for it. */
export interface TaskBundleResult {
  readonly reference: string;
  readonly outcome: Outcome | 'collected';
  readonly findings: readonly Finding[];
  readonly signatures: readonly SignatureSummary[];
  /** `containerImage`s of the components whose verified provenance names it. */
  readonly components: readonly string[];
}

export interface RegistryUsage {
  readonly registry: string;
  /** Answers by HTTP status; `error` counts requests that got none. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
}

/** What the run cost. */
export interface Usage {
  readonly registries: readonly RegistryUsage[];
  /** Lookups that were answered by work that another component had asked for. */
  readonly sharedLookups: number;
  readonly sharedVerifications: number;
  readonly wallMs: number;
  readonly peakRssBytes: number;
}

/** What earlier runs saved this one. */
export interface CacheSummary {
  /** `full`: every component's proofs came from the cache · `partial`: some, or what lists led to · `none`. */
  readonly hit: 'full' | 'partial' | 'none';
  /** Components whose proofs came from the cache. */
  readonly components: number;
  /** RFC 3339; of the oldest listing that was used. */
  readonly oldestListedAt?: string;
  /** Lookups that needed no request. */
  readonly savedRequests: number;
}

/** The policy of a run, with what its sources were at that moment. */
export interface PolicySummary {
  /** The EnterpriseContractPolicy spec with pinned URLs; JSON. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Each source, once. */
  readonly sources: readonly {
    readonly url: string;
    readonly pinned: string;
    readonly fingerprint: string;
  }[];
}

export interface TrustSummary {
  /** In words: a file's name, a mirror's URL, `public good`, `none (keys without transparency log)`. */
  readonly source: string;
  /** SHA-256 of the trusted root's canonical JSON, hex. */
  readonly fingerprint?: string;
}

/** Which part of a release a run was about, and of which release under which conditions. Fingerprints are SHA-256, hex. */
export interface ShardSummary extends Shard {
  /** Of the snapshot, before indexes are expanded: those of this shard. May be none. */
  readonly components: number;
  /** Of the whole snapshot. */
  readonly of: number;
  /** Of the whole snapshot's references. */
  readonly snapshot: string;
  /** Of the options that decide. */
  readonly settings: string;
  /** Of keys and policy as they were at that moment; absent when they could not be had. */
  readonly pins?: string;
  /** Of the expanded release that policies saw; absent without policies, or when not all of it could be had. */
  readonly release?: string;
}

export interface Report {
  readonly version: string;
  /** A shard without components is `verified`: as a shard alone. For the whole release the merged report speaks. */
  readonly result: Outcome;
  /** Absent when the run was about the whole release. */
  readonly shard?: ShardSummary;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339; the moment that rules and volatile configuration are held against. */
  readonly effectiveTime: string;
  /** Absent when no policy was given. */
  readonly policy?: PolicySummary;
  readonly components: readonly ComponentResult[];
  readonly taskBundles: readonly TaskBundleResult[];
  readonly warnings: readonly RunWarning[];
  /** PEM of the public keys given, concatenated; '' when only identities were given (Conforma's `key`). */
  readonly key: string;
  readonly trust: TrustSummary;
  readonly usage: Usage;
  /** Absent when no proofs are kept. */
  readonly cache?: CacheSummary;
}

export interface OutcomeCounts {
  readonly verified: number;
  readonly rejected: number;
  readonly undetermined: number;
}

export function countOutcomes(items: readonly { readonly outcome: Outcome }[]): OutcomeCounts {
  const count = (outcome: Outcome) => items.filter((item) => item.outcome === outcome).length;
  return { verified: count('verified'), rejected: count('rejected'), undetermined: count('undetermined') };
}

/** `rejected` beats `undetermined` beats `verified`. Nothing at all is `undetermined`: success is never an absence. */
export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('rejected')) return 'rejected';
  if (outcomes.length === 0 || outcomes.includes('undetermined')) return 'undetermined';
  return 'verified';
}
