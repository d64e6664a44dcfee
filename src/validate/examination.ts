// What was looked at and seen for one digest in one repository, before anybody judges it.
import { type ProofgateError, toProofgateError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import type { KeptProofs } from '../oci/image-source.ts';
import type { Manifest } from '../oci/manifest.ts';
import { formatRepository, type Repository } from '../oci/reference.ts';
import type { Signers } from '../verify/signers.ts';
import type { SubjectResult, SubjectVerifier, Wanted } from '../verify/subject.ts';
import { type Seen, toSeen } from './seen.ts';

export type Examination =
  | { readonly type: 'seen'; readonly seen: Seen }
  /** Nobody could look: cancelled, timed out, or a defect. */
  | { readonly type: 'failed'; readonly error: ProofgateError };

/** An examination and what it was made from, whole SBOMs in it: hold it no longer than needed. */
export interface Look {
  readonly examination: Examination;
  /** Undefined when the examination failed. */
  readonly evidence: SubjectResult | undefined;
}

export interface ExaminerTools {
  readonly verifier: Pick<SubjectVerifier, 'verify'>;
  readonly proofs: KeptProofs | undefined;
}

/**
 * Looks at each digest in a repository once a run, however many components name it. A failure is a value, so that
 * one subject's never hides another's result; it is shared by the components of this run and kept nowhere else.
 */
export class Examiner {
  readonly #verifier: Pick<SubjectVerifier, 'verify'>;
  readonly #signers: Signers;
  readonly #wanted: Wanted;
  readonly #proofs: KeptProofs | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #examinations = new Map<string, Promise<Examination>>();
  #shared = 0;

  constructor({ verifier, proofs }: ExaminerTools, signers: Signers, wanted: Wanted, signal?: AbortSignal) {
    this.#verifier = verifier;
    this.#proofs = proofs;
    this.#signers = signers;
    this.#wanted = wanted;
    this.#signal = signal;
  }

  /** How often an examination was answered by one that had begun before. */
  get shared(): number {
    return this.#shared;
  }

  /** Never rejects. */
  examine(repository: Repository, manifest: Manifest): Promise<Examination> {
    const key = fingerprint([formatRepository(repository), manifest.digest]);
    const known = this.#examinations.get(key);
    if (known !== undefined) {
      this.#shared += 1;
      return known;
    }
    const examination = this.look(repository, manifest).then((look) => look.examination);
    this.#examinations.set(key, examination);
    return examination;
  }

  /** As `examine`, with the evidence: it is shared with nobody and kept nowhere. Never rejects. */
  async look(repository: Repository, manifest: Manifest): Promise<Look> {
    try {
      const evidence = await this.#verifyAgainIfNeeded(repository, manifest);
      return { examination: { type: 'seen', seen: toSeen(evidence) }, evidence };
    } catch (error) {
      return { examination: { type: 'failed', error: toProofgateError(error) }, evidence: undefined };
    }
  }

  async #verifyAgainIfNeeded(repository: Repository, manifest: Manifest): Promise<SubjectResult> {
    const result = await this.#verify(repository, manifest);
    // What an earlier run kept may say yes, and never no: then the registry is asked.
    const isEnough = result.signatures.failure === undefined && result.attestations.failure === undefined;
    if (isEnough || !(await this.#proofs?.distrust(repository, manifest.digest))) return result;
    return this.#verify(repository, manifest);
  }

  #verify(repository: Repository, manifest: Manifest): Promise<SubjectResult> {
    return this.#verifier.verify(repository, manifest, this.#signers, this.#wanted, this.#signal);
  }
}
