// From a registry's challenge to the value of `Authorization`. Decides who may see which credential.
import type { Clock } from '../base/clock.ts';
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Account, Credentials } from './credentials.ts';
import type { Answer } from './exchange.ts';
import type { Repository } from './reference.ts';
import { Tokens, toBasic } from './token.ts';
import type { Transport } from './transport.ts';

/** What a registry wants, remembered per registry so that a 401 is paid once and not for every repository. */
type Demand =
  | { readonly type: 'basic' }
  | { readonly type: 'bearer'; readonly realm: URL; readonly service: string | undefined };

export interface Authorization {
  /** Value of the header; undefined = anonymous. */
  readonly header: string | undefined;
  /** Undefined: no credentials were found, or none were looked for because nobody asked. */
  readonly account: Account | undefined;
}

const ANONYMOUS: Authorization = { header: undefined, account: undefined };

export class Authorizer {
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  readonly #tokens: Tokens;
  readonly #demands = new Map<string, Demand>();

  constructor(transport: Transport, credentials: Credentials, clock: Clock) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#tokens = new Tokens(transport, clock);
  }

  /**
   * What to send at first: nothing as long as the registry has not asked.
   * @throws ProofgateError `CREDENTIAL_HELPER_FAILED`, and what `Tokens.get` throws
   */
  async authorize(repository: Repository, signal?: AbortSignal): Promise<Authorization> {
    const demand = this.#demands.get(repository.registry);
    if (demand === undefined) return ANONYMOUS;
    return await this.#satisfy(demand, repository, undefined, signal);
  }

  /**
   * What to send after a 401 to `sent`; no header when there is nothing better.
   * `refusal` must come from the registry itself: whoever a redirect led to may not name a realm.
   * @throws as `authorize`, and `REGISTRY_PROTOCOL`, `UNAUTHORIZED` for a realm that is no place to go to
   */
  async reauthorize(
    repository: Repository,
    refusal: Answer,
    sent: Authorization,
    signal?: AbortSignal,
  ): Promise<Authorization> {
    const demand = toDemand(parseChallenges(refusal.header('www-authenticate')), refusal.url);
    if (demand === undefined) return { header: undefined, account: sent.account };
    this.#demands.set(repository.registry, demand);
    const next = await this.#satisfy(demand, repository, sent.header, signal);
    return next.header === sent.header ? { header: undefined, account: next.account } : next;
  }

  /** Whose credentials there are for a repository, asked for or not. */
  async account(repository: Repository, signal?: AbortSignal): Promise<Account | undefined> {
    return await this.#credentials.find(repository, signal);
  }

  async #satisfy(
    demand: Demand,
    repository: Repository,
    rejected: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Authorization> {
    const account = await this.#credentials.find(repository, signal);
    const credential = account?.credential;
    if (demand.type === 'basic') {
      const header =
        credential?.type === 'basic' ? toBasic(credential.username, credential.password) : undefined;
      return { header, account };
    }
    if (credential?.type === 'registry-token') return { header: `Bearer ${credential.token}`, account };
    this.#refuseUnsafeRealm(demand.realm, repository);
    const wish = {
      registry: repository.registry,
      realm: demand.realm,
      service: demand.service,
      // Pull, whatever the challenge asked for.
      scope: `repository:${repository.name}:pull`,
      account,
    };
    const token = await this.#tokens.get(wish, rejected?.replace(/^Bearer /, ''), signal);
    return { header: `Bearer ${token}`, account };
  }

  /**
   * A registry may name a realm on another host, as Docker Hub does, and that host then gets the account that the
   * user has at this registry. So it has to be one that nobody on the way can read or answer for.
   */
  #refuseUnsafeRealm(realm: URL, repository: Repository): void {
    const registryMayBePlain = this.#transport.mayBePlain(new URL(`http://${repository.registry}/`));
    if (realm.protocol === 'https:') return;
    if (registryMayBePlain && this.#transport.mayBePlain(realm)) return;
    throw new ProofgateError(
      'UNAUTHORIZED',
      `${repository.registry} wants a token from ${redactUrl(realm)}, which is plain http`,
      { hint: 'Credentials and tokens go over https only: mend the configuration of the registry.' },
    );
  }
}

/** Bearer before Basic: a token says less than a password. */
function toDemand(challenges: readonly Challenge[], registry: URL): Demand | undefined {
  const bearer = challenges.find(
    (challenge) => challenge.scheme === 'bearer' && challenge.params.has('realm'),
  );
  if (bearer !== undefined) {
    const service = bearer.params.get('service');
    return { type: 'bearer', realm: parseRealm(bearer.params.get('realm') ?? '', registry), service };
  }
  return challenges.some((challenge) => challenge.scheme === 'basic') ? { type: 'basic' } : undefined;
}

function parseRealm(text: string, registry: URL): URL {
  const realm = URL.parse(text, registry.href);
  if (realm === null || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) {
    throw new ProofgateError(
      'REGISTRY_PROTOCOL',
      `${registry.host} names a token realm that is no http(s) URL`,
      {
        hint: 'Mend the configuration of the registry.',
      },
    );
  }
  realm.username = '';
  realm.password = '';
  realm.hash = '';
  return realm;
}
