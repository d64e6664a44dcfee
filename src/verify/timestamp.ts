// RFC 3161 timestamps: when a timestamp authority of the trust root saw the signature.
import { type ASN1Obj, RFC3161Timestamp, type X509Certificate } from '@sigstore/core';
import { verifyRFC3161Timestamp } from '@sigstore/verify/dist/timestamp/tsa.js';
import { ProofgateError } from '../base/errors.ts';
import { attempt } from './attempt.ts';
import type { TrustMaterial } from './trust.ts';

// RFC 3161, 2.4.2: 0 is granted, 1 granted with modifications.
const GRANTED = new Set([0n, 1n]);
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.\d+)?Z$/;

const HASH_OF_ALGORITHM: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
// RFC 3370, 3.2: rsaEncryption as signature algorithm means PKCS#1 v1.5 with the signer's digest algorithm.
const OID_RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

/** Two things that the library's class does not read: fractions that are not milliseconds, RSA signatures. */
class Timestamp extends RFC3161Timestamp {
  static fromDer(der: Buffer): Timestamp {
    return new Timestamp(RFC3161Timestamp.parse(Buffer.from(der)).root);
  }

  /** Seconds are precise enough: DER leaves out trailing zeros of the fraction, and the fraction when zero. */
  override get signingTime(): Date {
    const text = element(this.tstInfo.root, 4).value.toString('latin1');
    const [, ...fields] = GENERALIZED_TIME.exec(text) ?? [];
    if (fields.length === 0) throw new Error('the time is no GeneralizedTime');
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map(Number);
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  }

  override get signatureAlgorithm(): string {
    const signerInfo = this.#signerInfo;
    const oid = element(element(signerInfo, 4), 0).toOID();
    const hash = oid === OID_RSA_ENCRYPTION ? this.signerDigestAlgorithm : HASH_OF_ALGORITHM[oid];
    if (hash === undefined) throw new Error(`the signature algorithm ${oid} is not supported`);
    return hash;
  }

  // RFC 5652, 5.1: SignerInfos are the last element of SignedData; RFC 3161 has exactly one.
  get #signerInfo(): ASN1Obj {
    const content = element(this.root, 1).subs.find(({ tag }) => tag.isContextSpecific(0x00));
    const signers = content?.subs[0]?.subs.at(-1)?.subs ?? [];
    if (signers.length !== 1) throw new Error(`${signers.length} signers, not one`);
    return element({ subs: signers }, 0);
  }
}

/**
 * Verifies every timestamp of an authority that the trust root knows. Others are not looked at.
 * @param stamped what a timestamp may be over; each binds the signature
 * @returns the times, in the order of the timestamps
 * @throws ProofgateError `TIMESTAMP_INVALID`
 */
export function verifyTimestamps(
  timestamps: readonly Buffer[],
  stamped: readonly Buffer[],
  { timestampAuthorities }: TrustMaterial,
): readonly Date[] {
  return attempt('TIMESTAMP_INVALID', 'the timestamp is not valid', () => {
    const parsed = timestamps.map((der) => Timestamp.fromDer(der));
    const isKnown = (timestamp: Timestamp) =>
      timestampAuthorities.some(
        ({ certChain: [signer] }) => signer !== undefined && isSigner(signer, timestamp),
      );
    return parsed.filter(isKnown).map((timestamp) => {
      if (!GRANTED.has(timestamp.status)) throw new Error('the authority did not grant it');
      // Read first: the library would report both as "could not be verified".
      const [time] = [timestamp.signingTime, timestamp.signatureAlgorithm];
      verifyOver(timestamp, stamped, timestampAuthorities);
      return time as Date;
    });
  });
}

function verifyOver(
  timestamp: Timestamp,
  stamped: readonly Buffer[],
  authorities: TrustMaterial['timestampAuthorities'],
): void {
  const isOver = (bytes: Buffer) => {
    try {
      verifyRFC3161Timestamp(timestamp, bytes, [...authorities]);
      return true;
    } catch {
      return false;
    }
  };
  if (stamped.some(isOver)) return;
  throw new ProofgateError(
    'TIMESTAMP_INVALID',
    'no trusted authority vouches for the timestamp, or it is over something else',
    {
      hint: 'Check that the trusted root has the authority, and that its certificate was valid at that time.',
    },
  );
}

function isSigner(certificate: X509Certificate, timestamp: Timestamp): boolean {
  return (
    certificate.serialNumber.equals(timestamp.signerSerialNumber) &&
    certificate.issuer.equals(timestamp.signerIssuer)
  );
}

function element({ subs }: { readonly subs: readonly ASN1Obj[] }, index: number): ASN1Obj {
  const found = subs[index];
  if (found === undefined) throw new Error('an ASN.1 element is missing');
  return found;
}
