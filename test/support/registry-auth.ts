// Who may pull what: basic credentials, or bearer tokens from a token endpoint (distribution-spec "token" flow).
import { randomBytes } from 'node:crypto';
import type { Answer, RequestRecord } from './faults.ts';

export interface Account {
  readonly username: string;
  readonly password: string;
  /** Exact names, or `prefix/*`. Default: every repository. */
  readonly repositories?: readonly string[];
  /** Accepted at the token endpoint's POST as `refresh_token`. */
  readonly identityToken?: string;
}

export type AuthOptions =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly accounts: readonly Account[]; readonly public?: readonly string[] }
  | {
      readonly type: 'bearer';
      readonly accounts: readonly Account[];
      /** Repositories that anonymous tokens may pull: exact names, or `prefix/*`. Default: none. */
      readonly public?: readonly string[];
      /** Default 300 000. */
      readonly tokenLifetimeMs?: number;
      /** Where the token endpoint listens: on the registry's own port (default) or on another. */
      readonly tokenServer?: 'same' | 'separate';
      /** The member that carries the token; registries differ. Default both. */
      readonly tokenField?: 'token' | 'access_token' | 'both';
    };

export interface TokenRequest {
  readonly method: string;
  readonly account: string | undefined;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

interface Token {
  readonly grants: ReadonlySet<string>;
  readonly expiresAtMs: number;
}

export interface Access {
  readonly repository: string | undefined;
  readonly action: 'pull' | 'push';
}

export class RegistryAuth {
  readonly tokenRequests: TokenRequest[] = [];
  readonly #options: AuthOptions;
  readonly #now: () => number;
  readonly #tokens = new Map<string, Token>();
  /** Set once the token endpoint's address is known. */
  realm = '';
  service = 'registry.test';

  constructor(options: AuthOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Every token issued so far is refused from now on. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** The refusal to send, or undefined when the request may go on. */
  refuse(request: RequestRecord, access: Access): Answer | undefined {
    const options = this.#options;
    if (options.type === 'none') return undefined;
    if (options.type === 'basic') {
      const account = this.#basicAccount(request.authorization);
      if (this.#mayAnonymously(access) || (account !== undefined && mayUse(account, access)))
        return undefined;
      if (account !== undefined) return denied(403, 'DENIED', {});
      return denied(401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="registry"' });
    }
    const token = this.#tokens.get(/^Bearer (.+)$/i.exec(request.authorization ?? '')?.[1] ?? '');
    const live = token !== undefined && token.expiresAtMs > this.#now();
    if (live && (access.repository === undefined || token.grants.has(grantOf(access)))) return undefined;
    return denied(401, 'UNAUTHORIZED', { 'www-authenticate': this.#challenge(access, live) });
  }

  /** The token endpoint: GET with basic credentials or none, POST as OAuth 2 with a refresh token or a password. */
  issue(request: RequestRecord): Answer {
    const query = new URL(request.path, 'http://x').searchParams;
    const form = new URLSearchParams(request.method === 'POST' ? request.body.toString() : '');
    const scopes = [...query.getAll('scope'), ...form.getAll('scope')].flatMap((text) => text.split(' '));
    const presented =
      request.method === 'POST' ? this.#oauthAccount(form) : this.#basicAccount(request.authorization);
    const service = query.get('service') ?? form.get('service') ?? undefined;
    this.tokenRequests.push({ method: request.method, account: presented?.username, service, scopes });
    const claimed = request.method === 'POST' || request.authorization !== undefined;
    if (claimed && presented === undefined) return denied(401, 'UNAUTHORIZED', {});
    return this.#grant(scopes, presented);
  }

  #grant(scopes: readonly string[], account: Account | undefined): Answer {
    const allowed = scopes
      .flatMap(toAccesses)
      .filter((access) => this.#mayAnonymously(access) || (account !== undefined && mayUse(account, access)));
    const { tokenLifetimeMs = 300_000, tokenField = 'both' } =
      this.#options.type === 'bearer' ? this.#options : {};
    const token = randomBytes(24).toString('base64url');
    const expiresAtMs = this.#now() + tokenLifetimeMs;
    this.#tokens.set(token, { grants: new Set(allowed.map(grantOf)), expiresAtMs });
    const body = {
      ...(tokenField === 'access_token' ? {} : { token }),
      ...(tokenField === 'token' ? {} : { access_token: token }),
      expires_in: Math.floor(tokenLifetimeMs / 1000),
      issued_at: new Date(this.#now()).toISOString(),
    };
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    };
  }

  #challenge(access: Access, live: boolean): string {
    const actions = access.action === 'push' ? 'pull,push' : 'pull';
    const scope =
      access.repository === undefined ? '' : `,scope="repository:${access.repository}:${actions}"`;
    return `Bearer realm="${this.realm}",service="${this.service}"${scope}${live ? ',error="insufficient_scope"' : ''}`;
  }

  #mayAnonymously(access: Access): boolean {
    const open = this.#options.type === 'none' ? ['*'] : (this.#options.public ?? []);
    return access.action === 'pull' && access.repository !== undefined && matchesAny(open, access.repository);
  }

  #basicAccount(authorization: string | undefined): Account | undefined {
    const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
    const text = Buffer.from(encoded, 'base64').toString();
    return this.#accounts().find((account) => `${account.username}:${account.password}` === text);
  }

  #oauthAccount(form: URLSearchParams): Account | undefined {
    const refresh = form.get('refresh_token');
    return this.#accounts().find((account) =>
      form.get('grant_type') === 'refresh_token'
        ? account.identityToken !== undefined && account.identityToken === refresh
        : account.username === form.get('username') && account.password === form.get('password'),
    );
  }

  #accounts(): readonly Account[] {
    return this.#options.type === 'none' ? [] : this.#options.accounts;
  }
}

/** `repository:<name>:pull,push` → what it asks for. Other scopes are ignored. */
function toAccesses(scope: string): Access[] {
  const [, repository, actions = ''] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
  return actions.split(',').map((action) => ({ repository, action: action === 'push' ? 'push' : 'pull' }));
}

function grantOf(access: Access): string {
  return `${access.repository}:${access.action}`;
}

function mayUse(account: Account, access: Access): boolean {
  return access.repository === undefined || matchesAny(account.repositories ?? ['*'], access.repository);
}

function matchesAny(patterns: readonly string[], repository: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern,
  );
}

function denied(status: number, code: string, headers: Readonly<Record<string, string>>): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message: 'access denied', detail: null }] }));
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body };
}
