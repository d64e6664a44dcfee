// Content digests (OCI image-spec, descriptor.md "Digests"): parsing, hashing and comparing.
import { createHash, type Hash } from 'node:crypto';
import { ProofgateError } from './errors.ts';

declare const brand: unique symbol;

/** `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. Only `parseDigest` and hashing make one. */
export type Digest = string & { readonly [brand]: 'Digest' };

export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** @throws ProofgateError `BAD_DIGEST` */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ProofgateError(
    'BAD_DIGEST',
    `not a sha256 or sha512 digest: ${JSON.stringify(text.slice(0, 160))}`,
  );
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

export function matchesDigest(bytes: Uint8Array, digest: Digest): boolean {
  return digestOf(bytes, digestAlgorithm(digest)) === digest;
}

/** Hashes while bytes stream past; `digest()` may be called once, at the end. */
export class DigestStream {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest;
  }
}
