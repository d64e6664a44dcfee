// Open files by their descriptors. A run reads some thousand small ones, in several calls each: the handles of
// node:fs/promises cost several times as much.
import { closeSync, fstatSync, futimes, open, read, realpath, type Stats } from 'node:fs';
import { promisify } from 'node:util';

const calls = { futimes: promisify(futimes), open: promisify(open), read: promisify(read) };

/** The path without its symbolic links, as the system resolves it. @throws the system's error */
export const resolveLinks: (path: string) => Promise<string> = promisify(realpath.native);

/** What may have to wait for a disk is asynchronous; the rest costs less than waking a thread for it. */
export class Descriptor {
  readonly #number: number;
  #isOpen = true;

  private constructor(number: number) {
    this.#number = number;
  }

  /** For reading, with the flags of open(2). @throws the system's error */
  static async open(path: string, flags: number): Promise<Descriptor> {
    return new Descriptor(await calls.open(path, flags));
  }

  /** @throws the system's error */
  stat(): Stats {
    return fstatSync(this.#number);
  }

  /** @returns how many bytes there were, 0 at the end of the file */
  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    const { bytesRead } = await calls.read(this.#number, buffer, offset, length, position);
    return bytesRead;
  }

  /** Seconds since the epoch. */
  utimes(accessed: number, modified: number): Promise<void> {
    return calls.futimes(this.#number, accessed, modified);
  }

  /** Only the first time: the number may be another file's by then. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#number);
  }
}
