// Connections: straight or through the environment's proxies, with the environment's certificate authorities.
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { ProofgateError } from '../base/errors.ts';
import { readTrustedAuthorities } from './certificates.ts';
import type { RegistryLimits } from './limits.ts';
import { isLoopback } from './loopback.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The connections of one run. Loopback is never proxied, whatever the environment says. */
export class Connections {
  readonly #direct: Dispatcher;
  readonly #https: Dispatcher;
  readonly #http: Dispatcher;

  /** @throws ProofgateError `UNREADABLE_FILE` (certificates), `BAD_OPTION` (a proxy variable that is no URL) */
  constructor(environment: Environment, limits: RegistryLimits) {
    const options = agentOptions(environment, limits);
    const noProxy = variable(environment, 'NO_PROXY') ?? '';
    const proxied = (httpsProxy: string, httpProxy: string) =>
      new EnvHttpProxyAgent({ ...options, httpsProxy, httpProxy, noProxy });
    this.#direct = new Agent(options);
    // Two agents, because one alone would send https through HTTP_PROXY when HTTPS_PROXY is not set.
    this.#https = proxied(proxyUrl(environment, 'HTTPS_PROXY'), '');
    this.#http = proxied('', proxyUrl(environment, 'HTTP_PROXY'));
  }

  to(url: URL): Dispatcher {
    if (isLoopback(url.hostname)) return this.#direct;
    return url.protocol === 'https:' ? this.#https : this.#http;
  }

  /** Cuts what is still open. */
  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#https.destroy(), this.#http.destroy()]);
  }
}

function agentOptions(environment: Environment, limits: RegistryLimits) {
  const secureContext = readTrustedAuthorities(environment);
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
