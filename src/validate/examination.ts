// What was looked at and seen for one digest in one repository, before anybody judges it.
import { mapBounded } from '../base/bounded.ts';
import { type ProofgateError, toProofgateError } from '../base/errors.ts';
import { canonicalJson } from '../base/fingerprint.ts';
import type { Manifest } from '../oci/manifest.ts';
import { formatRepository, type Repository } from '../oci/reference.ts';
import type { Signers } from '../verify/signers.ts';
import type { SubjectResult, SubjectVerifier, Wanted } from '../verify/subject.ts';

/** A digest in a repository: the unit of verification, however many components name it. */
export interface Subject {
  readonly repository: Repository;
  readonly manifest: Manifest;
}

export type Examination =
  | { readonly type: 'seen'; readonly result: SubjectResult }
  /** Nobody could look: cancelled, timed out, or a defect. */
  | { readonly type: 'failed'; readonly error: ProofgateError };

export function subjectKey({ repository, manifest }: Subject): string {
  return canonicalJson([formatRepository(repository), manifest.digest]);
}

export interface Examiner {
  readonly verifier: SubjectVerifier;
  readonly signers: Signers;
  readonly wanted: Wanted;
  readonly workers: number;
  readonly signal: AbortSignal | undefined;
}

/** Looks at each distinct subject once. Failures are values: one subject's never hides another's result. */
export async function examineSubjects(
  subjects: readonly Subject[],
  { verifier, signers, wanted, workers, signal }: Examiner,
  finished: (subject: Subject, examination: Examination) => void,
): Promise<ReadonlyMap<string, Examination>> {
  const distinct = [...new Map(subjects.map((subject) => [subjectKey(subject), subject])).entries()];
  const examined = await mapBounded(distinct, workers, async ([key, subject]) => {
    let examination: Examination;
    try {
      const result = await verifier.verify(subject.repository, subject.manifest, signers, wanted, signal);
      examination = { type: 'seen', result };
    } catch (error) {
      examination = { type: 'failed', error: toProofgateError(error) };
    }
    finished(subject, examination);
    return [key, examination] as const;
  });
  return new Map(examined);
}
