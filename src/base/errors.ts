// The one error class. A `code` is stable API (tests, reports and SARIF rule ids match on it);
// its `kind` says what the user can do about it.

/** `usage`: mend the input · `rejected`: someone looked and said no · `undetermined`: nobody could look. */
export type Kind = 'usage' | 'rejected' | 'undetermined';

const KIND_OF_CODE = {
  // Bad input: found before any request.
  BAD_OPTION: 'usage',
  BAD_REFERENCE: 'usage',
  BAD_DIGEST: 'usage',
  BAD_SNAPSHOT: 'usage',
  BAD_KEY: 'usage',
  BAD_IDENTITY: 'usage',
  BAD_TRUSTED_ROOT: 'usage',
  BAD_CREDENTIALS_FILE: 'usage',
  BAD_POLICY: 'usage',
  BAD_REPORT: 'usage',
  INSECURE_REGISTRY: 'usage',
  UNREADABLE_FILE: 'usage',

  // The registry, or the evidence, was read and the answer is no.
  IMAGE_NOT_FOUND: 'rejected',
  NO_SIGNATURE: 'rejected',
  NO_ATTESTATION: 'rejected',
  EVIDENCE_MALFORMED: 'rejected',
  SIGNATURE_INVALID: 'rejected',
  SIGNER_MISMATCH: 'rejected',
  SUBJECT_MISMATCH: 'rejected',
  CERTIFICATE_INVALID: 'rejected',
  TIMESTAMP_INVALID: 'rejected',
  LOG_ENTRY_INVALID: 'rejected',
  LOG_ENTRY_MISSING: 'rejected',
  STATEMENT_INVALID: 'rejected',
  TASK_UNPINNED: 'rejected',
  TASK_UNVERIFIABLE: 'rejected',
  POLICY_VIOLATION: 'rejected',

  // Could not look.
  UNAUTHORIZED: 'undetermined',
  THROTTLED: 'undetermined',
  REGISTRY_UNAVAILABLE: 'undetermined',
  REGISTRY_PROTOCOL: 'undetermined',
  NETWORK: 'undetermined',
  OFFLINE: 'undetermined',
  TIMEOUT: 'undetermined',
  CANCELLED: 'undetermined',
  CONTENT_MISMATCH: 'undetermined',
  CONTENT_TRUNCATED: 'undetermined',
  CONTENT_TOO_LARGE: 'undetermined',
  REDIRECT_REFUSED: 'undetermined',
  CREDENTIAL_HELPER_FAILED: 'undetermined',
  TRUST_UNAVAILABLE: 'undetermined',
  LOG_UNAVAILABLE: 'undetermined',
  CLUSTER_UNAVAILABLE: 'undetermined',
  POLICY_UNAVAILABLE: 'undetermined',
  POLICY_FAILED: 'undetermined',
  POLICY_LIMIT: 'undetermined',
  POLICY_EMPTY: 'undetermined',
  SHARDS_DISAGREE: 'undetermined',
  UNWRITABLE_FILE: 'undetermined',
  CACHE_UNAVAILABLE: 'undetermined',
  INTERNAL: 'undetermined',
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof KIND_OF_CODE;

/** Every code with its kind, for the report's schema and for the documentation. */
export const ERROR_KINDS: Readonly<Record<ErrorCode, Kind>> = KIND_OF_CODE;

export interface ErrorDetails {
  readonly cause?: unknown;
  /** What the user can do next, as one sentence. */
  readonly hint?: string;
}

/**
 * The only error that crosses a file's border. `message` names the thing and the cause and is safe to
 * print: whoever builds it passes URLs through `redactUrl`.
 */
export class ProofgateError extends Error {
  override readonly name = 'ProofgateError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }

  get kind(): Kind {
    return KIND_OF_CODE[this.code];
  }
}

/** Turns whatever was thrown into a `ProofgateError`; what nobody foresaw becomes `INTERNAL`, never a pass. */
export function toProofgateError(thrown: unknown): ProofgateError {
  if (thrown instanceof ProofgateError) return thrown;
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new ProofgateError('INTERNAL', `unexpected ${text}`, {
    cause: thrown,
    hint: 'This is a defect of Proofgate: please report it with the command that you ran.',
  });
}
