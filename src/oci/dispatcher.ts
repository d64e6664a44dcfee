// Connections: straight or through the environment's proxies, with the environment's certificate authorities.
import type { Dispatcher } from 'undici';
import { ProofgateError } from '../base/errors.ts';
import { readAddedAuthorities, trustAuthorities } from './certificates.ts';
import type { RegistryLimits } from './limits.ts';
import { isLoopback } from './loopback.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Dispatchers {
  readonly direct: Dispatcher;
  readonly https: Dispatcher;
  readonly http: Dispatcher;
}

/**
 * The connections of one run. Loopback is never proxied, whatever the environment says. What speaks HTTP is loaded
 * when somebody is asked something: runs that find everything in the proof cache are over sooner than it takes.
 */
export class Connections {
  readonly #limits: RegistryLimits;
  readonly #authorities: readonly string[];
  readonly #proxies: { readonly https: string; readonly http: string; readonly none: string };
  #dispatchers: Promise<Dispatchers> | undefined;

  /** @throws ProofgateError `UNREADABLE_FILE` (certificates), `BAD_OPTION` (a proxy variable that is no URL) */
  constructor(environment: Environment, limits: RegistryLimits) {
    this.#limits = limits;
    this.#authorities = readAddedAuthorities(environment);
    this.#proxies = {
      https: proxyUrl(environment, 'HTTPS_PROXY'),
      http: proxyUrl(environment, 'HTTP_PROXY'),
      none: variable(environment, 'NO_PROXY') ?? '',
    };
  }

  async to(url: URL): Promise<Dispatcher> {
    this.#dispatchers ??= this.#open();
    const { direct, https, http } = await this.#dispatchers;
    if (isLoopback(url.hostname)) return direct;
    return url.protocol === 'https:' ? https : http;
  }

  /** Cuts what is still open. */
  async close(): Promise<void> {
    const dispatchers = await this.#dispatchers;
    await Promise.all(Object.values(dispatchers ?? {}).map((dispatcher: Dispatcher) => dispatcher.destroy()));
  }

  async #open(): Promise<Dispatchers> {
    const { Agent, EnvHttpProxyAgent } = await import('undici');
    const { https: httpsProxy, http: httpProxy, none: noProxy } = this.#proxies;
    const options = agentOptions(this.#limits, this.#authorities);
    return {
      direct: new Agent(options),
      // Two agents, because one alone would send https through HTTP_PROXY when HTTPS_PROXY is not set.
      https: new EnvHttpProxyAgent({ ...options, noProxy, httpsProxy, httpProxy: '' }),
      http: new EnvHttpProxyAgent({ ...options, noProxy, httpsProxy: '', httpProxy }),
    };
  }
}

function agentOptions(limits: RegistryLimits, authorities: readonly string[]) {
  const secureContext = trustAuthorities(authorities);
  const tls = {
    timeout: limits.connectMs,
    allowH2: false,
    ...(secureContext === undefined ? {} : { secureContext }),
  };
  // Deadlines are kept in exchange.ts, where a trickle of bytes cannot extend them; these are undici's own, off.
  return { connect: tls, requestTls: tls, proxyTls: tls, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
}

/** Lower case first, as curl does. */
function variable(environment: Environment, name: string): string | undefined {
  return environment[name.toLowerCase()] ?? environment[name];
}

function proxyUrl(environment: Environment, name: string): string {
  const text = variable(environment, name)?.trim() ?? '';
  if (text === '') return '';
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url.href;
  // The value may hold a password: it is not shown.
  throw new ProofgateError('BAD_OPTION', `${name} is no http or https URL`, {
    hint: `Mend or unset ${name}.`,
  });
}
