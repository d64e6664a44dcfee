// SIGINT and SIGTERM: the first ends the run early, and what is known is reported; the second ends the process.
import { ProofgateError } from './base/errors.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Gives the signals back to their default effect. */
  stop(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function watchInterruption(exitCode: number): Interruption {
  const controller = new AbortController();
  const interrupt = (name: string) => {
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(new ProofgateError('CANCELLED', `the run was interrupted by ${name}`));
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of SIGNALS) process.off(name, interrupt);
    },
  };
}
