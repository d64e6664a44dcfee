// Open files by their descriptors. A run reads some thousand small ones, in several calls each: the handles of
// node:fs/promises cost several times as much.
import { closeSync, fstatSync, openSync, read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';

const readAsync = promisify(read);

/** Synchronous, apart from the reading of large files: waking a thread for a call costs more than most calls do. */
export class Descriptor {
  /** As the system calls take it. */
  readonly fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** For reading, with the flags of open(2). @throws the system's error */
  static open(path: string, flags: number): Descriptor {
    return new Descriptor(openSync(path, flags));
  }

  /** @throws the system's error */
  stat(): Stats {
    return fstatSync(this.fd);
  }

  /** @returns how many bytes there were, 0 at the end of the file */
  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    const { bytesRead } = await readAsync(this.fd, buffer, offset, length, position);
    return bytesRead;
  }

  /** The first `size` bytes, or undefined when there are fewer. @throws the system's error */
  readWhole(size: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(size);
    for (let position = 0; position < size; ) {
      const length = readSync(this.fd, bytes, position, size - position, position);
      if (length === 0) return undefined;
      position += length;
    }
    return bytes;
  }

  /** Only the first time: the number may be another file's by then. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.fd);
  }
}
