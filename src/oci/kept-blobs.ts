// Blobs through the store. What was fetched with one account is for another only where that was seen to read the
// repository.
import type { Digest } from '../base/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import type { CacheUse } from './cache-use.ts';
import type { Descriptor } from './manifest.ts';
import { cancelled } from './network-error.ts';
import { formatRepository, type Repository } from './reference.ts';
import type { Registry } from './registry.ts';

type Sized = Pick<Descriptor, 'digest' | 'size'>;

export class KeptBlobs {
  readonly #registry: Registry;
  readonly #store: BlobStore;
  /** Grows while the run goes on. */
  readonly #readable: Set<string>;
  readonly #use: CacheUse;

  constructor(
    { registry, blobs }: { readonly registry: Registry; readonly blobs: BlobStore },
    readable: Set<string>,
    use: CacheUse,
  ) {
    this.#registry = registry;
    this.#store = blobs;
    this.#readable = readable;
    this.#use = use;
  }

  async blob(
    repository: Repository,
    descriptor: Sized,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const { digest, size } = descriptor;
    const kept = size <= maxBytes ? await this.#read(repository, digest, { size }) : undefined;
    if (kept !== undefined) return kept;
    const bytes = await this.#registry.blob(repository, descriptor, maxBytes, signal);
    await this.#keep(digest, bytes);
    return bytes;
  }

  async find(
    repository: Repository,
    digest: Digest,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    const kept = await this.#read(repository, digest, { maxBytes });
    if (kept !== undefined) return kept;
    const bytes = await this.#registry.findBlob(repository, digest, maxBytes, signal);
    if (bytes === undefined) return undefined;
    this.#readable.add(formatRepository(repository));
    await this.#keep(digest, bytes);
    return bytes;
  }

  /** Through the store: one transfer, however many ask. A repository that nobody was seen to read is asked itself. */
  async *stream(
    repository: Repository,
    descriptor: Sized,
    maxBytes: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = descriptor;
    const transfer = (until?: AbortSignal) => this.#registry.stream(repository, descriptor, maxBytes, until);
    if (size > maxBytes || !this.#mayRead(repository)) return yield* transfer(signal);
    const fetch = (shared: AbortSignal) => {
      this.#use.fetched(digest);
      return transfer(shared);
    };
    try {
      yield* this.#store.stream(digest, size, fetch, signal);
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
    this.#use.read(digest);
  }

  async #read(
    repository: Repository,
    digest: Digest,
    expected: { readonly size: number } | { readonly maxBytes: number },
  ): Promise<Buffer | undefined> {
    if (!this.#mayRead(repository)) return undefined;
    const kept = await this.#store.read(digest, expected);
    if (kept !== undefined) this.#use.read(digest);
    return kept;
  }

  async #keep(digest: Digest, bytes: Buffer): Promise<void> {
    this.#use.fetched(digest);
    await this.#store.write(digest, bytes);
  }

  #mayRead(repository: Repository): boolean {
    return this.#readable.has(formatRepository(repository));
  }
}
