// A policy with all that its configuration names: ready to be compiled and evaluated.
import type { PolicySummary } from '../report/report.ts';
import type { CriteriaLists, GlobalConfiguration, VolatileLists } from './config.ts';
import type { EffectiveTime } from './effective-time.ts';
import type { PolicyProgram } from './engine.ts';

export interface LoadedPolicy {
  /** `spec` with pinned URLs and extra rule data, and each source once. */
  readonly summary: PolicySummary;
  /** `summary.spec` as JSON text in which numbers kept their digits: `input.policy_spec`. */
  readonly specJson: string;
  /** Deprecated; holds for groups that have no criteria of their own. */
  readonly configuration: GlobalConfiguration | undefined;
  /** In the order of the configuration; empty: the built-in checks alone decide. */
  readonly groups: readonly LoadedGroup[];
}

export interface LoadedGroup {
  readonly name: string | undefined;
  readonly program: PolicyProgram;
  readonly config: CriteriaLists | undefined;
  readonly volatileConfig: VolatileLists | undefined;
}

/** What the user asked for: the options as they were written. */
export interface PolicyRequest {
  /** Inline JSON or YAML, a file, or a git or https URL. */
  readonly policy: string;
  /** Each `key=value`. */
  readonly extraRuleData: readonly string[];
  /** Replaces the `:konflux` tag of policy images; `sha256:…`, or the hex alone. */
  readonly policyBundleDigest: string | undefined;
}

/** What a policy is told of the run that uses it. */
export interface PolicyContext {
  /** `config.policy.when_ns` of the data. */
  readonly effectiveTime: EffectiveTime;
  /** `config.default_sigstore_opts` of the data. */
  readonly sigstore: SigstoreOptions;
}

/** As `ec.sigstore.*` take them; '' is none. */
export interface SigstoreOptions {
  readonly certificate_identity: string;
  readonly certificate_identity_regexp: string;
  readonly certificate_oidc_issuer: string;
  readonly certificate_oidc_issuer_regexp: string;
  readonly ignore_rekor: boolean;
  /** PEM. */
  readonly public_key: string;
  readonly rekor_url: string;
}
