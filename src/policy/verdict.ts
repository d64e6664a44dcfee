// What policies say of one component: the one thing that the rest of the product learns from this folder.

import type { ProofgateError } from '../base/errors.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Repository } from '../oci/reference.ts';
import type { ComponentSource, PolicyMessage } from '../report/report.ts';
import type { Verified } from '../verify/verifier.ts';

/** A component whose signatures and attestations have been verified. */
export interface PolicySubject {
  readonly name: string;
  readonly source: ComponentSource;
  readonly repository: Repository;
  readonly manifest: Manifest;
  /** JSON text of the whole snapshot after expansion; one text for all subjects of a run. */
  readonly snapshot: string;
  /** All of them, not just enough: a policy may ask for any. */
  readonly attestations: readonly Verified[];
  readonly signatures: readonly Verified[];
}

export interface PolicyVerdict {
  /** Sorted by code, first term and message; so are the others. */
  readonly violations: readonly PolicyMessage[];
  readonly warnings: readonly PolicyMessage[];
  readonly successes: readonly PolicyMessage[];
  /** Set when a source group could not be evaluated: what the others said is above, and it is no pass. */
  readonly failure?: ProofgateError;
  /** The document that was evaluated, as JSON text; kept only when the user wants to see it. */
  readonly input?: string;
}

export interface PolicyAnswer {
  readonly verdict: PolicyVerdict;
  /** Notes for later runs what the policies read. Call it only when the component is verified. */
  keep(): Promise<void>;
}

/** Policies that are ready to be asked. */
export interface PolicyEvaluator {
  /**
   * Asks every source group; the failure of one is in the verdict, beside what the others say.
   * @throws ProofgateError when none could be asked, or the reason of `signal`: there is no verdict then
   */
  evaluate(subject: PolicySubject, signal?: AbortSignal): Promise<PolicyAnswer>;
}
