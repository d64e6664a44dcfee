// Disks that are full and directories that are read-only, even for root: real ones, by mount(8).
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Mount extends Disposable {
  readonly path: string;
}

/** A file system of its own, of this many bytes. */
export function smallDisk(path: string, bytes: number): Mount {
  mkdirSync(path, { recursive: true });
  return mount(path, ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path]);
}

/** The same directory at another path, which `turnReadOnly` closes for those who use it by that one. */
export function secondPath(directory: string, path: string): Mount {
  mkdirSync(path, { recursive: true });
  return mount(path, ['--bind', directory, path]);
}

export function turnReadOnly({ path }: Mount): void {
  run(['-o', 'remount,ro,bind', path]);
}

/** Writes until nothing more fits; the file can be removed to make room again. */
export function fillUp({ path }: Mount): { empty(): void } {
  const name = join(path, 'filler');
  const file = openSync(name, 'w');
  for (const size of [65_536, 4096, 1]) {
    const bytes = Buffer.alloc(size);
    try {
      while (writeSync(file, bytes) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return { empty: () => rmSync(name) };
}

function mount(path: string, options: readonly string[]): Mount {
  run(options);
  return { path, [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', path]) };
}

function run(options: readonly string[]): void {
  try {
    execFileSync('mount', options, { stdio: 'pipe' });
  } catch (error) {
    throw new Error(
      'this test needs to mount: run it as root with CAP_SYS_ADMIN, or within `unshare --user --map-root-user --mount`',
      { cause: error },
    );
  }
}
