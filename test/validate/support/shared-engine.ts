// The real engine, started once for the tests of a file: each start compiles 30 MB of WebAssembly.
import { systemClock } from '../../../src/base/clock.ts';
import { openEngine } from '../../../src/policy/wasm/open-engine.ts';
import type { RunContext } from '../../../src/run.ts';

export interface SharedEngine {
  /** For the context of a run; that run does not end it. */
  readonly openEngine: NonNullable<RunContext['openEngine']>;
  close(): Promise<void>;
}

export function shareEngine(): SharedEngine {
  const { engine, concurrency } = openEngine({ threads: 1, clock: systemClock });
  const lent = {
    compile: (...args: Parameters<typeof engine.compile>) => engine.compile(...args),
    close: async () => {},
  };
  return { openEngine: () => ({ engine: lent, concurrency }), close: () => engine.close() };
}
