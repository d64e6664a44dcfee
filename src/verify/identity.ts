// Who a certificate says that it is for, and whether that is whom the user trusts.
import { createHash } from 'node:crypto';
import type { ASN1Obj, X509Certificate } from '@sigstore/core';
import { RE2JS } from 're2js';
import { ProofgateError } from '../base/errors.ts';
import { attempt, causeText } from './attempt.ts';
import { OID_SUBJECT_ALT_NAME } from './extensions.ts';
import type { TextMatcher, TrustedIdentity } from './signers.ts';

const MAX_PATTERN_CHARS = 2048;
const PROBES_PER_ALPHABET = 24;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

// https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
const OID_ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';
const OID_ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';
const OID_FULCIO_USERNAME = '1.3.6.1.4.1.57264.1.7';
const TAG_UTF8_STRING = 0x0c;

/** What a certificate says. Nothing here is true before the certificate has been verified. */
export interface CertificateIdentity {
  /** The first of `subjects`. */
  readonly subject: string;
  /** Every URI, email, DNS name and Fulcio username among the subject alternative names; at least one. */
  readonly subjects: readonly string[];
  /** The OIDC issuer that the certificate authority vouches for. */
  readonly issuer: string;
}

/** @throws ProofgateError `BAD_IDENTITY` when `text` is empty */
export function exactMatcher(text: string): TextMatcher {
  if (text === '') throw badIdentity('an identity or issuer is empty');
  return { type: 'exact', pattern: text, matches: (candidate) => candidate === text };
}

/**
 * An RE2 pattern that must match the whole text: linear in time, and no unanchored match.
 * @throws ProofgateError `BAD_IDENTITY` when it is no RE2 pattern, or matches whatever text, URL or email
 */
export function regexpMatcher(pattern: string): TextMatcher {
  if (pattern === '' || pattern.length > MAX_PATTERN_CHARS) {
    throw badIdentity(`a pattern must have 1 to ${MAX_PATTERN_CHARS} characters`);
  }
  const compiled = compile(pattern);
  // `matches` of a matcher is anchored on both sides, whatever alternations or flags the pattern has.
  const matches = (candidate: string) => compiled.matcher(candidate).matches();
  for (const [shape, probes] of PROBES) {
    const matched = probes.filter(matches).length;
    if (matched >= PROBES_PER_ALPHABET / 2) {
      throw badIdentity(`the pattern ${JSON.stringify(pattern)} matches almost any ${shape}`);
    }
  }
  return { type: 'regexp', pattern, matches };
}

/** @throws ProofgateError `CERTIFICATE_INVALID` when it names nobody, or no issuer */
export function readIdentity(certificate: X509Certificate): CertificateIdentity {
  return attempt('CERTIFICATE_INVALID', 'the identity in the certificate is unreadable', () => {
    const subjects = subjectsOf(certificate);
    const [subject] = subjects;
    const issuer = issuerOf(certificate);
    if (subject === undefined) throw new Error('no subject alternative name of a known kind');
    if (issuer === undefined) throw new Error('no OIDC issuer extension');
    return { subject, subjects, issuer };
  });
}

/** The subject that matched, and by which identity; undefined when none does. */
export function findIdentity(
  certified: CertificateIdentity,
  identities: readonly TrustedIdentity[],
): { readonly subject: string; readonly identity: TrustedIdentity } | undefined {
  for (const identity of identities) {
    if (!identity.issuer.matches(certified.issuer)) continue;
    const subject = certified.subjects.find((candidate) => identity.subject.matches(candidate));
    if (subject !== undefined) return { subject, identity };
  }
  return undefined;
}

/** How an identity was given, in one line. */
export function identityText({ subject, issuer }: TrustedIdentity): string {
  const text = ({ type, pattern }: TextMatcher) => (type === 'exact' ? pattern : `/${pattern}/`);
  return `${text(subject)} from ${text(issuer)}`;
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new ProofgateError(
      'BAD_IDENTITY',
      `not an RE2 pattern: ${JSON.stringify(pattern)} (${causeText(cause)})`,
      {
        cause,
        hint: 'Patterns are RE2 as in Go: no look-around and no back-references.',
      },
    );
  }
}

// RFC 5280, 4.2.1.6: GeneralNames ::= SEQUENCE OF GeneralName, told apart by their context tags.
function subjectsOf(certificate: X509Certificate): string[] {
  const names = certificate.extension(OID_SUBJECT_ALT_NAME)?.valueObj.subs[0]?.subs ?? [];
  return names.map(generalName).filter((name) => name !== undefined);
}

function generalName(name: ASN1Obj): string | undefined {
  const isText = [0x01, 0x02, 0x06].some((tag) => name.tag.isContextSpecific(tag));
  if (isText) return printable(name.value);
  if (!name.tag.isContextSpecific(0x00) || name.subs[0]?.toOID() !== OID_FULCIO_USERNAME) return undefined;
  const value = name.subs[1]?.subs[0]?.value;
  return value === undefined ? undefined : printable(value);
}

// The newer extension is a DER UTF8String, the older one bare bytes.
function issuerOf(certificate: X509Certificate): string | undefined {
  const newer = certificate.extension(OID_ISSUER_V2);
  if (newer === undefined) {
    const older = certificate.extension(OID_ISSUER_V1);
    return older === undefined ? undefined : printable(older.value);
  }
  const [text, ...more] = newer.valueObj.subs;
  if (text === undefined || more.length > 0 || text.tag.number !== TAG_UTF8_STRING) {
    throw new Error('the issuer is no UTF8String');
  }
  return printable(text.value);
}

// A NUL or a line break could make a name look like another one, to a matcher or to a reader.
function printable(bytes: Buffer): string {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (text === '' || /\p{Cc}/u.test(text)) throw new Error('a name is empty or has control characters');
  return text;
}

/** Texts that have nothing in common but their shape: a pattern that matches most of one shape names nobody. */
const PROBES: readonly (readonly [string, readonly string[]])[] = [
  ['text', probes((word) => word)],
  ['short text', probes((word) => word.slice(0, 8))],
  ['long text', probes((word) => word.repeat(16))],
  [
    'URL',
    probes(
      (word) => `https://${word.slice(0, 9)}.${word.slice(9, 12)}/${word.slice(12, 20)}/${word.slice(20)}`,
    ),
  ],
  ['email address', probes((word) => `${word.slice(0, 9)}@${word.slice(9, 18)}.${word.slice(18, 21)}`)],
];

// Of letters alone, and of letters and digits: `https://[a-z.]+/.*` is as wide as `https://.*`.
function probes(shape: (word: string) => string): readonly string[] {
  const words = (alphabet: string) =>
    Array.from({ length: PROBES_PER_ALPHABET }, (_, index) => {
      const hash = createHash('sha256').update(`probe ${index}`).digest();
      return shape([...hash].map((byte) => alphabet[byte % alphabet.length]).join(''));
    });
  return [...words(LETTERS), ...words(`${LETTERS}0123456789`)];
}

function badIdentity(message: string): ProofgateError {
  return new ProofgateError('BAD_IDENTITY', message, {
    hint: 'Name whom you trust: a subject and an issuer, or patterns that only these can match.',
  });
}
