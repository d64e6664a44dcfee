// The end of a run: its own timeout, or whoever interrupts it.
import { ProofgateError } from './base/errors.ts';

/** Its signal has a ProofgateError as reason. `timeoutMs` 0: none. Clear it when the run is over. */
export function startDeadline(
  timeoutMs: number,
  outer: AbortSignal | undefined,
): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
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
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', leave);
    },
  };
}
