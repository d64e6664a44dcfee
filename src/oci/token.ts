// Bearer tokens: fetched from the realm that a registry names, kept until shortly before they expire.
// https://distribution.github.io/distribution/spec/auth/token/ and …/auth/oauth/
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { ProofgateError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import { redactUrl } from '../base/redaction.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Credential } from './credential-file.ts';
import type { Account } from './credentials.ts';
import type { Answer } from './exchange.ts';
import { toStatusError } from './status-error.ts';
import type { Transport, TransportRequest } from './transport.ts';

export interface TokenWish {
  /** `host[:port]` that the token is for. */
  readonly registry: string;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
  readonly account: Account | undefined;
}

interface Token {
  readonly value: string;
  /** When a new one is to be fetched: some time before the server stops to accept it. */
  readonly staleAt: number;
}

/** What the token specification says for an answer without a lifetime, or with none that can be read. */
const DEFAULT_TTL_S = 60;
const MAX_TTL_S = 24 * 3600;
const MAX_MARGIN_MS = 10_000;

const headerValue = z
  .string()
  .min(1)
  .regex(/^[\x21-\x7e]+$/);
const answerSchema = z
  .object({
    token: headerValue.optional(),
    access_token: headerValue.optional(),
    expires_in: z.number().nullish().catch(undefined),
  })
  .transform((answer) => ({
    value: answer.token ?? answer.access_token,
    ttlS: answer.expires_in ?? DEFAULT_TTL_S,
  }));

export class Tokens {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<Token>();
  readonly #kept = new Map<string, Token>();

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * A token that is good for now. Kept per registry, realm, service, scope and account.
   * @param rejected a token that the registry has just refused: it is fetched anew
   * @throws ProofgateError `UNAUTHORIZED`, `REGISTRY_PROTOCOL` and what `Transport.send` throws
   */
  async get(wish: TokenWish, rejected: string | undefined, signal?: AbortSignal): Promise<string> {
    const key = toKey(wish);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.value !== rejected && kept.staleAt > this.#clock.now()) return kept.value;
    this.#kept.delete(key);
    const fetched = await this.#flights.run(key, (shared) => this.#fetch(key, wish, shared), signal);
    return fetched.value;
  }

  async #fetch(key: string, wish: TokenWish, signal: AbortSignal): Promise<Token> {
    const request = toTokenRequest(wish, this.#transport.limits.tokenBytes);
    const askedAt = this.#clock.now();
    const answer = await this.#transport.send(request, signal);
    if (answer.status !== 200) {
      const { account, scope, registry } = wish;
      throw toStatusError(answer, {
        what: `a token of ${registry} for ${scope}`,
        account,
        authenticated: true,
      });
    }
    const { value, ttlS } = parseToken(answer);
    const ttlMs = Math.min(Math.max(ttlS, 0), MAX_TTL_S) * 1000;
    const token = { value, staleAt: askedAt + ttlMs - Math.min(MAX_MARGIN_MS, ttlMs / 4) };
    this.#kept.set(key, token);
    return token;
  }
}

/** The credential is part of it: what one account may see is not what another may. */
function toKey(wish: TokenWish): string {
  const credential: Credential | null = wish.account?.credential ?? null;
  const parts = [wish.registry, wish.realm.href, wish.service ?? null, wish.scope];
  return fingerprint([...parts, credential === null ? null : { ...credential }]);
}

function toTokenRequest(wish: TokenWish, maxBytes: number): TransportRequest {
  const credential = wish.account?.credential;
  const rule = { maxBytes };
  if (credential?.type === 'identity-token') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'proofgate',
      scope: wish.scope,
    });
    if (wish.service !== undefined) form.set('service', wish.service);
    form.set('refresh_token', credential.token);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: wish.realm, headers, body: form.toString(), rule };
  }
  const url = new URL(wish.realm.href);
  if (wish.service !== undefined) url.searchParams.set('service', wish.service);
  url.searchParams.set('scope', wish.scope);
  const authorization =
    credential?.type === 'basic' ? toBasic(credential.username, credential.password) : undefined;
  return { url, authorization, rule };
}

/** RFC 7617, in UTF-8. */
export function toBasic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function parseToken(answer: Answer): { value: string; ttlS: number } {
  const parsed = answerSchema.safeParse(parseJson(answer.body));
  const value = parsed.data?.value;
  if (parsed.data !== undefined && value !== undefined) return { value, ttlS: parsed.data.ttlS };
  throw new ProofgateError('REGISTRY_PROTOCOL', `${redactUrl(answer.url)}: the answer holds no token`, {
    hint: 'Look at the token service that the registry names.',
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
