// Transparency log entries: that the log has the entry (inclusion), and that the entry is about this very
// signature, by this very signer (binding). The library proves the former; the latter is ours.
import { createHash } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { verifyTLogInclusion } from '@sigstore/verify/dist/tlog/index.js';
import { ProofgateError } from '../base/errors.ts';
import { attempt } from './attempt.ts';
import type { EvidenceContent } from './evidence.ts';
import { type LoggedDigest, type LoggedSignature, parseLogBody } from './log-body.ts';
import type { Signature } from './signature.ts';
import type { TrustMaterial } from './trust.ts';

/** What an entry must be about. */
export interface Logged {
  readonly signature: Signature;
  readonly content: EvidenceContent;
  /** DER of the signing certificate, or of the signing key's SubjectPublicKeyInfo. */
  readonly signer: Buffer;
}

const UNSIGNED_INTEGER = /^(?:0|[1-9][0-9]*)$/;

/**
 * Verifies every entry of a log that the trust root knows; at least one is needed. Entries of other logs
 * are not looked at: they prove nothing, and a private log beside a trusted one is no fault.
 * @returns the times that logs have signed for (their inclusion promises); none for Rekor v2
 * @throws ProofgateError `LOG_ENTRY_MISSING`, `LOG_ENTRY_INVALID`
 */
export function verifyLogEntries(
  entries: readonly TransparencyLogEntry[],
  logged: Logged,
  { tlogs }: TrustMaterial,
): readonly Date[] {
  if (entries.length === 0) {
    throw new ProofgateError('LOG_ENTRY_MISSING', 'the signature carries no transparency log entry', {
      hint: 'Sign with a transparency log, give rekor-url for signatures that were logged elsewhere, or set ignore-rekor.',
    });
  }
  const known = entries.filter(({ logId }) => tlogs.some(({ logID }) => logID.equals(logId.keyId)));
  if (known.length === 0) {
    throw new ProofgateError(
      'LOG_ENTRY_INVALID',
      'the trust root knows none of the logs that the signature names',
      {
        hint: 'Give the trusted root of the Sigstore instance that the image was signed with.',
      },
    );
  }
  assertDistinct(known);
  for (const entry of known) verifyEntry(entry, logged, tlogs);
  return known.filter(({ inclusionPromise }) => inclusionPromise !== undefined).map(promisedTime);
}

function verifyEntry(entry: TransparencyLogEntry, logged: Logged, tlogs: TrustMaterial['tlogs']): void {
  assertIndexes(entry);
  attempt('LOG_ENTRY_INVALID', 'the transparency log does not vouch for the entry', () =>
    verifyTLogInclusion(entry, [...tlogs]),
  );
  const said = parseLogBody(entry.canonicalizedBody);
  const { kind, version } = entry.kindVersion;
  if (said.kind !== kind || said.version !== version) {
    throw invalid(`is a ${said.kind} ${said.version}, not the ${kind} ${version} that it is called`);
  }
  assertBound(said, logged);
}

// GHSA-whqx-f9j3-ch6m: an authentic entry about something else must not stand in for ours.
function assertBound(said: LoggedSignature, { signature, content, signer }: Logged): void {
  if (said.signature !== undefined && !said.signature.equals(signature.bytes)) {
    throw invalid('is about another signature');
  }
  if (!expectedDigest(said.digest, signature, content)?.equals(said.digest.digest)) {
    throw invalid(`is about something else: its ${said.digest.of} digest differs`);
  }
  if (!said.verifier.equals(signer)) throw invalid('names another certificate or key');
}

/** Undefined when this evidence has no such bytes: then the entry cannot be about it. */
function expectedDigest(
  { of, hash }: LoggedDigest,
  signature: Signature,
  content: EvidenceContent,
): Buffer | undefined {
  if (of === 'signed') return signature.signedDigest(hash);
  if (content.type !== 'dsse') return undefined;
  const bytes = of === 'payload' ? content.payload : content.envelope;
  return bytes === undefined ? undefined : createHash(hash).update(bytes).digest();
}

// The promise is over numbers, the bundle has texts: `-1`, `0x1` or 2^60 would be read in two ways.
function assertIndexes({ logIndex, integratedTime, inclusionProof }: TransparencyLogEntry): void {
  const numbers = [
    logIndex,
    integratedTime,
    ...(inclusionProof === undefined ? [] : [inclusionProof.logIndex]),
  ];
  if (numbers.every((text) => UNSIGNED_INTEGER.test(text) && Number.isSafeInteger(Number(text)))) return;
  throw invalid('has an index or a time that is no unsigned integer');
}

function assertDistinct(entries: readonly TransparencyLogEntry[]): void {
  const identities = entries.map(({ logId, canonicalizedBody }) =>
    createHash('sha256').update(logId.keyId).update(canonicalizedBody).digest('hex'),
  );
  if (new Set(identities).size !== identities.length) throw invalid('is there twice');
}

function promisedTime({ integratedTime }: TransparencyLogEntry): Date {
  return new Date(Number(integratedTime) * 1000);
}

function invalid(problem: string): ProofgateError {
  return new ProofgateError('LOG_ENTRY_INVALID', `the transparency log entry ${problem}`, {
    hint: 'Sign the image again; if nobody changed the signature, report it to whoever signs.',
  });
}
