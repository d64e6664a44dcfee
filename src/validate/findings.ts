// From errors to findings: what a reader is told about a check that did not pass.
import type { ProofgateError } from '../base/errors.ts';
import type { CheckCode, Finding } from '../report/report.ts';

const MAX_DETAILS = 20;
const DEFAULT_HINT: Readonly<Record<Finding['outcome'], string>> = {
  rejected: 'Do not release this image before the cause is known.',
  undetermined: 'Run again; if it stays, look at the registry and at the credentials in use.',
};

/** A finding never passes: bad input that only shows here (a key file is fine, a reference is not) is a "no". */
export function toFinding(
  code: CheckCode,
  error: ProofgateError,
  more: { readonly term?: string; readonly details?: readonly string[] } = {},
): Finding {
  const outcome = error.kind === 'undetermined' ? 'undetermined' : 'rejected';
  return {
    code,
    outcome,
    reason: error.code,
    message: error.message,
    hint: error.hint ?? DEFAULT_HINT[outcome],
    ...(more.term === undefined ? {} : { term: more.term }),
    details: (more.details ?? []).slice(0, MAX_DETAILS),
  };
}
