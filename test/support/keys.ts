// Key pairs of every kind that signers use, and signing with them.
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type KeyType = 'P-256' | 'P-384' | 'P-521' | 'RSA' | 'Ed25519';
export type HashName = 'sha256' | 'sha384' | 'sha512';

export interface SigningKey {
  readonly type: KeyType;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicPem: string;
  /** What is signed; Ed25519 signs the message itself, and this is then only what entries and bundles name. */
  readonly hash: HashName;
  readonly padding: 'pkcs1' | 'pss';
}

export interface KeyOptions {
  /** Default: as long as the curve's order. cosign 2 used sha256 for every curve. */
  readonly hash?: HashName;
  /** RSA only; default `pkcs1`. */
  readonly padding?: 'pkcs1' | 'pss';
}

const HASH_OF_TYPE = {
  'P-256': 'sha256',
  'P-384': 'sha384',
  'P-521': 'sha512',
  RSA: 'sha256',
  Ed25519: 'sha256',
} as const;

export function generateKey(type: KeyType = 'P-256', options: KeyOptions = {}): SigningKey {
  const { privateKey, publicKey } = generatePair(type);
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { hash = HASH_OF_TYPE[type], padding = 'pkcs1' } = options;
  return { type, privateKey, publicKey, publicPem, hash, padding };
}

function generatePair(type: KeyType): { privateKey: KeyObject; publicKey: KeyObject } {
  if (type === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (type === 'Ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: type });
}

/** ECDSA signatures are DER; PSS salts are as long as the hash. */
export function signBytes(key: SigningKey, bytes: Buffer): Buffer {
  if (key.type === 'Ed25519') return sign(undefined, bytes, key.privateKey);
  if (key.padding === 'pkcs1') return sign(key.hash, bytes, key.privateKey);
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign(key.hash, bytes, { key: key.privateKey, ...pss });
}

/** Any DER as PEM, in lines of 64. */
export function toPem(der: Buffer, label = 'CERTIFICATE'): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The first block of a PEM text as DER. */
export function fromPem(pem: string): Buffer {
  return Buffer.from(/-----BEGIN [^-]+-----([\s\S]+?)-----END/.exec(pem)?.[1] ?? '', 'base64');
}
