// How many threads evaluate policies, and how much memory each may use: what the cores and the memory allow.
import { availableParallelism, totalmem } from 'node:os';
import { readMemoryLimit } from './machine-memory.ts';

const MIB = 2 ** 20;
/**
 * What a thread was seen to need with Conforma's release policies: 120 MiB with images of a few packages, 200 MiB with
 * four SBOMs of 2,000 packages at once.
 */
export const THREAD_BYTES = 256 * MIB;
/** What the rest of the process was seen to need: 200 MiB for its requests, bundles and reports, 130 for the engine's code. */
export const PROCESS_BYTES = 330 * MIB;
/** A thread with less could not compile those policies; one that asks for more has met something else than a policy. */
const LEAST_BYTES = 160 * MIB;
const MOST_BYTES = 1024 * MIB;

export interface Machine {
  /** Cores that this process may use. */
  readonly cores: number;
  /** Bytes that it may use, with all its threads. */
  readonly memoryBytes: number;
}

export interface Sizes {
  readonly threads: number;
  /** The most that the engine in one thread may use: all of them together do not exceed the machine's memory. */
  readonly memoryBytes: number;
}

export function readMachine(): Machine {
  return {
    // Knows affinity and the control group's quota.
    cores: availableParallelism(),
    memoryBytes: readMemoryLimit({ root: '/', totalBytes: totalmem() }),
  };
}

/** At least one thread; as many as the user wants, when he says so. */
export function sizesFor({ cores, memoryBytes }: Machine, wanted?: number): Sizes {
  const free = memoryBytes - PROCESS_BYTES;
  const threads = wanted ?? Math.max(1, Math.min(cores, Math.floor(free / THREAD_BYTES)));
  const share = Math.floor(free / threads);
  return { threads, memoryBytes: Math.max(LEAST_BYTES, Math.min(share, MOST_BYTES)) };
}
