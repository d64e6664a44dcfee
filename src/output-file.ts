// Writing a file that somebody else reads: whole or not at all.
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ProofgateError } from './base/errors.ts';

/**
 * Writes beside the target and renames; makes missing folders. Devices and pipes are written directly.
 * @throws ProofgateError `UNWRITABLE_FILE`
 */
export function writeOutputFile(path: string, text: string): void {
  try {
    const target = resolveTarget(resolve(path));
    if (target.isReplaceable) replace(target.path, text);
    else writeFileSync(target.path, text);
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new ProofgateError('UNWRITABLE_FILE', `cannot write the file ${JSON.stringify(path)} (${cause})`, {
      cause: error,
      hint: 'Check that its folder can be written to and has room.',
    });
  }
}

function replace(path: string, text: string): void {
  makeFolder(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
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
