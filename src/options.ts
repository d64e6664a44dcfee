// Raw strings → one frozen Options. Every bad input is reported at once, before any request.
import type { SnapshotSpec } from './validate/snapshot.ts';
import type { Signers } from './verify/signers.ts';
import type { TrustSource } from './verify/trust.ts';

export type Requirement = 'signature' | 'attestation';

export interface Options {
  /** `images` and `snapshot` merged, de-duplicated by reference, not yet expanded. At least one component. */
  readonly snapshot: SnapshotSpec;
  readonly signers: Signers;
  /** Undefined: task bundles are collected and not verified. */
  readonly taskBundleSigners: Signers | undefined;
  readonly require: ReadonlySet<Requirement>;
  readonly ignoreRekor: boolean;
  readonly rekorUrl: string | undefined;
  readonly trust: TrustSource;
  /** `host[:port]`, lower case; plain http is allowed to these beside loopback. */
  readonly insecureRegistries: ReadonlySet<string>;
  /** Most components under way at once. */
  readonly workers: number;
  /** For the whole run; 0 = none. */
  readonly timeoutMs: number;
  readonly strict: boolean;
  /** Paths to write; `-` is standard output (command only). */
  readonly report: string | undefined;
  readonly junit: string | undefined;
  readonly sarif: string | undefined;
}
