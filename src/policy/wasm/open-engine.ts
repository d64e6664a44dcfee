// The engine as the product runs it: how many threads, with which bounds, from which files.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Engine } from '../engine.ts';
import { readEngine } from './engine-files.ts';
import { readMachine, sizesFor } from './sizing.ts';
import { WasmEngine } from './wasm-engine.ts';

const MIB = 2 ** 20;
/** A component takes a second; one with an SBOM of 20,000 packages ten. */
const RUN_MS = 60_000;
/** Between two signs of life: a compilation gives none, and takes three seconds where others do not use the cores. */
const SILENCE_MS = 120_000;
const RESULT_BYTES = 64 * MIB;
/** Of the engine's memory; the rest is Go's own. */
const HEAP_PART = 0.75;
/** With 20 ms for each answer of a registry, three keep a thread busy; each has an input in memory. */
const SLOTS = 4;

export interface OpenedEngine {
  readonly engine: Engine;
  /** Evaluations that keep all threads busy. */
  readonly concurrency: number;
}

export interface EngineOptions {
  /** Undefined: what the machine allows. */
  readonly threads: number | undefined;
  readonly clock: Clock;
}

/** Nothing is loaded, and no thread started, before the first compilation. Whoever opens an engine closes it. */
export function openEngine({ threads: wanted, clock }: EngineOptions): OpenedEngine {
  const { threads, memoryBytes } = sizesFor(readMachine(), wanted);
  const { worker, folder } = enginePlace(import.meta.dirname);
  const engine = new WasmEngine({
    threads,
    file: worker,
    readFiles: () => readEngine(folder, memoryBytes),
    limits: {
      slots: SLOTS,
      silenceMs: SILENCE_MS,
      evaluation: { runMs: RUN_MS, heapBytes: memoryBytes * HEAP_PART, resultBytes: RESULT_BYTES },
    },
    clock,
  });
  return { engine, concurrency: threads * SLOTS };
}

/** `codeFolder` is that of this file: src/policy/wasm, or a folder of dist/ beside those of the engine. */
export function enginePlace(codeFolder: string): { readonly worker: string; readonly folder: string } {
  const source = join(codeFolder, 'worker.ts');
  if (existsSync(source))
    return { worker: source, folder: join(codeFolder, '..', '..', '..', 'dist', 'policy') };
  const dist = dirname(codeFolder);
  return { worker: join(dist, 'worker', 'index.js'), folder: join(dist, 'policy') };
}
