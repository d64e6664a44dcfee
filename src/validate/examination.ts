// What was looked at and seen for one digest in one repository, before anybody judges it.
import { type ProofgateError, toProofgateError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import type { Manifest } from '../oci/manifest.ts';
import { formatRepository, type Repository } from '../oci/reference.ts';
import type { Signers } from '../verify/signers.ts';
import type { SubjectResult, SubjectVerifier, Wanted } from '../verify/subject.ts';

export type Examination =
  | { readonly type: 'seen'; readonly result: SubjectResult }
  /** Nobody could look: cancelled, timed out, or a defect. */
  | { readonly type: 'failed'; readonly error: ProofgateError };

/**
 * Looks at each digest in a repository once a run, however many components name it. A failure is a value, so that
 * one subject's never hides another's result; it is shared by the components of this run and kept nowhere else.
 */
export class Examiner {
  readonly #verifier: SubjectVerifier;
  readonly #signers: Signers;
  readonly #wanted: Wanted;
  readonly #signal: AbortSignal | undefined;
  readonly #examinations = new Map<string, Promise<Examination>>();
  #shared = 0;

  constructor(verifier: SubjectVerifier, signers: Signers, wanted: Wanted, signal?: AbortSignal) {
    this.#verifier = verifier;
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
    const examination = this.#examine(repository, manifest);
    this.#examinations.set(key, examination);
    return examination;
  }

  async #examine(repository: Repository, manifest: Manifest): Promise<Examination> {
    try {
      const result = await this.#verifier.verify(
        repository,
        manifest,
        this.#signers,
        this.#wanted,
        this.#signal,
      );
      return { type: 'seen', result };
    } catch (error) {
      return { type: 'failed', error: toProofgateError(error) };
    }
  }
}
