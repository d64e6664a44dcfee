// A file or folder of this machine. The user named it: where it leads is the user's choice; what lies in it may only lead
// to what lies in it.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { ProofgateError } from '../../base/errors.ts';
import type { SourceTree } from '../source-tree.ts';
import { badSource } from './source-text.ts';
import { limitsOf, type SourceLimits, type SourceTools } from './source-tools.ts';
import { TreeBuilder } from './tree-builder.ts';

/** A pipe must not make us wait. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** @throws ProofgateError `BAD_POLICY`: not there, unreadable, a link that leads outside, too much of it */
export async function readLocalSource(
  url: string,
  path: string,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<SourceTree> {
  const limits = limitsOf(tools);
  const builder = new TreeBuilder(url, '', limits);
  try {
    const root = await realpath(path);
    if ((await stat(root)).isDirectory()) await readFolder(root, builder, limits, signal);
    else await readInto(root, basename(path), builder, limits);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProofgateError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const hint =
      'Give a path that is there, relative to the working directory, or name an image with oci:: and a repository with git::.';
    throw badSource(url, `it cannot be read as a file or folder (${code})`, hint, error);
  }
  return builder.build(`file::${path}`);
}

/** True when something that is no folder is there. Never throws. */
export async function isLocalFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isDirectory();
}

async function readFolder(
  root: string,
  builder: TreeBuilder,
  limits: SourceLimits,
  signal: AbortSignal,
): Promise<void> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await opendir(folder)) {
      signal.throwIfAborted();
      const path = join(folder, entry.name);
      const name = relative(root, path).replaceAll(sep, '/');
      // What git keeps there is nobody's policy.
      if (!entry.isDirectory()) await readInto(path, name, builder, limits, root);
      else if (entry.name !== '.git') {
        builder.enter(name);
        folders.push(path);
      }
    }
  }
}

/** Links to folders are not followed, as Conforma does not: a folder could contain itself. */
async function readInto(
  path: string,
  name: string,
  builder: TreeBuilder,
  limits: SourceLimits,
  root?: string,
): Promise<void> {
  const admitted = builder.admit(name);
  if (admitted === undefined) return;
  const target = await realpath(path);
  const isOutside = root !== undefined && !target.startsWith(root.endsWith(sep) ? root : root + sep);
  if (isOutside) throw new ProofgateError('BAD_POLICY', `the policy file ${path} is a link out of ${root}`);
  if ((await lstat(target)).isDirectory()) return;
  const handle = await open(target, READ);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ProofgateError('BAD_POLICY', `the policy file ${path} is no regular file`);
    builder.expect(admitted, stats.size);
    builder.add(admitted, await readBounded(handle, stats.size, limits));
  } finally {
    await handle.close();
  }
}

/** A file may grow while it is read. */
async function readBounded(handle: FileHandle, size: number, limits: SourceLimits): Promise<Buffer> {
  const space = Buffer.alloc(Math.min(size, limits.fileBytes));
  let length = 0;
  while (length < space.length) {
    const { bytesRead } = await handle.read(space, length, space.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return space.subarray(0, length);
}
