// Which proofs a subject had when its registry was last asked. Read with today's question, age and doubts; whatever is
// not exactly right is absent.
import type { Digest } from '../base/digest.ts';
import type { BadFile } from './blob-inventory.ts';
import type { StoreDirectory } from './directory.ts';
import { type ListedFile, listFiles } from './listing.ts';
import {
  MAX_RECORD_BYTES,
  type ProofRecord,
  parseRecord,
  renderRecord,
  toRecordKey,
} from './proof-record.ts';
import { chooseVictims, type PruneResult, toResult } from './pruning.ts';

export interface ReadOptions {
  readonly nowMs: number;
  /** A record of this age or older is absent; 0: every one is. */
  readonly maxAgeMs: number;
}

export interface PrunedIndex extends PruneResult {
  /** The good records that are left, read one after the other. Never throws. */
  readonly kept: AsyncGenerator<ProofRecord, void, undefined>;
}

/** What all records may weigh together after `prune`. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
/** Directories between `proofs` and a record. */
const DEPTH = 1;

export class ProofIndex {
  readonly #directory: StoreDirectory;
  readonly #used = new Set<string>();

  /** Shares the directory of a blob store. */
  constructor(directory: StoreDirectory) {
    this.#directory = directory;
  }

  /** What is known of the subject, if it was listed less than `maxAgeMs` ago. Never throws. */
  async read(repository: string, digest: Digest, options: ReadOptions): Promise<ProofRecord | undefined> {
    const path = this.#directory.paths.proof(toRecordKey({ repository, digest }));
    const bytes = await this.#directory.readFile(path, { maxBytes: MAX_RECORD_BYTES }, 'used');
    if (bytes === undefined) return undefined;
    const record = this.#parse(path, bytes);
    if (record === undefined) {
      await this.#directory.remove(path);
      return undefined;
    }
    const ageMs = options.nowMs - record.listedAtMs;
    // From the future: forged, or written under a wrong clock. Either way nobody knows how old it is.
    if (!(ageMs >= 0 && ageMs < options.maxAgeMs)) return undefined;
    this.#used.add(path);
    return record;
  }

  /** Replaces what was known. Returns whether it is kept: not after a fault, nor beyond the bounds of a record. Never throws. */
  async write(record: ProofRecord): Promise<boolean> {
    const text = renderRecord(record);
    if (text === undefined) return false;
    const path = this.#directory.paths.proof(toRecordKey(record));
    this.#used.add(path);
    return this.#directory.writeFile(path, Buffer.from(text));
  }

  /** Every good record, of any age. Never throws. */
  async *all(): AsyncGenerator<ProofRecord, void, undefined> {
    yield* this.#records(await this.#list());
  }

  /** Names every file that is no record of its place; changes nothing. Never throws. */
  async verify(): Promise<readonly BadFile[]> {
    const bad: BadFile[] = [];
    for (const file of await this.#list()) {
      if ((await this.#look(file)) !== undefined) continue;
      bad.push({ path: this.#directory.paths.shown(file.path), why: 'it is not a record' });
    }
    return bad;
  }

  /** Removes what cannot be a record, and then the longest unused records, but none that this run used. Never throws. */
  async prune(maxBytes: number = MAX_INDEX_BYTES): Promise<PrunedIndex> {
    const files = await this.#list();
    const strays = files.filter((file) => !this.#isPossible(file));
    for (const { path } of strays) await this.#directory.remove(path);
    const candidates = files
      .filter((file) => this.#isPossible(file))
      .map((file) => ({ ...file, isKept: this.#used.has(file.path), isReachable: true }));
    const victims = chooseVictims(candidates, { maxBytes, nowMs: this.#directory.clock.now() });
    for (const { path } of victims) await this.#directory.remove(path);
    // What was just removed is absent.
    return { ...toResult(candidates, victims), kept: this.#records(candidates) };
  }

  async *#records(files: readonly ListedFile[]): AsyncGenerator<ProofRecord, void, undefined> {
    for (const file of files) {
      const record = await this.#look(file);
      if (record !== undefined) yield record;
    }
  }

  async #look(file: ListedFile): Promise<ProofRecord | undefined> {
    if (!this.#isPossible(file)) return undefined;
    const bytes = await this.#directory.readFile(file.path, { maxBytes: MAX_RECORD_BYTES }, 'looked at');
    return bytes && this.#parse(file.path, bytes);
  }

  /** A record says whose it is, and only that subject's place may hold it. */
  #parse(path: string, bytes: Buffer): ProofRecord | undefined {
    const record = parseRecord(bytes);
    const place = record && this.#directory.paths.proof(toRecordKey(record));
    return place === path ? record : undefined;
  }

  #isPossible({ path, isRegular, size }: ListedFile): boolean {
    return isRegular && size <= MAX_RECORD_BYTES && this.#directory.paths.isProof(path);
  }

  async #list(): Promise<readonly ListedFile[]> {
    const files: ListedFile[] = [];
    await this.#directory.faults.attempt('list', async () => {
      for await (const file of listFiles(this.#directory.paths.proofs, DEPTH)) files.push(file);
    });
    return files;
  }
}
