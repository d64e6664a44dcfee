// The blobs as a whole: how many there are, which are bad, which have to go.
import { type Digest, digestAlgorithm } from '../base/digest.ts';
import type { StoreDirectory } from './directory.ts';
import { hashOf } from './file-content.ts';
import { type ListedFile, listFiles } from './listing.ts';
import { chooseVictims, type PruneResult, toResult } from './pruning.ts';

export interface BlobPruneOptions {
  /** Default: the store's own bound. */
  readonly maxBytes?: number;
  /** Never removed. */
  readonly keep: ReadonlySet<Digest>;
  /** What the records lead to: the others go first. */
  readonly reachable: ReadonlySet<Digest>;
}

export interface BlobStat {
  readonly blobs: number;
  readonly bytes: number;
  /** Milliseconds since the epoch: of the blob that was not used for the longest time. */
  readonly oldestUseMs: number | undefined;
}

export interface BadFile {
  /** Below the store's root. */
  readonly path: string;
  readonly why: string;
}

interface Blob extends ListedFile {
  readonly digest: Digest;
}

/** Directories between `blobs` and a blob. */
const DEPTH = 2;

export class BlobInventory {
  readonly #directory: StoreDirectory;
  readonly #maxBytes: number;

  constructor(directory: StoreDirectory, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Removes what is no blob, and then blobs until the rest is within the bound. Never throws. */
  async prune({ keep, reachable, maxBytes = this.#maxBytes }: BlobPruneOptions): Promise<PruneResult> {
    const { blobs, strays } = await this.#list();
    for (const { path } of strays) await this.#directory.remove(path);
    const candidates = blobs.map((blob) => ({
      ...blob,
      isKept: keep.has(blob.digest),
      isReachable: reachable.has(blob.digest),
    }));
    const victims = chooseVictims(candidates, { maxBytes, nowMs: this.#directory.clock.now() });
    for (const { path } of victims) await this.#directory.remove(path);
    return toResult(blobs, victims);
  }

  /** Never throws. */
  async stat(): Promise<BlobStat> {
    const { blobs } = await this.#list();
    const oldest = blobs.reduce((least, { mtimeMs }) => Math.min(least, mtimeMs), Number.POSITIVE_INFINITY);
    return {
      blobs: blobs.length,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      oldestUseMs: blobs.length === 0 ? undefined : oldest,
    };
  }

  /** Hashes every blob and names what is bad; changes nothing. @throws the reason of `signal` */
  async verify(signal: AbortSignal = new AbortController().signal): Promise<readonly BadFile[]> {
    const { blobs, strays } = await this.#list();
    const bad = strays.map(({ path }) => this.#toBad(path, 'it is not a blob'));
    for (const blob of blobs) {
      signal.throwIfAborted();
      const why = await this.#findWrong(blob, signal);
      if (why !== undefined) bad.push(this.#toBad(blob.path, why));
    }
    return bad;
  }

  async #findWrong({ digest, path, size }: Blob, signal: AbortSignal): Promise<string | undefined> {
    // A sparse file costs nobody a disk, and us hours.
    if (size > this.#maxBytes) return `its ${size} bytes are more than the whole cache may have`;
    const actual = await this.#directory.faults.attempt(
      'read',
      () => this.#hash(digest, path, signal),
      signal,
    );
    if (actual === undefined) return 'it cannot be read';
    return actual === digest ? undefined : `its content is ${actual}`;
  }

  async #hash(digest: Digest, path: string, signal: AbortSignal): Promise<Digest | undefined> {
    const file = await this.#directory.openFile(path);
    if (file === undefined) return undefined;
    try {
      return await hashOf(file, digestAlgorithm(digest), signal);
    } finally {
      file.handle.close();
    }
  }

  #toBad(path: string, why: string): BadFile {
    return { path: this.#directory.paths.shown(path), why };
  }

  async #list(): Promise<{ readonly blobs: readonly Blob[]; readonly strays: readonly ListedFile[] }> {
    const blobs: Blob[] = [];
    const strays: ListedFile[] = [];
    await this.#directory.faults.attempt('list', async () => {
      for await (const file of listFiles(this.#directory.paths.blobs, DEPTH)) {
        const digest = file.isRegular ? this.#directory.paths.digestAt(file.path) : undefined;
        if (digest === undefined) strays.push(file);
        else blobs.push({ ...file, digest });
      }
    });
    return { blobs, strays };
  }
}
