// Directories that vanish with the test that asked for them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDirectory extends Disposable {
  readonly path: string;
  /** Writes a file in it and returns the file's path. */
  write(name: string, content: string | Buffer): string;
  remove(): void;
}

/** Use as `using temp = tempDirectory()`, or call `remove` in `afterEach`. */
export function tempDirectory(): TempDirectory {
  const path = mkdtempSync(join(tmpdir(), 'proofgate-test-'));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
    remove,
    [Symbol.dispose]: remove,
  };
}
