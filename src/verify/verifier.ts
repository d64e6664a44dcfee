// The verifier: the only place where a `Verified` comes from. Its `verify` reads as the rules do.
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { pem } from '@sigstore/core';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import type { SignatureSummary, SignedBy } from '../report/report.ts';
import { attempt } from './attempt.ts';
import { verifyCertificate } from './certificate.ts';
import { type Claim, verifyClaim } from './claim.ts';
import type { Evidence, Subject } from './evidence.ts';
import { type Logged, verifyLogEntries } from './log.ts';
import type { RekorClient } from './rekor.ts';
import { type Signature, toSignature } from './signature.ts';
import { findSigner, type Signer, toSignedBy } from './signer.ts';
import type { Signers } from './signers.ts';
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

/** What verification depends on beside evidence and signers. */
export interface VerifierOptions {
  /** Called only when something has to be checked against it; callers keep what it gives. */
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  /** Log entries are not looked at, not even when they are there. */
  readonly ignoreRekor: boolean;
  /** Where legacy signatures without a log entry are looked up. */
  readonly rekor?: RekorClient | undefined;
  readonly clock: Clock;
}

/** Verifies evidence, one piece at a time; it keeps no state between them. */
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
    const times = await this.#proveTimes(evidence, signature, signer, signal);
    return attempt('EVIDENCE_MALFORMED', about, () => {
      const signedBy = toSignedBy(signer, signers.identities);
      const claim = verifyClaim(evidence.content, subject);
      const summary = summarize(evidence, signature, signer, signedBy, times);
      return new Verified(VERIFIER, subject.digest, claim, summary);
    });
  }

  /** Checks log, timestamps and certificate. @returns when the signature is known to have existed */
  async #proveTimes(
    evidence: Evidence,
    signature: Signature,
    signer: Signer,
    signal: AbortSignal | undefined,
  ): Promise<readonly Date[]> {
    const { ignoreRekor, clock } = this.#options;
    if (ignoreRekor && signer.type === 'key') return [];
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
    return times;
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
    ...(signer.type === 'certificate' && {
      certificate: pem.fromDER(signer.der),
      chain: chain.map((der) => pem.fromDER(der)),
    }),
    ...(signedAt !== undefined && { signedAt: signedAt.toISOString() }),
  };
}
