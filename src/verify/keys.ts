// Public keys that the user trusts, from PEM text.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ProofgateError } from '../base/errors.ts';
import { causeText } from './attempt.ts';
import type { TrustedKey } from './signers.ts';

const MAX_TEXT_CHARS = 1024 * 1024;
const MIN_RSA_BITS = 2048;
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;
const DER_TYPES: Readonly<Record<string, 'spki' | 'pkcs1'>> = {
  'PUBLIC KEY': 'spki',
  'RSA PUBLIC KEY': 'pkcs1',
};

/**
 * Parses one or more PEM blocks, `PUBLIC KEY` or `RSA PUBLIC KEY`; a key that is there twice counts once.
 * Accepted: ECDSA on P-256, P-384 or P-521, RSA of at least 2048 bits, Ed25519.
 * @throws ProofgateError `BAD_KEY`; the text itself is never quoted, it may be a private key
 */
export function parsePublicKeys(text: string, name: string): TrustedKey[] {
  if (text.length > MAX_TEXT_CHARS) throw badKey(name, `is longer than ${MAX_TEXT_CHARS} characters`);
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.length === 0) throw badKey(name, 'holds no PEM block');
  if (text.replaceAll(BLOCK, '').trim() !== '') throw badKey(name, 'holds text outside of its PEM blocks');
  const keys = new Map<string, TrustedKey>();
  blocks.forEach(([, label = '', body = ''], index) => {
    const key = parseBlock(label, body, blocks.length === 1 ? name : `${name} (key ${index + 1})`);
    if (!keys.has(key.fingerprint)) keys.set(key.fingerprint, key);
  });
  return [...keys.values()];
}

/** SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in DER: the form in which keys are compared. */
export function subjectPublicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function parseBlock(label: string, body: string, name: string): TrustedKey {
  const type = DER_TYPES[label];
  if (type === undefined) throw badKey(name, `is a ${label.toLowerCase()}, not a public key`);
  const key = readKey(Buffer.from(body, 'base64'), type, name);
  assertStrong(key, name);
  const der = subjectPublicKeyInfo(key);
  return {
    key,
    der,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    name,
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function readKey(der: Buffer, type: 'spki' | 'pkcs1', name: string): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type });
  } catch (cause) {
    throw new ProofgateError('BAD_KEY', `${name}: not a readable public key (${causeText(cause)})`, {
      cause,
    });
  }
}

function assertStrong(key: KeyObject, name: string): void {
  const { modulusLength = 0, namedCurve = 'unnamed' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      if (!CURVES.has(namedCurve)) throw badKey(name, `uses the curve ${namedCurve}`);
      return;
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength < MIN_RSA_BITS) throw badKey(name, `has only ${modulusLength} bits`);
      return;
    case 'ed25519':
      return;
    default:
      throw badKey(name, `is of the type ${key.asymmetricKeyType ?? 'unknown'}`);
  }
}

function badKey(name: string, problem: string): ProofgateError {
  return new ProofgateError('BAD_KEY', `${name}: ${problem}`, {
    hint: 'Give public keys as PEM: ECDSA on P-256, P-384 or P-521, RSA of at least 2048 bits, or Ed25519.',
  });
}
