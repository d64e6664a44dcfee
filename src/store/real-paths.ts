// Whether a path is what it says, or leads elsewhere through a symbolic link.
import { lstatSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { resolveLinks } from './descriptor.ts';
import { codeOf, isAbsence, isIrregularity } from './faults.ts';
import type { StorePaths } from './paths.ts';

const OWNER_ONLY = 0o700;

/**
 * `link`: some component of the path, the last one included, is a symbolic link. One that leads nowhere reads as absence,
 * and goes when something is written there.
 * @throws the foreign error of a fault
 */
export async function lookAt(path: string): Promise<'real' | 'link' | 'absent'> {
  try {
    return (await resolveLinks(path)) === path ? 'real' : 'link';
  } catch (error) {
    if (isAbsence(error)) return 'absent';
    if (isIrregularity(error)) return 'link';
    throw error;
  }
}

/** True when something is at `path` and no component of it is a link, the last one included. */
export async function isReal(path: string): Promise<boolean> {
  return (await lookAt(path)) === 'real';
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
  // What was just resolved is in memory: looking at it costs less than waking a thread for it.
  if ((await isReal(directory)) && lstatSync(directory).isDirectory()) return;
  for (const path of paths.chain(directory)) await makeDirectory(path);
  if (!(await isReal(directory))) throw new Error(`${directory} is reached through a link`);
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
