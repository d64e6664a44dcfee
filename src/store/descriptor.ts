// Open files by their descriptors. A run reads some thousand small ones, in several calls each: the handles of
// node:fs/promises cost several times as much.
import { closeSync, fstatSync, open, read, realpath, type Stats } from 'node:fs';
import { promisify } from 'node:util';

const calls = { open: promisify(open), read: promisify(read) };

/** The path without its symbolic links, as the system resolves it. @throws the system's error */
export const resolveLinks: (path: string) => Promise<string> = promisify(realpath.native);

/** What may have to wait for a disk is asynchronous; the rest costs less than waking a thread for it. */
export class Descriptor {
  /** As the system calls take it. */
  readonly fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** For reading, with the flags of open(2). @throws the system's error */
  static async open(path: string, flags: number): Promise<Descriptor> {
    return new Descriptor(await calls.open(path, flags));
  }

  /** @throws the system's error */
  stat(): Stats {
    return fstatSync(this.fd);
  }

  /** @returns how many bytes there were, 0 at the end of the file */
  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    const { bytesRead } = await calls.read(this.fd, buffer, offset, length, position);
    return bytesRead;
  }

  /** Only the first time: the number may be another file's by then. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.fd);
  }
}
