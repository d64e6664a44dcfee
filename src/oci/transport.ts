// One question to a host and its final answer: redirects, retries, the host's limiter, the ledger. Gets
// credentials as a ready header, and keeps them from any other origin.
import type { Clock } from '../base/clock.ts';
import { ProofgateError } from '../base/errors.ts';
import { type Feedback, Limiter } from '../base/limiter.ts';
import { redactUrl } from '../base/redaction.ts';
import type { BodyRule } from './body.ts';
import { Connections } from './dispatcher.ts';
import { type Answer, exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import type { RegistryLimits } from './limits.ts';
import { isLoopback } from './loopback.ts';
import { cancelled } from './network-error.ts';
import { isRedirect, redirectTarget, refused } from './redirect.ts';
import { type Attempt, isThrottling, Patience, retryAfterMs } from './retry.ts';

export interface TransportOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `host[:port]`, lower case: plain http is allowed to these beside loopback. */
  readonly insecureRegistries: ReadonlySet<string>;
  readonly clock: Clock;
  readonly limits: RegistryLimits;
  readonly random: () => number;
  readonly ledger: Ledger;
  /** Nothing is sent, to nobody: no socket is opened. */
  readonly offline: boolean;
}

export interface TransportRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of `Authorization`: sent to the origin of `url` only, and never again once a redirect has left it. */
  readonly authorization?: string | undefined;
  readonly body?: string;
  readonly rule: BodyRule;
  /** See `ExchangeRequest`. */
  readonly isProbe?: boolean;
}

export class Transport {
  readonly limits: RegistryLimits;
  readonly #options: TransportOptions;
  readonly #connections: Connections;
  readonly #limiters = new Map<string, Limiter>();

  /** @throws ProofgateError `UNREADABLE_FILE`, `BAD_OPTION` (proxies and certificates of the environment) */
  constructor(options: TransportOptions) {
    this.limits = options.limits;
    this.#options = options;
    this.#connections = new Connections(options.environment, options.limits);
  }

  /** True for loopback and for hosts that the user named. */
  readonly mayBePlain = (url: URL): boolean => {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const { insecureRegistries } = this.#options;
    return (
      isLoopback(url.hostname) ||
      insecureRegistries.has(url.host) ||
      insecureRegistries.has(`${url.hostname}:${port}`)
    );
  };

  /**
   * Sends until the answer is final: any status, a transient one only when patience ran out.
   * @throws ProofgateError `INSECURE_REGISTRY`, `REDIRECT_REFUSED` and what `exchange` throws
   */
  async send(request: TransportRequest, signal?: AbortSignal): Promise<Answer> {
    if (request.url.protocol !== 'https:' && !this.mayBePlain(request.url)) throw insecure(request.url);
    const { clock, ledger, random } = this.#options;
    const patience = new Patience(this.limits, random);
    for (;;) {
      const attempt = await this.#attempt(request, signal);
      const delayMs = patience.delayAfter(attempt, clock.now());
      if (delayMs === undefined) return settled(attempt);
      await this.#untilCancelled(clock.sleep(delayMs, signal), signal);
      ledger.countRetry(request.url.host);
    }
  }

  /** One request, sent once, whatever comes of it. */
  async sendOnce(request: TransportRequest, signal?: AbortSignal): Promise<Answer> {
    if (this.#options.offline) throw offline(request.url);
    const authorization = request.authorization === undefined ? {} : { authorization: request.authorization };
    const turn = this.#limiter(request.url.host).run(async (feedback) => {
      const answer = await exchange(
        await this.#connections.to(request.url),
        {
          method: request.method ?? 'GET',
          url: request.url,
          headers: { ...request.headers, ...authorization },
          ...(request.body === undefined ? {} : { body: request.body }),
          rule: request.rule,
          signal,
          isProbe: request.isProbe ?? false,
        },
        this.limits,
        this.#options.ledger,
      );
      this.#report(answer, feedback);
      return answer;
    }, signal);
    return await this.#untilCancelled(turn, signal);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #attempt(request: TransportRequest, signal: AbortSignal | undefined): Promise<Attempt> {
    try {
      return { answer: await this.#follow(request, signal) };
    } catch (error) {
      return { error };
    }
  }

  async #follow(request: TransportRequest, signal: AbortSignal | undefined): Promise<Answer> {
    const visited = new Set<string>();
    let hop = request;
    for (;;) {
      visited.add(hop.url.href);
      const answer = await this.sendOnce(hop, signal);
      if (!isRedirect(answer)) return answer;
      const target = redirectTarget(answer, this.mayBePlain);
      // The body of a POST holds a secret.
      if (hop.method === 'POST') throw refused(hop.url, 'a POST');
      if (visited.has(target.href)) throw refused(hop.url, 'in a circle');
      if (visited.size > this.limits.redirects)
        throw refused(hop.url, `more than ${this.limits.redirects} times`);
      const authorization = target.origin === hop.url.origin ? hop.authorization : undefined;
      hop = { ...hop, url: target, authorization };
    }
  }

  #report(answer: Answer, feedback: Feedback): void {
    if (!isThrottling(answer.status)) {
      feedback.good();
      return;
    }
    const askedMs = retryAfterMs(answer, this.#options.clock.now()) ?? 0;
    // Whoever is asked to wait longer than we ever wait gives up at once, and need not hold up the others.
    feedback.throttled(askedMs > this.limits.maxRetryAfterMs ? 0 : askedMs);
  }

  #limiter(host: string): Limiter {
    const known = this.#limiters.get(host);
    if (known !== undefined) return known;
    const { concurrency: start, maxConcurrency: max, maxPausedMs } = this.limits;
    const limiter = new Limiter({ clock: this.#options.clock, start, max, maxPausedMs });
    this.#limiters.set(host, limiter);
    return limiter;
  }

  /** Waits throw the signal's bare reason when the caller leaves: here it becomes an error of ours. */
  async #untilCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
  }
}

function settled(attempt: Attempt): Answer {
  if ('answer' in attempt) return attempt.answer;
  throw attempt.error;
}

function offline(url: URL): ProofgateError {
  return new ProofgateError('OFFLINE', `${redactUrl(url)} was not asked: offline`, {
    hint: 'Name images by digest, and run once online with the same cache directory.',
  });
}

function insecure(url: URL): ProofgateError {
  return new ProofgateError('INSECURE_REGISTRY', `${redactUrl(url)} is plain http`, {
    hint: `Use https, or name ${url.host} in insecure-registries.`,
  });
}
