// The verifier: the only place where a `Verified` comes from. Its `verify` reads as the rules do.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { pem, X509Certificate } from '@sigstore/core';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import type { SignatureSummary, SignedBy } from '../report/report.ts';
import { attempt } from './attempt.ts';
import { certificatesOf } from './bundle.ts';
import { verifyCertificate } from './certificate.ts';
import { type Claim, verifyClaim } from './claim.ts';
import type { Evidence, Subject } from './evidence.ts';
import { findIdentity, identityText, readIdentity } from './identity.ts';
import { subjectPublicKeyInfo } from './keys.ts';
import { type Logged, verifyLogEntries } from './log.ts';
import type { RekorClient } from './rekor.ts';
import { type Signature, toSignature } from './signature.ts';
import type { Signers, TrustedIdentity, TrustedKey } from './signers.ts';
import { verifyTimestamps } from './timestamp.ts';
import type { Trust, TrustMaterial } from './trust.ts';

export type { Claim } from './claim.ts';

/** Never exported: who has it is this file. */
const VERIFIER = Symbol('verifier');

/** The proof that `signature` was made over `claim` about `subject` by someone whom the user trusts. */
export class Verified {
  readonly #subject: Digest;
  readonly #claim: Claim;
  readonly #signature: SignatureSummary;

  constructor(token: typeof VERIFIER, subject: Digest, claim: Claim, signature: SignatureSummary) {
    if (token !== VERIFIER) throw new ProofgateError('INTERNAL', 'only the verifier makes a Verified');
    this.#subject = subject;
    this.#claim = claim;
    this.#signature = signature;
    Object.freeze(this);
  }

  get subject(): Digest {
    return this.#subject;
  }

  get claim(): Claim {
    return this.#claim;
  }

  get signature(): SignatureSummary {
    return this.#signature;
  }
}

export interface VerifierOptions {
  /** Called only when something has to be checked against it; callers keep what it gives. */
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  /** Log entries are not looked at, not even when they are there. */
  readonly ignoreRekor: boolean;
  /** Where legacy signatures without a log entry are looked up. */
  readonly rekor?: RekorClient | undefined;
  readonly clock: Clock;
}

/** Who made the signature, as far as the signature alone can tell. */
type Signer =
  | { readonly type: 'key'; readonly key: TrustedKey; readonly der: Buffer }
  | { readonly type: 'certificate'; readonly certificate: X509Certificate; readonly der: Buffer };

/** When the signature is known to have existed; the first is shown. */
interface Proven {
  readonly times: readonly Date[];
}

export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * Verifies one piece of evidence about `subject` against `signers`, any one of which may match.
   * @throws ProofgateError of kind `rejected` when the evidence does not hold, `undetermined` when trust
   *   material or a log could not be had; or the reason of `signal`
   */
  async verify(
    evidence: Evidence,
    subject: Subject,
    signers: Signers,
    signal?: AbortSignal,
  ): Promise<Verified> {
    const about = `the evidence ${evidence.source.blob}`;
    const { signature, signer } = attempt('EVIDENCE_MALFORMED', about, () => {
      const signature = toSignature(evidence, subject);
      return { signature, signer: findSigner(evidence, signature, signers) };
    });
    const { times } = await this.#prove(evidence, signature, signer, signal);
    return attempt('EVIDENCE_MALFORMED', about, () => {
      const signedBy = toSignedBy(signer, signers.identities);
      const claim = verifyClaim(evidence.content, subject);
      const summary = summarize(evidence, signature, signer, signedBy, times);
      return new Verified(VERIFIER, subject.digest, claim, summary);
    });
  }

  async #prove(
    evidence: Evidence,
    signature: Signature,
    signer: Signer,
    signal: AbortSignal | undefined,
  ): Promise<Proven> {
    const { ignoreRekor, clock } = this.#options;
    if (ignoreRekor && signer.type === 'key') return { times: [] };
    const { material } = await this.#options.trust(signal);
    const logged = { signature, content: evidence.content, signer: signer.der };
    const promised = ignoreRekor ? [] : await this.#verifyLog(evidence, logged, material, signal);
    const stamped = attempt('TIMESTAMP_INVALID', 'the timestamp', () =>
      verifyTimestamps(timestampsOf(evidence), stampedBytes(evidence, signature), material),
    );
    const times = [...promised, ...stamped];
    if (signer.type === 'certificate') {
      const now = ignoreRekor && times.length === 0 ? [new Date(clock.now())] : [];
      verifyCertificate(signer.certificate, [...times, ...now], material);
    }
    return { times };
  }

  async #verifyLog(
    evidence: Evidence,
    logged: Logged,
    material: TrustMaterial,
    signal: AbortSignal | undefined,
  ): Promise<readonly Date[]> {
    const { tlogEntries } = evidence.bundle.verificationMaterial;
    const { rekor } = this.#options;
    const verifyEntries = (entries: readonly TransparencyLogEntry[]) =>
      attempt('LOG_ENTRY_INVALID', 'the transparency log entry', () =>
        verifyLogEntries(entries, logged, material),
      );
    if (tlogEntries.length > 0 || rekor === undefined || evidence.source.format !== 'legacy') {
      return verifyEntries(tlogEntries);
    }
    return lookUp(rekor, evidence, verifyEntries, signal);
  }
}

/** The first entry of the log that is about this very signature. */
async function lookUp(
  rekor: RekorClient,
  { content }: Evidence,
  verifyEntries: (entries: readonly TransparencyLogEntry[]) => readonly Date[],
  signal: AbortSignal | undefined,
): Promise<readonly Date[]> {
  const payload = content.type === 'message' ? Buffer.alloc(0) : content.payload;
  let cause: unknown;
  for await (const entry of rekor.findEntries(payload, signal)) {
    try {
      return verifyEntries([entry]);
    } catch (error) {
      // The same payload may have been signed and logged by others.
      cause = error;
    }
  }
  throw new ProofgateError('LOG_ENTRY_MISSING', 'the transparency log has no entry for the signature', {
    cause,
    hint: 'Sign with a transparency log, or set ignore-rekor.',
  });
}

/** Evidence with a certificate is for identities alone, evidence with a bare key for keys alone. */
function findSigner({ bundle }: Evidence, signature: Signature, { keys, identities }: Signers): Signer {
  const [leaf] = certificatesOf(bundle);
  if (leaf !== undefined) {
    if (identities.length === 0)
      throw wrongKind('it is signed with a certificate, and only public keys are trusted');
    return readCertificate(leaf, signature);
  }
  if (keys.length === 0) throw wrongKind('it is signed with a bare key, and only identities are trusted');
  const key = keys.find((candidate) => signature.isMadeBy(candidate.key));
  if (key !== undefined) return { type: 'key', key, der: subjectPublicKeyInfo(key.key) };
  const names = keys.map(({ name }) => name).join(', ');
  throw new ProofgateError(
    'SIGNATURE_INVALID',
    `the signature was made by none of the trusted keys (${names}), or what it covers was changed`,
    {
      hint: 'Check that the public key belongs to the key that signed; if it does, treat the image as tampered with.',
    },
  );
}

function readCertificate(der: Buffer, signature: Signature): Signer {
  const { certificate, key } = attempt('CERTIFICATE_INVALID', 'the signing certificate is unreadable', () => {
    const certificate = X509Certificate.parse(Buffer.from(der));
    const key: KeyObject = createPublicKey({ key: certificate.publicKey, format: 'der', type: 'spki' });
    return { certificate, key };
  });
  if (signature.isMadeBy(key)) return { type: 'certificate', certificate, der };
  throw new ProofgateError(
    'SIGNATURE_INVALID',
    'the signature does not fit its certificate, or what it covers was changed',
    {
      hint: 'Treat the image as tampered with, and sign it again from a trusted source.',
    },
  );
}

function toSignedBy(signer: Signer, identities: readonly TrustedIdentity[]): SignedBy {
  if (signer.type === 'key') {
    return { type: 'key', fingerprint: signer.key.fingerprint, name: signer.key.name };
  }
  const certified = readIdentity(signer.certificate);
  const found = findIdentity(certified, identities);
  if (found !== undefined) {
    const { subject, identity } = found;
    return { type: 'identity', subject, issuer: certified.issuer, matched: identityText(identity) };
  }
  throw wrongKind(
    `it is signed by ${certified.subjects.join(', ')} (issuer ${certified.issuer}), whom no identity matches`,
  );
}

function timestampsOf({ bundle }: Evidence): readonly Buffer[] {
  const { timestampVerificationData } = bundle.verificationMaterial;
  return (timestampVerificationData?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) => signedTimestamp);
}

// For legacy attestations cosign has the stored envelope stamped, for all else the signature.
function stampedBytes({ content }: Evidence, signature: Signature): readonly Buffer[] {
  const envelope = content.type === 'dsse' ? content.envelope : undefined;
  return envelope === undefined ? [signature.bytes] : [signature.bytes, envelope];
}

function summarize(
  { source, chain }: Evidence,
  signature: Signature,
  signer: Signer,
  signedBy: SignedBy,
  [signedAt]: readonly Date[],
): SignatureSummary {
  return {
    format: source.format,
    signedBy,
    manifest: source.manifest,
    keyid: signature.keyid,
    sig: signature.bytes.toString('base64'),
    ...(signer.type === 'certificate' && { certificate: toPem(signer.der), chain: chain.map(toPem) }),
    ...(signedAt !== undefined && { signedAt: signedAt.toISOString() }),
  };
}

function toPem(der: Buffer): string {
  return pem.fromDER(der);
}

function wrongKind(problem: string): ProofgateError {
  return new ProofgateError('SIGNER_MISMATCH', problem, {
    hint: 'Add this signer to those whom you trust, if you do; otherwise find out who signed.',
  });
}
