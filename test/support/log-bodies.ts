// Bodies of transparency log entries, as a real Rekor writes them (v1 and v2), from what was signed.
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../../src/base/fingerprint.ts';
import { fromPem, type HashName } from './keys.ts';

export type EntryKind =
  | 'hashedrekord 0.0.1'
  | 'dsse 0.0.1'
  | 'intoto 0.0.1'
  | 'intoto 0.0.2'
  | 'hashedrekord 0.0.2'
  | 'dsse 0.0.2';

/** Something signed: bytes, or a DSSE envelope with one signature. */
export type Signed = {
  readonly signature: Buffer;
  readonly hash: HashName;
  /** The bytes that the signature is over; for an envelope its pre-authentication encoding. */
  readonly bytes: Buffer;
  /** PEM of the certificate, or of the public key. */
  readonly verifierPem: string;
  /** For v2 entries, sigstore's PublicKeyDetails. */
  readonly keyDetails: string;
  readonly envelope?: Envelope;
};

export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export interface LogBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Json;
}

/** The entry of this kind about what was signed. Envelope kinds need an envelope. */
export function toLogBody(kind: EntryKind, signed: Signed): LogBody {
  const [name = '', apiVersion = ''] = kind.split(' ');
  return { apiVersion, kind: name, spec: SPECS[kind](signed) };
}

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

function hexDigest(hash: HashName, bytes: Buffer | string): string {
  return createHash(hash).update(bytes).digest('hex');
}

function envelopeOf({ envelope }: Signed): Envelope {
  if (envelope === undefined) throw new Error('only an envelope has a log entry of this kind');
  return envelope;
}

const payloadOf = (signed: Signed): Buffer => Buffer.from(envelopeOf(signed).payload, 'base64');
const sha256Of = (bytes: Buffer | string) => ({ algorithm: 'sha256', value: hexDigest('sha256', bytes) });

const SPECS: Readonly<Record<EntryKind, (signed: Signed) => Json>> = {
  'hashedrekord 0.0.1': (signed) => ({
    data: { hash: { algorithm: signed.hash, value: hexDigest(signed.hash, signed.bytes) } },
    signature: { content: base64(signed.signature), publicKey: { content: base64(signed.verifierPem) } },
  }),
  'dsse 0.0.1': (signed) => ({
    envelopeHash: sha256Of(JSON.stringify(envelopeOf(signed))),
    payloadHash: sha256Of(payloadOf(signed)),
    signatures: [{ signature: base64(signed.signature), verifier: base64(signed.verifierPem) }],
  }),
  'intoto 0.0.1': (signed) => ({
    content: { hash: sha256Of(JSON.stringify(envelopeOf(signed))), payloadHash: sha256Of(payloadOf(signed)) },
    publicKey: base64(signed.verifierPem),
  }),
  'intoto 0.0.2': (signed) => {
    const { payloadType, payload } = envelopeOf(signed);
    const publicKey = base64(signed.verifierPem);
    const hashed = {
      payloadType,
      payload,
      signatures: [{ sig: base64(signed.signature), publicKey: signed.verifierPem }],
    };
    // Base64 twice is what Rekor does; it keeps the payload apart, not in the body.
    const envelope = { payloadType, signatures: [{ sig: base64(base64(signed.signature)), publicKey }] };
    return {
      content: { envelope, hash: sha256Of(canonicalJson(hashed)), payloadHash: sha256Of(payloadOf(signed)) },
    };
  },
  'hashedrekord 0.0.2': (signed) => ({
    hashedRekordV002: {
      data: { algorithm: algorithmName(signed.hash), digest: digestBase64(signed.hash, signed.bytes) },
      signature: { content: base64(signed.signature), verifier: verifierV2(signed) },
    },
  }),
  'dsse 0.0.2': (signed) => ({
    dsseV002: {
      payloadHash: { algorithm: 'SHA2_256', digest: digestBase64('sha256', payloadOf(signed)) },
      signatures: [{ content: base64(signed.signature), verifier: verifierV2(signed) }],
    },
  }),
};

function digestBase64(hash: HashName, bytes: Buffer): string {
  return createHash(hash).update(bytes).digest('base64');
}

/** Sigstore's name, as in `SHA2_256`. */
export function algorithmName(hash: HashName): string {
  return hash.replace('sha', 'SHA2_');
}

function verifierV2({ verifierPem, keyDetails }: Signed): Json {
  const rawBytes = base64(fromPem(verifierPem));
  const material = verifierPem.includes('CERTIFICATE')
    ? { x509Certificate: { rawBytes } }
    : { publicKey: { rawBytes } };
  return { keyDetails, ...material };
}
