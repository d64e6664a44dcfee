// The end of a run: its own timeout, or whoever interrupts it.
import { ProofgateError } from './base/errors.ts';

export interface Deadline {
  /** Its reason is a ProofgateError. */
  readonly signal: AbortSignal;
  /** Waits for what is to be tidied up; when the run ends early, not longer than a moment: its report comes first. */
  settle(work: Promise<void> | undefined): Promise<void>;
  /** To be called when the run is over. */
  clear(): void;
}

/** What is not tidied up by then ends with the process. Several of them fit into the seconds that a pod has left. */
const GRACE_MS = 1_000;

/** @param timeoutMs 0: none */
export function startDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const hint = 'Give more time with `timeout`, or fewer components.';
  const late = () =>
    controller.abort(
      new ProofgateError('TIMEOUT', `the run's timeout of ${timeoutMs / 1000} s has passed`, { hint }),
    );
  const leave = () => {
    const reason: unknown = outer?.reason;
    const cancelled = new ProofgateError('CANCELLED', 'the run was cancelled', { cause: reason });
    controller.abort(reason instanceof ProofgateError ? reason : cancelled);
  };
  const timer = timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined;
  if (outer?.aborted) leave();
  outer?.addEventListener('abort', leave, { once: true });
  return {
    signal,
    settle: async (work) => {
      if (work !== undefined) await Promise.race([work, graceAfter(signal, work)]);
    },
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', leave);
    },
  };
}

/** Resolves a moment after `signal` was aborted; leaves nothing behind once `work` is done. */
function graceAfter(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer = setTimeout(resolve, GRACE_MS);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  const stop = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', begin);
  };
  work.then(stop, stop);
  return promise;
}
