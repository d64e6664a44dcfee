// The Kubernetes API, as far as a verifier needs it: one object read by its name. Errors name the object and never quote
// what was sent or received: the token, and a secret's other keys.

import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { ProofgateError } from '../base/errors.ts';
import type { ServiceAccount } from './service-account.ts';

export interface ClusterLimits {
  /** For one attempt, from the first byte sent to the last one received. */
  readonly attemptMs: number;
  /** Waited before each further attempt; as many attempts more. */
  readonly delaysMs: readonly number[];
  /** Of an answer. etcd's own limit of an object is 1.5 MiB. */
  readonly maxBytes: number;
}

export const CLUSTER_LIMITS: ClusterLimits = {
  attemptMs: 10_000,
  delaysMs: [500, 2_000],
  maxBytes: 4 * 1024 * 1024,
};

/** What is asked for. */
export interface ObjectRequest {
  /** Of the API; made of checked names alone. */
  readonly path: string;
  /** In words, for errors: `the secret namespace/name`. */
  readonly what: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class ClusterClient {
  readonly #account: ServiceAccount;
  readonly #clock: Clock;
  readonly #limits: ClusterLimits;

  constructor(account: ServiceAccount, clock: Clock, limits: ClusterLimits = CLUSTER_LIMITS) {
    this.#account = account;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Of the pod. @throws ProofgateError `UNREADABLE_FILE` */
  namespace(): string {
    return this.#account.namespace();
  }

  /**
   * The text of an object; undefined when the API says that there is none.
   * @throws ProofgateError `UNREADABLE_FILE` (service account), `UNAUTHORIZED`, `CLUSTER_UNAVAILABLE`, or the reason of
   *   `signal`
   */
  async read(wanted: ObjectRequest, signal?: AbortSignal): Promise<string | undefined> {
    for (const delayMs of this.#limits.delaysMs) {
      const answer = await this.#ask(wanted, signal).catch(retryable);
      if (!(answer instanceof Error) && !isTransient(answer.status)) return toText(answer, wanted);
      await this.#clock.sleep(delayMs, signal);
    }
    return toText(await this.#ask(wanted, signal), wanted);
  }

  async #ask({ path, what }: ObjectRequest, signal: AbortSignal | undefined): Promise<Answer> {
    const { host, port } = this.#account;
    signal?.throwIfAborted();
    const deadline = AbortSignal.timeout(this.#limits.attemptMs);
    const options = {
      // No agent: its connections would outlive the one question. No proxy, and no redirects: Node follows none.
      agent: false,
      host,
      port,
      path,
      // For addresses, the certificate is held against `host`; a server name must not be one.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ca: this.#account.authority(),
      // Whatever the environment says of certificates: a token is in it.
      rejectUnauthorized: true,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.#account.token()}`,
        'user-agent': 'proofgate',
      },
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    };
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request(options, resolve).on('error', reject).end();
      });
      return {
        status: response.statusCode ?? 0,
        text: await readText(response, this.#limits.maxBytes, what),
      };
    } catch (thrown) {
      signal?.throwIfAborted();
      if (thrown instanceof ProofgateError) throw thrown;
      const why = deadline.aborted ? `no answer within ${this.#limits.attemptMs} ms` : codeOf(thrown);
      throw new Unreached(what, `the API at ${host}:${port} could not be reached (${why})`, thrown);
    }
  }
}

/** The network's fault: it may pass. */
class Unreached extends ProofgateError {
  constructor(what: string, why: string, cause?: unknown) {
    super('CLUSTER_UNAVAILABLE', `${what}: ${why}`, {
      cause,
      hint: "Look at the API server, the network policies of the pod's namespace, and the service account's ca.crt.",
    });
  }
}

function retryable(thrown: unknown): Unreached {
  if (thrown instanceof Unreached) return thrown;
  throw thrown;
}

/** What the API's own priority and fairness, or a server that starts, answers. */
function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

async function readText(response: IncomingMessage, maxBytes: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop cuts the connection.
    if (length > maxBytes) throw unusable(what, `the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function toText({ status, text }: Answer, { what }: ObjectRequest): string | undefined {
  if (status === 200) return text;
  if (status === 404) return undefined;
  if (status === 401 || status === 403) {
    throw new ProofgateError(
      'UNAUTHORIZED',
      `${what}: the pod's service account may not read it (${status})`,
      {
        hint: 'Give the service account a Role with the verb get on it, and a RoleBinding in its namespace.',
      },
    );
  }
  throw unusable(what, `the API answered ${status}`);
}

function unusable(what: string, why: string): ProofgateError {
  return new ProofgateError('CLUSTER_UNAVAILABLE', `${what}: ${why}`, {
    hint: 'Try again; if it persists, look at the API server and at what is between.',
  });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
}
