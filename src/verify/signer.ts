// Who made a signature, and whether that is whom the user trusts: keys are matched by the signature itself,
// identities by what the certificate says once it has been verified.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { X509Certificate } from '@sigstore/core';
import { ProofgateError } from '../base/errors.ts';
import type { SignedBy } from '../report/report.ts';
import { attempt } from './attempt.ts';
import { certificatesOf } from './bundle.ts';
import type { Evidence } from './evidence.ts';
import { findIdentity, identityText, readIdentity } from './identity.ts';
import { ImmutableCertificate } from './immutable-certificate.ts';
import type { Signature } from './signature.ts';
import type { Signers, TrustedIdentity, TrustedKey } from './signers.ts';

/** Who made a signature. A certificate is not verified yet; `der` is what a log entry has to name. */
export type Signer =
  | { readonly type: 'key'; readonly key: TrustedKey; readonly der: Buffer }
  | { readonly type: 'certificate'; readonly certificate: X509Certificate; readonly der: Buffer };

/**
 * Evidence with a certificate is for identities alone, evidence with a bare key for keys alone.
 * @throws ProofgateError `SIGNER_MISMATCH`, `SIGNATURE_INVALID`, `CERTIFICATE_INVALID`
 */
export function findSigner(
  { bundle }: Evidence,
  signature: Signature,
  { keys, identities }: Signers,
): Signer {
  const [leaf] = certificatesOf(bundle);
  if (leaf !== undefined) {
    if (identities.length === 0)
      throw wrongKind('it is signed with a certificate, and only public keys are trusted');
    return readCertificate(leaf, signature);
  }
  if (keys.length === 0) throw wrongKind('it is signed with a bare key, and only identities are trusted');
  const key = keys.find((candidate) => signature.isMadeBy(candidate.key));
  if (key !== undefined) return { type: 'key', key, der: key.der };
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
    const certificate = new ImmutableCertificate(der);
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

/**
 * Call it once the certificate has been verified.
 * @throws ProofgateError `SIGNER_MISMATCH`, `CERTIFICATE_INVALID`
 */
export function toSignedBy(signer: Signer, identities: readonly TrustedIdentity[]): SignedBy {
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

function wrongKind(problem: string): ProofgateError {
  return new ProofgateError('SIGNER_MISMATCH', problem, {
    hint: 'Add this signer to those whom you trust, if you do; otherwise find out who signed.',
  });
}
