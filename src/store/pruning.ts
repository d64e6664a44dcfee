// Which files go when a part of the store is larger than it may be.
import type { ListedFile } from './listing.ts';

export interface Candidate extends ListedFile {
  /** Used in this run: never goes. */
  readonly isKept: boolean;
  /** Something leads to it. What nothing leads to goes first. */
  readonly isReachable: boolean;
}

export interface PruneResult {
  readonly removedFiles: number;
  readonly removedBytes: number;
  /** What is left; more than the bound only when this run used that much. */
  readonly keptBytes: number;
}

/** The files to remove so that the others are at most `maxBytes`: first what could never fit, then the unreachable, then the longest unused. */
export function chooseVictims<T extends Candidate>(
  files: readonly T[],
  bound: { readonly maxBytes: number; readonly nowMs: number },
): readonly T[] {
  let bytes = files.reduce((sum, file) => sum + file.size, 0);
  const rank = (file: T) => (file.size > bound.maxBytes ? 0 : file.isReachable ? 2 : 1);
  // A date in the future would keep a planted file for ever.
  const used = (file: T) => (file.mtimeMs > bound.nowMs ? 0 : file.mtimeMs);
  const order = files.filter((file) => !file.isKept).sort((a, b) => rank(a) - rank(b) || used(a) - used(b));
  const victims: T[] = [];
  for (const file of order) {
    if (bytes <= bound.maxBytes) break;
    victims.push(file);
    bytes -= file.size;
  }
  return victims;
}

export function toResult(files: readonly ListedFile[], victims: readonly ListedFile[]): PruneResult {
  const sum = (list: readonly ListedFile[]) => list.reduce((total, { size }) => total + size, 0);
  const removedBytes = sum(victims);
  return { removedFiles: victims.length, removedBytes, keptBytes: sum(files) - removedBytes };
}
