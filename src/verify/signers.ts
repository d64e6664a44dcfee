// Whom the user trusts: keys and keyless identities. Any one of them may match.
import type { KeyObject } from 'node:crypto';

export interface TrustedKey {
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo: what a log entry has to name. */
  readonly der: Buffer;
  /** SHA-256 of the SubjectPublicKeyInfo (DER), hex. */
  readonly fingerprint: string;
  /** How the user named it: a file's path, or `inline key 1`. */
  readonly name: string;
  readonly pem: string;
}

/** Exact text, or an anchored RE2 pattern. */
export interface TextMatcher {
  readonly type: 'exact' | 'regexp';
  readonly pattern: string;
  matches(text: string): boolean;
}

export interface TrustedIdentity {
  readonly subject: TextMatcher;
  readonly issuer: TextMatcher;
}

export interface Signers {
  readonly keys: readonly TrustedKey[];
  readonly identities: readonly TrustedIdentity[];
}
