// Faults that work may have suffered through its thread or its neighbours there, and not through itself.
import { type ErrorDetails, ProofgateError } from '../../base/errors.ts';

/** The work may be begun anew, alone on a thread; where it has been alone already, this is its error. */
export class ThreadFault extends ProofgateError {
  constructor(code: 'POLICY_FAILED' | 'POLICY_LIMIT', message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

export interface Exit {
  /** What the thread threw, or why it was ended; undefined when it went by itself. */
  readonly error: unknown;
  readonly code: number;
  /** What it wrote to its standard error last. */
  readonly log: string;
}

export function toThreadFault({ error, code, log }: Exit): ThreadFault {
  if (error instanceof ThreadFault) return error;
  if (isOutOfMemory(error, log)) return outOfMemory(error);
  const reason = error instanceof Error ? error.message : `exit code ${code}`;
  return new ThreadFault('POLICY_FAILED', `the thread that evaluates policies ended: ${reason}`, {
    cause: error ?? new Error(log),
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

function isOutOfMemory(error: unknown, log: string): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === 'ERR_WORKER_OUT_OF_MEMORY' || log.includes('out of memory');
}
