// `proofgate cache stat|verify|prune`: looks after the directory in which proofs are kept.
import { existsSync } from 'node:fs';
import type { Clock } from './base/clock.ts';
import { ProofgateError } from './base/errors.ts';
import { EXIT_REJECTED, EXIT_UNDETERMINED, EXIT_USAGE, EXIT_VERIFIED } from './exit-code.ts';
import type { CacheAction } from './options/command-line.ts';
import { OptionReader, type RawOptions } from './options/option-reader.ts';
import { defaultCacheDirectory } from './persist/default-directory.ts';
import { renderBytes, renderCount, renderDuration } from './report/figures.ts';
import { BlobStore } from './store/blob-store.ts';
import { ProofIndex } from './store/proof-index.ts';
import { pruneStore } from './store/upkeep.ts';

export interface CacheCommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export interface CacheCommandResult {
  readonly code: number;
  /** For standard output. */
  readonly lines: readonly string[];
  readonly problems: readonly ProofgateError[];
}

interface Cache {
  readonly directory: string;
  readonly blobs: BlobStore;
  readonly index: ProofIndex;
  readonly nowMs: number;
}

/** Exit codes: 0, 1 when `verify` found something bad, 2 for bad input, 3 when the directory cannot be used. */
export async function runCacheCommand(
  action: CacheAction,
  raw: RawOptions,
  { environment, clock }: CacheCommandContext,
): Promise<CacheCommandResult> {
  const reader = new OptionReader(raw, 'command');
  const maxBytes = reader.bytes('cache-max-size');
  const directory = reader.text('cache-dir') ?? defaultCacheDirectory(environment);
  if (directory === undefined)
    reader.add('BAD_OPTION', 'there is no home to keep a cache in', 'Give --cache-dir.');
  if (directory === undefined || reader.problems.length > 0)
    return { code: EXIT_USAGE, lines: [], problems: reader.problems };
  if (!existsSync(directory)) return passed([`${directory}: nothing is kept`]);
  const warnings: string[] = [];
  const blobs = await BlobStore.open(directory, {
    clock,
    maxBytes,
    warn: (text) => void warnings.push(text),
  });
  if (blobs === undefined) return { code: EXIT_UNDETERMINED, lines: [], problems: warnings.map(unusable) };
  const index = new ProofIndex(blobs.directory);
  const result = await ACTIONS[action]({ directory, blobs, index, nowMs: clock.now() });
  return { ...result, problems: [...result.problems, ...warnings.map(unusable)] };
}

const ACTIONS: Readonly<Record<CacheAction, (cache: Cache) => Promise<CacheCommandResult>>> = {
  stat: async ({ directory, blobs, index, nowMs }) => {
    const stat = await blobs.stat();
    const listed: number[] = [];
    for await (const { listedAtMs } of index.all()) listed.push(listedAtMs);
    const oldest = listed.length === 0 ? '' : `, the oldest listed ${ago(Math.min(...listed), nowMs)}`;
    const unused =
      stat.oldestUseMs === undefined ? '' : `, the longest unused ${ago(stat.oldestUseMs, nowMs)}`;
    return passed([
      directory,
      `${renderCount(listed.length, 'proof')}${oldest}`,
      `${renderCount(stat.blobs, 'blob')}, ${renderBytes(stat.bytes)}${unused}`,
    ]);
  },
  verify: async ({ blobs, index }) => {
    const bad = [...(await blobs.verify()), ...(await index.verify())];
    if (bad.length === 0) return passed(['everything is what its name says']);
    const lines = bad.map(({ path, why }) => `${path}: ${why}`);
    return { code: EXIT_REJECTED, lines, problems: [] };
  },
  prune: async ({ blobs, index }) => {
    const pruned = await pruneStore(blobs, index);
    const removed = `${renderCount(pruned.blobs.removedFiles, 'blob')} and ${renderCount(pruned.records.removedFiles, 'proof')}`;
    return passed([
      `removed ${removed}, ${renderBytes(pruned.blobs.removedBytes + pruned.records.removedBytes)}`,
    ]);
  },
};

function ago(atMs: number, nowMs: number): string {
  return `${renderDuration(Math.max(0, nowMs - atMs))} ago`;
}

function passed(lines: readonly string[]): CacheCommandResult {
  return { code: EXIT_VERIFIED, lines, problems: [] };
}

function unusable(message: string): ProofgateError {
  return new ProofgateError('CACHE_UNAVAILABLE', message);
}
