// What lies in a tree of the store: everything is looked at, nothing is opened, no link is followed.
import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsence } from './faults.ts';
import { isReal } from './real-paths.ts';

export interface ListedFile {
  readonly path: string;
  /** False for links, pipes, devices, and directories where files belong. */
  readonly isRegular: boolean;
  readonly size: number;
  readonly mtimeMs: number;
}

/** More entries than a bounded store can have are somebody's attack: the rest is left to the next time. */
const MAX_LISTED = 500_000;

/** The entries `depth` directories below `top`, and whatever lies above them without being a directory. */
export async function* listFiles(top: string, depth: number): AsyncGenerator<ListedFile> {
  let listed = 0;
  for await (const file of walk(top, depth)) {
    yield file;
    listed += 1;
    if (listed === MAX_LISTED) return;
  }
}

async function* walk(top: string, depth: number): AsyncGenerator<ListedFile> {
  if (!isReal(top)) return;
  const directory = await unlessAbsent(opendir(top));
  if (directory === undefined) return;
  for await (const entry of directory) {
    const path = join(top, entry.name);
    if (depth > 0 && entry.isDirectory()) {
      yield* walk(path, depth - 1);
      continue;
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    yield { path, isRegular: stats.isFile(), size: stats.size, mtimeMs: stats.mtimeMs };
  }
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
