// How many threads evaluate policies: as many as the cores and the memory allow.
import { availableParallelism, totalmem } from 'node:os';
import { readMemoryLimit } from './machine-memory.ts';

const MIB = 2 ** 20;
/** What one thread was seen to need at its peak with Conforma's release policies and an SBOM of 2,000 packages. */
export const THREAD_BYTES = 512 * MIB;
/** What the rest of the process needs, for its requests, bundles and reports. */
export const PROCESS_BYTES = 256 * MIB;

export interface Machine {
  /** Cores that this process may use. */
  readonly cores: number;
  /** Bytes that it may use, with all its threads. */
  readonly memoryBytes: number;
}

export function readMachine(): Machine {
  return {
    // Knows affinity and the control group's quota.
    cores: availableParallelism(),
    memoryBytes: readMemoryLimit({ root: '/', totalBytes: totalmem() }),
  };
}

/** At least one: where the memory does not even suffice for that, the evaluation tells. */
export function countThreads({ cores, memoryBytes }: Machine): number {
  const fitting = Math.floor((memoryBytes - PROCESS_BYTES) / THREAD_BYTES);
  return Math.max(1, Math.min(cores, fitting));
}
