// A directory that strangers may have written: regular files are read and replaced in it, everything else that is found
// is absent. No symbolic link below the root is followed, and nothing ever waits for a lock or a pipe.
import { constants, futimesSync } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, open, realpath, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Limiter } from '../base/limiter.ts';
import { Descriptor } from './descriptor.ts';
import { codeOf, Faults, isAbsence, isIrregularity, type StoreFault, storing } from './faults.ts';
import { listFiles } from './listing.ts';
import { StorePaths } from './paths.ts';
import { createDirectory, ensureDirectory, isOpenAt, isReal } from './real-paths.ts';
import { isAbandoned, temporaryName } from './temp-files.ts';

export interface DirectoryOptions {
  readonly clock: Clock;
  /** Told each kind of fault once, with its cause. */
  readonly warn: (message: string) => void;
}

/** An exact size, or the most that the caller takes. */
export type Expected = { readonly size: number } | { readonly maxBytes: number };

/** Whether a read counts for the order of pruning. */
export type Use = 'used' | 'looked at';

export interface OpenFile {
  readonly handle: Descriptor;
  readonly size: number;
  readonly mtimeMs: number;
  /** How many names the file has. */
  readonly nlink: number;
}

export interface TemporaryFile {
  readonly handle: FileHandle;
  readonly path: string;
}

/** Small files that are written at once: a process may not have more than some hundred open. */
const MAX_OPEN = 32;
/** A pipe must not make us wait, a symbolic link not lead us away. (Windows has neither flag.) */
const READ_SAFELY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const OWNER_ONLY_FILE = 0o600;
/** Use is noted this exactly, so that a read is seldom a write too. */
const TOUCH_AFTER_MS = 60 * 60_000;
/** Strangers' leftovers that one sweep looks at. */
const MAX_SWEPT = 10_000;
/** Something that does not belong there, and has to go. */
const WRONG = Symbol('wrong');
const OCCUPIED = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM']);

export class StoreDirectory {
  readonly paths: StorePaths;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly #limiter: Limiter;

  private constructor(root: string, clock: Clock, faults: Faults) {
    this.paths = new StorePaths(root);
    this.clock = clock;
    this.faults = faults;
    this.#limiter = new Limiter({ clock, start: MAX_OPEN, max: MAX_OPEN, maxPausedMs: 0 });
  }

  /**
   * Makes the directory when it is missing. A link at the root or above it is the user's own choice and is followed,
   * once; whose directory it is does not matter, since nothing in it is believed.
   * @returns undefined, after one warning, when it cannot be read and written
   */
  static async open(root: string, { clock, warn }: DirectoryOptions): Promise<StoreDirectory | undefined> {
    const faults = new Faults(root, warn);
    try {
      // In two steps: Node tells the true cause only of the second.
      await mkdir(dirname(root), { recursive: true });
      await createDirectory(root);
      const directory = new StoreDirectory(await realpath(root), clock, faults);
      await ensureDirectory(directory.paths, directory.paths.temporary);
      for (const path of [directory.paths.root, directory.paths.temporary]) {
        await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      }
      return directory;
    } catch (error) {
      faults.report('open', error);
      return undefined;
    }
  }

  /** The bytes of a regular file within `expected`. One of another size than the exact one is removed. Never throws. */
  async readFile(path: string, expected: Expected, use: Use): Promise<Buffer | undefined> {
    const read = async () => this.#unlessWrong(path, this.#readFile(path, expected, use));
    return this.faults.attempt('read', read);
  }

  /** Puts a whole file at `path`; false after a fault, which is reported. Never throws. */
  async writeFile(path: string, bytes: Uint8Array): Promise<boolean> {
    const write = () => this.replace(path, ({ handle }) => storing(handle.writeFile(bytes)));
    return this.#limiter.run(async () => {
      try {
        await write();
        return true;
      } catch (error) {
        this.faults.report('write', (error as StoreFault).cause);
        return false;
      }
    });
  }

  /**
   * Opens a regular file; undefined when there is none. What stands in its place is removed. The caller closes it.
   * @throws the foreign error of a fault
   */
  async openFile(path: string): Promise<OpenFile | undefined> {
    return this.#unlessWrong(path, this.#open(path));
  }

  /**
   * Fills a temporary file in the same file system and gives it its name in one step: nobody sees half of it there.
   * Small files are not flushed: losing power may tear one, and every read finds that out by its hash.
   * @throws StoreFault; what `fill` throws
   */
  async replace(path: string, fill: (file: TemporaryFile) => Promise<void>): Promise<void> {
    const file = await storing(this.#createTemporary());
    try {
      try {
        await fill(file);
        this.#noteUse(file.handle);
      } finally {
        // Network file systems may tell only here that they could not write.
        await storing(file.handle.close());
      }
      await storing(this.#install(file.path, path));
    } catch (error) {
      await unlink(file.path).catch(() => {});
      throw error;
    }
  }

  /** Removes whatever is at `path`, but nothing behind a link. A directory is set aside, for the next sweep. Never throws. */
  async remove(path: string): Promise<void> {
    await this.faults.attempt('remove from', async () => {
      if (!isReal(dirname(path))) return;
      try {
        await unlink(path);
      } catch (error) {
        const isDirectory = async () => (await lstat(path)).isDirectory();
        if (isAbsence(error) || !(await isDirectory())) throw error;
        await ensureDirectory(this.paths, this.paths.temporary);
        await rename(path, this.paths.temporaryFile(temporaryName()));
      }
    });
  }

  /** Removes temporary files whose writers are gone. Never throws. */
  async sweep(): Promise<void> {
    await this.faults.attempt('remove from', async () => {
      let seen = 0;
      for await (const { path, mtimeMs } of listFiles(this.paths.temporary, 0)) {
        seen += 1;
        if (seen > MAX_SWEPT) return;
        if (!isAbandoned(basename(path), mtimeMs, this.clock.now())) continue;
        await rm(path, { recursive: true, force: true });
      }
    });
  }

  /** Notes the use, for the order of pruning. Never throws. */
  touch({ handle, mtimeMs, nlink }: OpenFile): void {
    // A file with a second name may be one from outside the store, which is not ours to change.
    if (nlink !== 1 || Math.abs(this.clock.now() - mtimeMs) < TOUCH_AFTER_MS) return;
    this.#noteUse(handle);
  }

  #noteUse({ fd }: { readonly fd: number }): void {
    const now = this.clock.now() / 1000;
    try {
      futimesSync(fd, now, now);
    } catch {
      // Only the order of pruning suffers.
    }
  }

  /** In one go: however many read at once, one file is open. */
  #readFile(path: string, expected: Expected, use: Use): Buffer | typeof WRONG | undefined {
    const file = this.#open(path);
    if (file === undefined || file === WRONG) return file;
    try {
      if ('maxBytes' in expected && file.size > expected.maxBytes) return undefined;
      if ('size' in expected && file.size !== expected.size) return WRONG;
      const bytes = file.handle.readWhole(file.size);
      if (bytes !== undefined && use === 'used') this.touch(file);
      return bytes ?? WRONG;
    } finally {
      file.handle.close();
    }
  }

  #open(path: string): OpenFile | typeof WRONG | undefined {
    let handle: Descriptor;
    try {
      handle = Descriptor.open(path, READ_SAFELY);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      if (isIrregularity(error)) return WRONG;
      throw error;
    }
    let isGood = false;
    try {
      const stats = handle.stat();
      isGood = stats.isFile() && isOpenAt(handle, path);
      return isGood ? { handle, size: stats.size, mtimeMs: stats.mtimeMs, nlink: stats.nlink } : WRONG;
    } finally {
      if (!isGood) handle.close();
    }
  }

  async #unlessWrong<T>(path: string, found: T | typeof WRONG): Promise<T | undefined> {
    if (found !== WRONG) return found;
    await this.remove(path);
    return undefined;
  }

  async #createTemporary(): Promise<TemporaryFile> {
    await ensureDirectory(this.paths, this.paths.temporary);
    const path = this.paths.temporaryFile(temporaryName());
    return { path, handle: await open(path, 'wx', OWNER_ONLY_FILE) };
  }

  async #install(from: string, to: string): Promise<void> {
    await ensureDirectory(this.paths, dirname(to));
    try {
      await rename(from, to);
    } catch (error) {
      if (!OCCUPIED.has(codeOf(error))) throw error;
      await this.remove(to);
      await rename(from, to);
    }
  }
}
