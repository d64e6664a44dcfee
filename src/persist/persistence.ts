// Where the proof cache's directory comes from before a run, and where it goes to afterwards.
import { access, mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProofgateError } from '../base/errors.ts';

/** `full`: left by a run over the same components · `partial`: by another one · `none`: a cold run. */
export type CacheHit = 'full' | 'partial' | 'none';

export interface Restored {
  readonly hit: CacheHit;
  /** False: there is no directory to work in, the run goes on without a store. */
  readonly usable: boolean;
}

/** Neither call rejects: a failure is one warning and a cold run. Nothing that is restored is believed. */
export interface Persistence {
  /** What the store works in, between `restore` and `save`. */
  readonly directory: string;
  restore(signal?: AbortSignal): Promise<Restored>;
  /**
   * Call it once, at the end, and only when something new was verified.
   * @param content what the directory holds: digests of the proofs, and when they were listed
   */
  save(content: readonly string[], signal?: AbortSignal): Promise<void>;
}

/** Told once for each failure; the message is safe to print. */
export type Warn = (warning: ProofgateError) => void;

export interface DirectoryOptions {
  readonly directory: string;
  /** For a folder that is ours by convention; one that the user names has to be there. */
  readonly createIfMissing: boolean;
  readonly warn: Warn;
}

/** A directory that stays where it is: nothing to restore, nothing to save. */
export class DirectoryPersistence implements Persistence {
  readonly directory: string;
  readonly #options: DirectoryOptions;

  constructor(options: DirectoryOptions) {
    this.directory = options.directory;
    this.#options = options;
  }

  /** The store itself knows what it hits: `hit` is always `none` here. */
  async restore(): Promise<Restored> {
    const { createIfMissing, warn } = this.#options;
    try {
      if (createIfMissing) await makeDirectory(this.directory);
      await checkWritable(this.directory);
      return { hit: 'none', usable: true };
    } catch (error) {
      warn(
        new ProofgateError('CACHE_UNAVAILABLE', `no proof cache in ${this.directory}: ${toReason(error)}`, {
          cause: error,
          hint: 'Name a directory that exists and may be written to, or none.',
        }),
      );
      return { hit: 'none', usable: false };
    }
  }

  async save(): Promise<void> {}
}

/**
 * Makes a directory for this user alone, with the missing ones above it. Node's own `recursive` asks for ever
 * where making one fails with ENOENT although its parent is there: below an automounter's folder, or /proc.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const parent = dirname(directory);
  const hasParent = await access(parent).then(
    () => true,
    () => parent === directory,
  );
  if (!hasParent) await makeDirectory(parent);
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Permissions alone do not tell: the file system may be read-only, or full. */
export async function checkWritable(directory: string): Promise<void> {
  await rmdir(await mkdtemp(join(directory, '.probe-')));
}

/** What a warning says of an error: its message, without the stack. */
export function toReason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
