// The real engine, started once for the tests of a file: each start compiles 30 MB of WebAssembly.
import { systemClock } from '../../../src/base/clock.ts';
import type { Engine } from '../../../src/policy/engine.ts';
import { readEngine } from '../../../src/policy/wasm/engine-files.ts';
import { enginePlace, openEngine } from '../../../src/policy/wasm/open-engine.ts';
import { WasmEngine } from '../../../src/policy/wasm/wasm-engine.ts';
import type { RunContext } from '../../../src/run.ts';

const MIB = 2 ** 20;

export interface SharedEngine {
  /** For the context of a run; that run does not end it. */
  readonly openEngine: NonNullable<RunContext['openEngine']>;
  close(): Promise<void>;
}

export function shareEngine(): SharedEngine {
  return share(openEngine({ threads: 1, clock: systemClock }).engine);
}

/** One that soon has enough: half a second, 128 MiB. */
export function shareSmallEngine(): SharedEngine {
  const { worker, folder } = enginePlace(new URL('../../../src/policy/wasm', import.meta.url).pathname);
  const evaluation = { runMs: 500, heapBytes: 96 * MIB, resultBytes: MIB };
  const engine = new WasmEngine({
    threads: 1,
    file: worker,
    readFiles: () => readEngine(folder, 128 * MIB),
    limits: { slots: 4, silenceMs: 60_000, evaluation },
    clock: systemClock,
  });
  return share(engine);
}

function share(engine: Engine): SharedEngine {
  const lent: Engine = {
    compile: (program, signal) => engine.compile(program, signal),
    close: async () => {},
  };
  return { openEngine: () => ({ engine: lent, concurrency: 4 }), close: () => engine.close() };
}
