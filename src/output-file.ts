// Writing a file that somebody else reads: whole or not at all.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ProofgateError } from './base/errors.ts';

/** UTF-16 units of one write: far from what a string can hold, and not a system call for each line. */
const BATCH_LENGTH = 256 * 1024;

/** Joins small pieces, so that each but the last has at least 256 Ki UTF-16 units. */
export function* inBatches(pieces: Iterable<string>): Generator<string> {
  let batch: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    batch.push(piece);
    length += piece.length;
    if (length < BATCH_LENGTH) continue;
    yield batch.join('');
    batch = [];
    length = 0;
  }
  if (length > 0) yield batch.join('');
}

/**
 * Writes beside the target and renames; makes missing folders. Devices and pipes are written directly.
 * @throws ProofgateError `UNWRITABLE_FILE`
 */
export function writeOutputFile(path: string, pieces: Iterable<string>): void {
  try {
    const target = resolveTarget(resolve(path));
    if (target.isReplaceable) replace(target.path, pieces);
    else write(target.path, 'w', pieces);
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new ProofgateError('UNWRITABLE_FILE', `cannot write the file ${JSON.stringify(path)} (${cause})`, {
      cause: error,
      hint: 'Check that its folder can be written to and has room.',
    });
  }
}

function write(path: string, flag: 'w' | 'wx', pieces: Iterable<string>): void {
  const file = openSync(path, flag);
  try {
    for (const batch of inBatches(pieces)) writeFileSync(file, batch);
  } finally {
    closeSync(file);
  }
}

function replace(path: string, pieces: Iterable<string>): void {
  makeFolder(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    write(temporary, 'wx', pieces);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Node's own `recursive` never returns where making a folder fails though its parent is there, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** A symbolic link stays one: what it points to is replaced. */
function resolveTarget(path: string): { path: string; isReplaceable: boolean } {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { path, isReplaceable: true };
  const real = realpathSync(path);
  return { path: real, isReplaceable: lstatSync(real).isFile() };
}
