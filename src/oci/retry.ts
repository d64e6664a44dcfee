// When a request is sent once more, and how long to wait before. Pure decisions; transport.ts acts on them.
import { ProofgateError } from '../base/errors.ts';
import type { Answer } from './exchange.ts';
import type { RegistryLimits } from './limits.ts';
import { isTransient } from './network-error.ts';

const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
const THROTTLING_STATUSES = new Set([429, 503]);

export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

export function isThrottling(status: number): boolean {
  return THROTTLING_STATUSES.has(status);
}

/** What one attempt came to. */
export type Attempt = { readonly answer: Answer } | { readonly error: unknown };

/** One request's patience: how many attempts and how much waiting are left to it. */
export class Patience {
  readonly #limits: RegistryLimits;
  readonly #random: () => number;
  #attempts = 0;
  #waitedMs = 0;

  constructor(limits: RegistryLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt; undefined: `attempt` is final. */
  delayAfter(attempt: Attempt, now: number): number | undefined {
    this.#attempts += 1;
    if (!mayPass(attempt) || this.#attempts >= this.#limits.attempts) return undefined;
    const askedMs = 'answer' in attempt ? retryAfterMs(attempt.answer, now) : undefined;
    if (askedMs !== undefined && askedMs > this.#limits.maxRetryAfterMs) return undefined;
    // What the server asks for is the least; the jitter on top keeps those who wait from coming back as one.
    const delayMs = (askedMs ?? 0) + this.#backoffMs();
    if (this.#waitedMs + delayMs > this.#limits.maxWaitMs) return undefined;
    this.#waitedMs += delayMs;
    return delayMs;
  }

  /** Exponential, with full jitter. */
  #backoffMs(): number {
    const { backoffMs, maxBackoffMs } = this.#limits;
    return Math.round(this.#random() * Math.min(maxBackoffMs, backoffMs * 2 ** (this.#attempts - 1)));
  }
}

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds from `now`; undefined when there is none that can be read. */
export function retryAfterMs(answer: Answer, now: number): number | undefined {
  const text = answer.header('retry-after')[0]?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function mayPass(attempt: Attempt): boolean {
  if ('answer' in attempt) return isTransientStatus(attempt.answer.status);
  return attempt.error instanceof ProofgateError && isTransient(attempt.error);
}
