// A signature and the bytes that it is over, whatever the format: checked against a key, compared with a log.
import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { dsse } from '@sigstore/core';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { type Digest, digestAlgorithm, digestHex, matchesDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import type { Evidence, Subject } from './evidence.ts';

/** Names as node:crypto has them. */
export type HashName = 'sha256' | 'sha384' | 'sha512';

/** Names of the Sigstore protobuf enum, and its values as parsed. */
const HASHES: Readonly<Record<string, HashName>> = {
  [HashAlgorithm.SHA2_256]: 'sha256',
  [HashAlgorithm.SHA2_384]: 'sha384',
  [HashAlgorithm.SHA2_512]: 'sha512',
};
/** sigstore-go signs with the curve's own digest, cosign with SHA-256 whatever the curve. */
const CURVE_HASHES: Readonly<Record<string, readonly HashName[]>> = {
  prime256v1: ['sha256'],
  secp384r1: ['sha384', 'sha256'],
  secp521r1: ['sha512', 'sha256'],
};

/** What was signed: the bytes, or only their digest when nobody has the bytes at hand. */
type Signed = { readonly bytes: Buffer } | { readonly hash: HashName; readonly digest: Buffer };

/** Nothing about it is verified until `isMadeBy` says so for a trusted key. */
export class Signature {
  readonly bytes: Buffer;
  /** DSSE's key id: a hint that is shown and never believed. */
  readonly keyid: string;
  readonly #signed: Signed;

  constructor(bytes: Buffer, keyid: string, signed: Signed) {
    this.bytes = bytes;
    this.keyid = keyid;
    this.#signed = signed;
  }

  /** Digest of the signed bytes (for DSSE: of the pre-authentication encoding); undefined when not known. */
  signedDigest(hash: HashName): Buffer | undefined {
    if ('bytes' in this.#signed) return createHash(hash).update(this.#signed.bytes).digest();
    return this.#signed.hash === hash ? this.#signed.digest : undefined;
  }

  /** True when the private half of `key` made this signature. Never throws. */
  isMadeBy(key: KeyObject): boolean {
    try {
      const signed = this.#signed;
      return 'bytes' in signed
        ? verifyBytes(signed.bytes, key, this.bytes)
        : verifyDigest(signed, key, this.bytes);
    } catch {
      return false;
    }
  }
}

/** @throws ProofgateError `SUBJECT_MISMATCH` when a message signature is over something else than `subject` */
export function toSignature({ bundle, content: evidence }: Evidence, subject: Subject): Signature {
  const { content } = bundle;
  if (content.$case === 'dsseEnvelope') {
    const { payloadType, payload, signatures } = content.dsseEnvelope;
    const [first] = signatures;
    if (first === undefined || signatures.length > 1) {
      throw new ProofgateError(
        'EVIDENCE_MALFORMED',
        `a DSSE envelope with ${signatures.length} signatures, not one`,
      );
    }
    // Claims and log entries are compared with `content`: it has to be what is signed.
    if (
      evidence.type !== 'dsse' ||
      evidence.payloadType !== payloadType ||
      !evidence.payload.equals(payload)
    ) {
      throw inconsistent();
    }
    return new Signature(first.sig, first.keyid, { bytes: dsse.preAuthEncoding(payloadType, payload) });
  }
  const { signature, messageDigest } = content.messageSignature;
  if (evidence.type === 'dsse') throw inconsistent();
  if (evidence.type === 'simple-signing') return new Signature(signature, '', { bytes: evidence.payload });
  const hash = HASHES[messageDigest.algorithm];
  if (hash === undefined)
    throw new ProofgateError('EVIDENCE_MALFORMED', 'the message digest is not of the SHA-2 family');
  return new Signature(signature, '', signedMessage(subject, hash, messageDigest.digest));
}

function inconsistent(): ProofgateError {
  return new ProofgateError('EVIDENCE_MALFORMED', 'the evidence says something else than what is signed');
}

function signedMessage({ digest, artifact }: Subject, hash: HashName, claimed: Buffer): Signed {
  if (artifact === undefined) {
    if (digestAlgorithm(digest) !== hash) {
      throw new ProofgateError(
        'EVIDENCE_MALFORMED',
        `the signature is over a ${hash} digest, the bytes are needed to check it`,
      );
    }
    assertSame(digest, Buffer.from(digestHex(digest), 'hex'), claimed);
    return { hash, digest: claimed };
  }
  if (!matchesDigest(artifact, digest))
    throw new ProofgateError('SUBJECT_MISMATCH', `the bytes given for ${digest} are not it`);
  assertSame(digest, createHash(hash).update(artifact).digest(), claimed);
  return { bytes: artifact };
}

function assertSame(digest: Digest, actual: Buffer, claimed: Buffer): void {
  if (actual.equals(claimed)) return;
  throw new ProofgateError(
    'SUBJECT_MISMATCH',
    `the signature is over ${claimed.toString('hex')}, not over ${digest}`,
  );
}

// https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md
function verifyBytes(bytes: Buffer, key: KeyObject, signature: Buffer): boolean {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return curveHashes(key).some((hash) => verify(hash, bytes, key, signature));
    case 'rsa':
      return [constants.RSA_PKCS1_PADDING, constants.RSA_PKCS1_PSS_PADDING].some((padding) =>
        verify('sha256', bytes, { key, padding }, signature),
      );
    case 'rsa-pss':
      return verify('sha256', bytes, key, signature);
    case 'ed25519':
      return verify(null, bytes, key, signature) || verifyEd25519ph(bytes, key, signature);
    default:
      return false;
  }
}

// node:crypto hashes the message itself, always; with only the digest at hand the curve arithmetic is noble's.
function verifyDigest(
  { hash, digest }: { hash: HashName; digest: Buffer },
  key: KeyObject,
  signature: Buffer,
): boolean {
  if (key.asymmetricKeyType !== 'ec' || !curveHashes(key).includes(hash)) return false;
  const curve = { prime256v1: p256, secp384r1: p384 }[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (curve === undefined) return false;
  return curve.verify(signature, digest, uncompressedPoint(key), {
    prehash: false,
    lowS: false,
    format: 'der',
  });
}

// RFC 8032, 5.1: signers that log as hashedrekord sign the SHA-512 (Ed25519ph), which node:crypto does not
// know. The two are domain-separated: a signature of one kind is never one of the other.
function verifyEd25519ph(bytes: Buffer, key: KeyObject, signature: Buffer): boolean {
  const { x = '' } = key.export({ format: 'jwk' }) as { x?: string };
  return ed25519ph.verify(signature, bytes, Buffer.from(x, 'base64url'), { zip215: false });
}

function curveHashes(key: KeyObject): readonly HashName[] {
  return CURVE_HASHES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
}

// SEC 1, 2.3.3: 0x04 and both coordinates.
function uncompressedPoint(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' }) as { x?: string; y?: string };
  return Buffer.concat([Buffer.from([0x04]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}
