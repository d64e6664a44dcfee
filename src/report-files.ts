// Reports that were written earlier, read from files and folders.
import { closeSync, opendirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProofgateError } from './base/errors.ts';
import { MAX_SHARDS } from './base/shard.ts';
import type { NamedReport } from './merge.ts';
import { parseReport } from './report/parse.ts';

const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const MAX_DEPTH = 4;
const MAX_ENTRIES = 10_000;
const CHUNK_BYTES = 1024 * 1024;

/**
 * The reports at `paths`, each a file or a folder with .json files, also further down.
 * @throws ProofgateError `UNREADABLE_FILE`, `BAD_REPORT`
 */
export function readReports(paths: readonly string[]): readonly NamedReport[] {
  const files = paths.flatMap((path) => named(path, () => listFiles(path)));
  if (files.length > MAX_SHARDS) {
    throw new ProofgateError(
      'BAD_REPORT',
      `${files.length} reports are more than the ${MAX_SHARDS} of a release`,
    );
  }
  return files.map((path) => ({
    name: JSON.stringify(path),
    report: named(path, () => parseReport(chunksOf(path), JSON.stringify(path))),
  }));
}

function listFiles(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const found: string[] = [];
  let left = MAX_ENTRIES;
  const visit = (folder: string, depth: number): void => {
    const directory = opendirSync(folder);
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        left -= 1;
        if (left < 0 || depth > MAX_DEPTH) throw new Error('it holds too many files or folders');
        const file = join(folder, entry.name);
        // Links are not followed.
        if (entry.isDirectory()) visit(file, depth + 1);
        else if (entry.isFile() && entry.name.endsWith('.json')) found.push(file);
      }
    } finally {
      directory.closeSync();
    }
  };
  visit(path, 1);
  if (found.length === 0) throw new Error('it holds no .json file');
  return found.toSorted();
}

function* chunksOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let total = 0;
    for (let length = -1; length !== 0; total += length) {
      length = readSync(file, chunk);
      if (total + length > MAX_FILE_BYTES) throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ProofgateError) throw cause;
    const why =
      cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
    throw new ProofgateError('UNREADABLE_FILE', `cannot read ${JSON.stringify(path)}: ${why}`, {
      cause,
      hint: 'Name the reports that the shards wrote, or the folder that holds them and nothing else.',
    });
  }
}
