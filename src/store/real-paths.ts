// Whether a path is what it says, or leads elsewhere through a symbolic link.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import type { Descriptor } from './descriptor.ts';
import { codeOf, isAbsence, isIrregularity } from './faults.ts';
import type { StorePaths } from './paths.ts';

const OWNER_ONLY = 0o700;

/**
 * True when something is at `path` and no component of it is a link, the last one included.
 * @throws the foreign error of a fault
 */
export function isReal(path: string): boolean {
  try {
    return realpathSync.native(path) === path;
  } catch (error) {
    if (isAbsence(error) || isIrregularity(error)) return false;
    throw error;
  }
}

/** True when the file that is open lies at `path`, and no link led to it. @throws the foreign error of a fault */
export function isOpenAt({ fd }: Descriptor, path: string): boolean {
  // What the kernel opened: links that come and go between two calls do not change that. Where it does not say so, and
  // when the file has been replaced meanwhile, the path is looked at.
  return openedPath(fd) === path || isReal(path);
}

/** proc(5) */
function openedPath(fd: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** Makes a directory, unless something is there: somebody else may have been faster. @throws the foreign error of a fault */
export async function createDirectory(path: string): Promise<void> {
  await mkdir(path, OWNER_ONLY).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/**
 * Makes every component below the root a directory of its own; a link or a file in the place of one is removed.
 * @throws the foreign error of a fault
 */
export async function ensureDirectory(paths: StorePaths, directory: string): Promise<void> {
  if (isReal(directory) && lstatSync(directory).isDirectory()) return;
  for (const path of paths.chain(directory)) await makeDirectory(path);
  if (!isReal(directory)) throw new Error(`${directory} is reached through a link`);
}

async function makeDirectory(path: string): Promise<void> {
  try {
    if (lstatSync(path).isDirectory()) return;
    await unlink(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  await createDirectory(path);
}
