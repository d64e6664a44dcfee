// Blobs of a registry: whole or as a stream, bounded, and held against their digest.
import type { Digest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import { type BlobStreamTools, blobName, blobQuestion, streamBlob } from './blob-stream.ts';
import type { Ledger } from './ledger.ts';
import type { Descriptor } from './manifest.ts';
import { cancelled } from './network-error.ts';
import type { Repository } from './reference.ts';
import { SharedLookups } from './shared-lookups.ts';
import { missingBlob } from './status-error.ts';

type Sized = Pick<Descriptor, 'digest' | 'size'>;

export class Blobs {
  readonly #tools: BlobStreamTools;
  readonly #whole: SharedLookups<Buffer>;
  readonly #found: SharedLookups<Buffer | undefined>;

  constructor(tools: BlobStreamTools, ledger: Ledger) {
    this.#tools = tools;
    this.#whole = new SharedLookups(ledger);
    this.#found = new SharedLookups(ledger);
  }

  /**
   * The whole blob, of exactly the descriptor's size and digest. The buffer is shared: do not write to it.
   * @throws ProofgateError `CONTENT_TOO_LARGE` before any request when the descriptor exceeds `maxBytes`
   */
  async blob(
    repository: Repository,
    { digest, size }: Sized,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const question = blobQuestion(repository, digest, { maxBytes: size, size, digest });
    refuseLarger(question.what, size, maxBytes);
    const fetch = async (shared: AbortSignal) => {
      const answer = await this.#tools.client.find(question, shared);
      if (answer === undefined) throw missingBlob(question.what);
      return answer.body;
    };
    return this.#whole.run(toKey(repository, digest, size), fetch, signal);
  }

  /**
   * A blob that nobody has described, or undefined when the registry itself says that there is none.
   * @throws ProofgateError `CONTENT_TOO_LARGE`
   */
  async find(
    repository: Repository,
    digest: Digest,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    const question = blobQuestion(repository, digest, { maxBytes, digest });
    const find = async (shared: AbortSignal) => (await this.#tools.client.find(question, shared))?.body;
    return this.#found.run(toKey(repository, digest, maxBytes), find, signal);
  }

  /** See `streamBlob`: each call is a transfer of its own. @throws ProofgateError `CONTENT_TOO_LARGE` before any request */
  async *stream(
    repository: Repository,
    descriptor: Sized,
    maxBytes: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    refuseLarger(blobName(repository, descriptor.digest), descriptor.size, maxBytes);
    try {
      yield* streamBlob(this.#tools, repository, descriptor, signal);
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
  }
}

function toKey({ registry, name }: Repository, digest: Digest, bytes: number): string {
  return fingerprint([registry, name, digest, bytes]);
}

function refuseLarger(what: string, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new ProofgateError('CONTENT_TOO_LARGE', `${what} has ${size} bytes, more than ${maxBytes}`, {
    hint: 'Proofgate refuses larger content on purpose; if it is legitimate, please report it.',
  });
}
