// Files that the user names. Reads are bounded: a device or a pipe may never end.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ProofgateError } from '../base/errors.ts';
import { quote } from './values.ts';

export interface InputFiles {
  /** True when something that is no directory is there. */
  exists(path: string): boolean;
  /** @throws ProofgateError `UNREADABLE_FILE`, also when the file is longer than `maxBytes` */
  read(path: string, maxBytes: number): Buffer;
}

/** Files of this machine; relative paths start at the working directory. */
export const localFiles: InputFiles = {
  exists(path) {
    try {
      return !statSync(path).isDirectory();
    } catch {
      // Whatever the reason is, reading it will tell.
      return false;
    }
  },
  read(path, maxBytes) {
    try {
      return readBounded(path, maxBytes);
    } catch (error) {
      if (error instanceof ProofgateError) throw error;
      const cause = error instanceof Error && 'code' in error ? String(error.code) : 'error';
      throw new ProofgateError('UNREADABLE_FILE', `cannot read the file ${quote(path)} (${cause})`, {
        cause: error,
        hint: 'Check the path, relative to the working directory, and its permissions.',
      });
    }
  },
};

function readBounded(path: string, maxBytes: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.alloc(64 * 1024);
      const count = readSync(descriptor, chunk);
      if (count === 0) return Buffer.concat(chunks);
      total += count;
      if (total > maxBytes) {
        throw new ProofgateError(
          'UNREADABLE_FILE',
          `the file ${quote(path)} is longer than ${maxBytes} bytes`,
        );
      }
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}
