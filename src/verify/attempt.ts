// The one place where what a foreign parser or verifier throws becomes a ProofgateError.
import { type ErrorCode, ProofgateError } from '../base/errors.ts';

const MAX_CAUSE_CHARS = 300;

/** What to do next, for codes that arise here. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  EVIDENCE_MALFORMED: 'Sign or attest the image again with a current tool.',
  STATEMENT_INVALID: 'Attest the image again with an in-toto statement, v0.1 or v1.',
  CERTIFICATE_INVALID:
    'Check that the trusted root is of the Sigstore instance that the image was signed with.',
  LOG_ENTRY_INVALID:
    'Check that the trusted root is of the instance that logged the signature, or sign again.',
  TIMESTAMP_INVALID: 'Check that the trusted root has the timestamp authority that was used, or sign again.',
  LOG_UNAVAILABLE: 'Try again later, or check rekor-url.',
};

/**
 * Runs `work` and converts what it throws. Evidence is written by strangers: whatever breaks on it
 * (SyntaxError, TypeError, RangeError, a library's own classes) is a fault of the evidence and never a pass.
 * @throws ProofgateError `code`, or the ProofgateError that `work` threw
 */
export function attempt<T>(code: ErrorCode, what: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof ProofgateError) throw thrown;
    const hint = HINTS[code];
    throw new ProofgateError(code, `${what}: ${causeText(thrown)}`, {
      cause: thrown,
      ...(hint !== undefined && { hint }),
    });
  }
}

/** The message of a thrown value, and of its innermost cause when that says more; at most 300 characters. */
export function causeText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, MAX_CAUSE_CHARS);
  const inner = thrown.cause instanceof Error ? ` (${causeText(thrown.cause)})` : '';
  return `${thrown.message}${inner}`.slice(0, MAX_CAUSE_CHARS);
}
