// Content by its digest, in files. Nothing that is read here is believed before it was hashed; what is wrong is removed and
// absent. Faults of the store are warnings, and the work goes on without it.
import { type Digest, digestAlgorithm, matchesDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { canonicalJson } from '../base/fingerprint.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { type BadFile, BlobInventory, type BlobPruneOptions, type BlobStat } from './blob-inventory.ts';
import { CheckedContent } from './checked-content.ts';
import { type DirectoryOptions, type Expected, StoreDirectory } from './directory.ts';
import { StoreFault, storing } from './faults.ts';
import { bytesOf, hashOf } from './file-content.ts';
import type { PruneResult } from './pruning.ts';
import { type Fetch, receive, Transfer } from './transfer.ts';

export interface BlobStoreOptions extends DirectoryOptions {
  /** What the blobs may weigh together after `prune`. */
  readonly maxBytes: number;
}

/** Why a reader that has what it wants leaves its group. */
const LEFT = new Error('left');

export class BlobStore {
  /** Where the store lies; what else is kept beside the blobs shares it. */
  readonly directory: StoreDirectory;
  readonly #inventory: BlobInventory;
  readonly #used = new Set<Digest>();
  readonly #writes = new SingleFlight<boolean>();
  readonly #transfers = new SingleFlight<void>();

  private constructor(directory: StoreDirectory, maxBytes: number) {
    this.directory = directory;
    this.#inventory = new BlobInventory(directory, maxBytes);
  }

  /**
   * Makes the directory when it is missing, and clears what dead processes left in it.
   * @returns undefined, after one warning, when it cannot be read and written
   */
  static async open(root: string, options: BlobStoreOptions): Promise<BlobStore | undefined> {
    const directory = await StoreDirectory.open(root, options);
    await directory?.sweep();
    return directory && new BlobStore(directory, options.maxBytes);
  }

  /** What was read or written through this store since it was opened. */
  get used(): ReadonlySet<Digest> {
    return this.#used;
  }

  /** The content, hashed just now, or undefined. Never throws. The caller's bound is one of memory. */
  async read(digest: Digest, expected: Expected): Promise<Buffer | undefined> {
    const path = this.directory.paths.blob(digest);
    const bytes = await this.directory.readFile(path, expected, 'used');
    if (bytes === undefined) return undefined;
    if (!matchesDigest(bytes, digest)) {
      await this.directory.remove(path);
      return undefined;
    }
    this.#used.add(digest);
    return bytes;
  }

  /**
   * Keeps content; a good file that is there stays, a bad one is replaced.
   * @returns whether it is kept
   * @throws ProofgateError `INTERNAL` when the bytes are not those of the digest: the caller has not checked them
   */
  async write(digest: Digest, bytes: Uint8Array): Promise<boolean> {
    if (!matchesDigest(bytes, digest)) {
      throw new ProofgateError('INTERNAL', `what was to be kept as ${digest} is other content`);
    }
    return this.#writes.run(digest, async () => {
      if ((await this.read(digest, { size: bytes.length })) !== undefined) return true;
      const isKept = await this.directory.writeFile(this.directory.paths.blob(digest), bytes);
      if (isKept) this.#used.add(digest);
      return isKept;
    });
  }

  /**
   * Large content, from the store or through it. Concurrent callers share one transfer, which runs at its own pace: the
   * first gets the bytes while the file fills, the others read the finished file. Nobody gets the end before the digest
   * was checked. When the store cannot be written, everybody gets a transfer of their own.
   * @throws ProofgateError `CONTENT_MISMATCH`, `CONTENT_TRUNCATED`; what `fetch` throws; the reason of `signal`
   */
  async *stream(
    digest: Digest,
    size: number,
    fetch: Fetch,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const checked = new CheckedContent(digest, size);
    try {
      yield* checked.pass(this.#throughStore(digest, size, fetch, signal));
      this.#used.add(digest);
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      if (error.cause !== undefined) this.directory.faults.report('write', error.cause);
      yield* checked.isComplete ? checked.end() : checked.pass(receive(fetch, signal));
    }
  }

  /** Removes blobs until the rest is within the bound; see `BlobInventory`. What this store gave or took stays. Never throws. */
  async prune(options: BlobPruneOptions): Promise<PruneResult> {
    await this.directory.sweep();
    return this.#inventory.prune({ ...options, keep: new Set([...this.#used, ...options.keep]) });
  }

  /** Never throws. */
  async stat(): Promise<BlobStat> {
    return this.#inventory.stat();
  }

  /** Hashes every blob and names what is bad; changes nothing. @throws the reason of `signal` */
  async verify(signal?: AbortSignal): Promise<readonly BadFile[]> {
    return this.#inventory.verify(signal);
  }

  /** The bytes in the store, from a file that is there or that fills meanwhile. @throws StoreFault, and as `stream` */
  async *#throughStore(
    digest: Digest,
    size: number,
    fetch: Fetch,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const transfer = new Transfer(this.directory, digest, size);
    const leaving = new AbortController();
    const key = canonicalJson([digest, size]);
    const obtain = async (shared: AbortSignal) => {
      if (!(await this.#isStored(digest, size, shared))) await transfer.fill(fetch, shared);
    };
    const isFirst = !this.#transfers.isFlying(key);
    const filled = this.#transfers.run(key, obtain, AbortSignal.any([signal, leaving.signal]));
    try {
      if (!isFirst) await filled;
      else if (yield* transfer.follow(filled)) return;
    } finally {
      leaving.abort(LEFT);
    }
    // Read at this caller's own pace, which is nobody else's matter.
    yield* this.#finished(digest, size, signal);
  }

  /** Whether a good file is there: a bad one must be found out before its first byte is handed out. */
  async #isStored(digest: Digest, size: number, signal: AbortSignal): Promise<boolean> {
    const look = () => this.#verifyFile(digest, size, signal);
    return (await this.directory.faults.attempt('read', look, signal)) ?? false;
  }

  async #verifyFile(digest: Digest, size: number, signal: AbortSignal): Promise<boolean> {
    const path = this.directory.paths.blob(digest);
    const file = await this.directory.openFile(path);
    if (file === undefined) return false;
    try {
      const isGood = file.size === size && (await hashOf(file, digestAlgorithm(digest), signal)) === digest;
      if (isGood) this.directory.touch(file);
      else await this.directory.remove(path);
      return isGood;
    } finally {
      file.handle.close();
    }
  }

  async *#finished(
    digest: Digest,
    size: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await storing(this.directory.openFile(this.directory.paths.blob(digest)));
    // Pruned by another process, or damaged meanwhile.
    if (file === undefined) throw new StoreFault();
    try {
      let given = 0;
      for await (const chunk of bytesOf(file, size, signal)) {
        given += chunk.length;
        yield chunk;
      }
      if (given < size) throw new StoreFault();
    } finally {
      file.handle.close();
    }
  }
}
