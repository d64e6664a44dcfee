// One request and its answer: deadlines, a bounded body that is checked while it streams, and errors converted.
// Knows nothing of credentials, redirects and retries.
import type { Dispatcher } from 'undici';
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import { type BodyRule, readBody, streamBody } from './body.ts';
import type { Ledger } from './ledger.ts';
import type { RegistryLimits } from './limits.ts';
import { cancelled, toNetworkError } from './network-error.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly rule: BodyRule;
  readonly signal: AbortSignal | undefined;
  /** To find out how a host is to be spoken to: when no answer comes, the ledger has no entry. */
  readonly isProbe?: boolean;
}

export interface Answer {
  /** Of the request that was answered: after redirects, not the one first asked for. */
  readonly url: URL;
  readonly status: number;
  readonly body: Buffer;
  /**
   * Of a good answer whose rule is to stream: the body, once, and `body` is empty. To be read to its end or left, at
   * once: until then a connection is held. It throws as `exchange` does, and has neither size nor digest checked.
   */
  readonly stream?: AsyncIterable<Buffer>;
  /** Values of a header, in order; none when it is absent. `name` in lower case. */
  header(name: string): readonly string[];
}

type Response = Dispatcher.ResponseData;

/**
 * @throws ProofgateError `NETWORK`, `TIMEOUT`, `CANCELLED`, `CONTENT_TOO_LARGE`, `CONTENT_TRUNCATED`,
 * `CONTENT_MISMATCH`, `REGISTRY_PROTOCOL`
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  limits: RegistryLimits,
  ledger: Ledger,
): Promise<Answer> {
  const deadline = new Deadline(request, limits);
  let answered = false;
  let streams = false;
  const fail = (thrown: unknown) => toExchangeError(thrown, request, deadline, answered);
  const count = (bytes: number) => ledger.countBytes(request.url.host, bytes);
  try {
    const response = await send(dispatcher, request, deadline.signal);
    answered = true;
    ledger.countRequest(request.url.host, response.statusCode);
    deadline.progress();
    const { url, method, rule } = request;
    if (method === 'HEAD') return toAnswer(url, response, await discard(response));
    const where = redactUrl(url);
    if (rule.isStreamed && response.statusCode === 200) {
      streams = true;
      const arrived = (bytes: number) => {
        deadline.hold();
        count(bytes);
      };
      const content = streamBody(response, { where, arrived, wanted: () => deadline.progress() });
      return { ...toAnswer(url, response, NOTHING), stream: guarded(content, deadline, fail) };
    }
    const arrived = (bytes: number) => {
      deadline.progress();
      count(bytes);
    };
    const body = await readBody(response, { rule, maxErrorBytes: limits.errorBytes, where, arrived });
    return toAnswer(url, response, body);
  } catch (thrown) {
    if (!answered && !request.isProbe) ledger.countRequest(request.url.host, 'error');
    throw fail(thrown);
  } finally {
    if (!streams) deadline.clear();
  }
}

const NOTHING = Buffer.alloc(0);

/** A body that is read after its exchange: the deadline goes with it. */
async function* guarded(
  content: AsyncIterable<Buffer>,
  deadline: Deadline,
  fail: (thrown: unknown) => unknown,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* content;
  } catch (thrown) {
    throw fail(thrown);
  } finally {
    deadline.clear();
  }
}

function toExchangeError(
  thrown: unknown,
  { signal, url }: ExchangeRequest,
  deadline: Deadline,
  answered: boolean,
): ProofgateError {
  if (signal?.aborted) return cancelled(signal);
  if (thrown instanceof ProofgateError) return thrown;
  return deadline.error() ?? toNetworkError(thrown, url, answered);
}

function send(dispatcher: Dispatcher, request: ExchangeRequest, signal: AbortSignal): Promise<Response> {
  const { url, method, headers, body } = request;
  return dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    // A compressed body could be a bomb, and the digest is of the bytes as stored.
    headers: { 'accept-encoding': 'identity', 'user-agent': 'proofgate', ...headers },
    body: body ?? null,
    signal,
  });
}

/**
 * Real timers, not the injected clock: they guard against real sockets. None of them can be extended by a peer
 * that sends a byte now and then, except the idle one, which the request's own deadline contains.
 */
class Deadline {
  readonly #controller = new AbortController();
  readonly #request: ExchangeRequest;
  readonly #limits: RegistryLimits;
  readonly #whole: NodeJS.Timeout;
  readonly #leave: () => void;
  #phase: NodeJS.Timeout;
  #reason: string | undefined;

  constructor(request: ExchangeRequest, limits: RegistryLimits) {
    this.#request = request;
    this.#limits = limits;
    this.#whole = this.#timer(limits.requestMs + streamingMs(request.rule, limits), 'the whole answer');
    this.#phase = this.#timer(limits.connectMs + limits.headersMs, "the answer's headers");
    this.#leave = () => this.#controller.abort(request.signal?.reason);
    request.signal?.addEventListener('abort', this.#leave, { once: true });
    if (request.signal?.aborted) this.#leave();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Headers or a part of the body. */
  progress(): void {
    clearTimeout(this.#phase);
    this.#phase = this.#timer(this.#limits.idleBodyMs, "more of the answer's body");
  }

  /** What arrived is being looked at: the peer is not waited for. */
  hold(): void {
    clearTimeout(this.#phase);
  }

  /** The error, when a deadline is what ended the request. */
  error(): ProofgateError | undefined {
    if (this.#reason === undefined) return undefined;
    return new ProofgateError('TIMEOUT', `${redactUrl(this.#request.url)}: ${this.#reason}`, {
      hint: 'Try again; if it persists, look at the registry, the proxy and the network between.',
    });
  }

  clear(): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#phase);
    this.#request.signal?.removeEventListener('abort', this.#leave);
  }

  #timer(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#reason ??= `${what} did not arrive within ${ms} ms`;
      this.#controller.abort();
    }, ms);
  }
}

/** What a large body may take longer than an answer as a rule: its size at the slowest pace that is put up with. */
function streamingMs(
  { isStreamed = false, size = 0 }: BodyRule,
  { streamBytesPerSecond }: RegistryLimits,
): number {
  return isStreamed ? Math.ceil((1000 * size) / streamBytesPerSecond) : 0;
}

/** HEAD has no body; whoever sends one all the same is not listened to. */
async function discard(response: Response): Promise<Buffer> {
  await response.body.dump();
  return Buffer.alloc(0);
}

function toAnswer(url: URL, response: Response, body: Buffer): Answer {
  const header = (name: string): readonly string[] => {
    const value = response.headers[name];
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  };
  return { url, status: response.statusCode, body, header };
}
