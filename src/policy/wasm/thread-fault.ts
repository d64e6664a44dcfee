// Faults that work may have suffered through its thread or its neighbours there, and not through itself.
import { type ErrorDetails, ProofgateError } from '../../base/errors.ts';

/** The work may be begun anew, alone on a thread; where it has been alone already, this is its error. */
export class ThreadFault extends ProofgateError {
  constructor(code: 'POLICY_FAILED' | 'POLICY_LIMIT', message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** `error` is what the thread threw, or why it was ended. */
export function toThreadFault(error: unknown): ThreadFault {
  if (error instanceof ThreadFault) return error;
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return outOfMemory(error);
  return new ThreadFault('POLICY_FAILED', `the thread that evaluates policies ended: ${message}`, {
    cause: error,
  });
}

/** The evaluations of a thread share its memory: whoever meets the limit need not be the one that fills it. */
export function outOfMemory(cause?: unknown): ThreadFault {
  return new ThreadFault('POLICY_LIMIT', 'the policies need more memory than evaluations may use', { cause });
}

/** The engine said so itself. */
export function died(isLimit: boolean, message: string): ThreadFault {
  return new ThreadFault(isLimit ? 'POLICY_LIMIT' : 'POLICY_FAILED', message);
}

export function silentFor(silenceMs: number): ThreadFault {
  return new ThreadFault('POLICY_LIMIT', `the policies computed for ${silenceMs / 1000} s without a pause`);
}
