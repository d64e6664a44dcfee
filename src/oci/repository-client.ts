// Questions about one repository: finds the registry's root, authorizes, and asks again once after a 401.
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import type { Authorization, Authorizer } from './auth.ts';
import type { BodyRule } from './body.ts';
import type { Endpoints } from './endpoint.ts';
import type { Answer } from './exchange.ts';
import type { Repository } from './reference.ts';
import { toStatusError } from './status-error.ts';
import type { Transport } from './transport.ts';

export interface Question {
  readonly repository: Repository;
  /** Under `/v2/<name>/`, or an absolute address at the registry itself (the next page of a list). */
  readonly path: string | URL;
  readonly accept: string;
  /** Default GET. */
  readonly method?: 'HEAD';
  readonly rule: BodyRule;
  /** For messages. */
  readonly what: string;
  /** A 404 of any shape will do: for routes that a registry may not have, when another question decides. */
  readonly mayLackRoute?: boolean;
}

export class RepositoryClient {
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #endpoints: Endpoints;

  constructor(transport: Transport, authorizer: Authorizer, endpoints: Endpoints) {
    this.#transport = transport;
    this.#authorizer = authorizer;
    this.#endpoints = endpoints;
  }

  /**
   * The answer when its status is 200; undefined on a 404 by which the registry itself says that there is no such
   * thing. A page in HTML, or a 404 of another origin, is no such statement.
   * @throws ProofgateError for every other status, see `toStatusError`, and what `Transport.send` throws
   */
  async find(question: Question, signal?: AbortSignal): Promise<Answer | undefined> {
    const root = await this.#endpoints.of(question.repository.registry, signal);
    const { answer, authorization } = await this.#ask(question, root, signal);
    if (answer.status === 200) return answer;
    if (answer.status === 404) {
      const isOwn = answer.url.origin === root.origin && !isHtml(answer);
      if (isOwn || question.mayLackRoute) return undefined;
      throw new ProofgateError(
        'REGISTRY_PROTOCOL',
        `${question.what}: a 404 that is not the registry's own`,
        {
          hint: `Look at what answers for ${redactUrl(answer.url)}.`,
        },
      );
    }
    const authenticated = authorization.header !== undefined;
    const account = authorization.account ?? (await this.#authorizer.account(question.repository, signal));
    throw toStatusError(answer, { what: question.what, account, authenticated });
  }

  async #ask(
    question: Question,
    root: URL,
    signal: AbortSignal | undefined,
  ): Promise<{ answer: Answer; authorization: Authorization }> {
    const { repository } = question;
    const sent = await this.#authorizer.authorize(repository, signal);
    const answer = await this.#send(question, root, sent, signal);
    // Only the registry may say which realm is to see the account: not the host that a redirect led to.
    if (answer.status !== 401 || answer.url.origin !== root.origin) return { answer, authorization: sent };
    const next = await this.#authorizer.reauthorize(repository, answer, sent, signal);
    if (next.header === undefined) return { answer, authorization: { ...sent, account: next.account } };
    return { answer: await this.#send(question, root, next, signal), authorization: next };
  }

  async #send(
    question: Question,
    root: URL,
    authorization: Authorization,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const { path, repository, accept, method = 'GET', rule, what } = question;
    const url = typeof path === 'string' ? new URL(`/v2/${repository.name}/${path}`, root) : path;
    // An address out of an answer: whatever is there would get our token.
    if (url.origin !== root.origin) {
      throw new ProofgateError('REGISTRY_PROTOCOL', `${what}: it goes on at ${url.host}, another host`, {
        hint: 'Look at the registry, and at proxies that answer for it.',
      });
    }
    return await this.#transport.send(
      { method, url, headers: { accept }, authorization: authorization.header, rule },
      signal,
    );
  }
}

export function isHtml(answer: Answer): boolean {
  return /^\s*text\/html\b/i.test(answer.header('content-type')[0] ?? '');
}
