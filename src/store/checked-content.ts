// The one gate through which streamed content leaves the store: nobody gets the end of it before its digest was checked.
import { createHash, type Hash } from 'node:crypto';
import { type Digest, digestAlgorithm, digestHex } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';

/** Hands out content one chunk late, and the last chunk only when size and digest are right. */
export class CheckedContent {
  readonly #digest: Digest;
  readonly #size: number;
  readonly #hash: Hash;
  #taken = 0;
  #held: Buffer | undefined;

  constructor(digest: Digest, size: number) {
    this.#digest = digest;
    this.#size = size;
    this.#hash = createHash(digestAlgorithm(digest));
  }

  /** All bytes were taken, though perhaps not yet found right. */
  get isComplete(): boolean {
    return this.#taken === this.#size;
  }

  /**
   * Passes on a source that starts at the content's first byte. After an earlier source broke off, this one goes on where
   * that one ended: the digest of what both gave together decides.
   * @throws ProofgateError `CONTENT_MISMATCH`, `CONTENT_TRUNCATED`; what `source` throws
   */
  async *pass(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let toSkip = this.#taken;
    for await (const chunk of source) {
      const fresh = chunk.subarray(toSkip);
      toSkip -= Math.min(toSkip, chunk.length);
      if (fresh.length > 0) yield* this.#take(fresh);
    }
    yield* this.end();
  }

  /** The rest that was held back. */
  *end(): Generator<Uint8Array, void, undefined> {
    if (!this.isComplete) {
      throw this.#wrong('CONTENT_TRUNCATED', `it ended after ${this.#taken} of ${this.#size} bytes`);
    }
    if (this.#hash.copy().digest('hex') !== digestHex(this.#digest)) {
      throw this.#wrong('CONTENT_MISMATCH', 'its bytes are others');
    }
    if (this.#held !== undefined) yield this.#held;
    this.#held = undefined;
  }

  *#take(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (this.#taken + chunk.length > this.#size) {
      throw this.#wrong('CONTENT_MISMATCH', `it is longer than ${this.#size} bytes`);
    }
    const released = this.#held;
    // A copy: a source that writes into its buffer again must not change what was hashed.
    this.#held = Buffer.from(chunk);
    this.#hash.update(this.#held);
    this.#taken += chunk.length;
    if (released !== undefined) yield released;
  }

  #wrong(code: 'CONTENT_MISMATCH' | 'CONTENT_TRUNCATED', why: string): ProofgateError {
    return wrongContent(code, this.#digest, why);
  }
}

export function wrongContent(
  code: 'CONTENT_MISMATCH' | 'CONTENT_TRUNCATED',
  digest: Digest,
  why: string,
): ProofgateError {
  return new ProofgateError(code, `content of ${digest}: ${why}`, {
    hint: 'The registry, or something between, serves wrong bytes: try again, then look at the registry.',
  });
}
