// At which URL a registry is: https always, except that loopback and the hosts named by the user may speak plain http.
import { Memo } from '../base/single-flight.ts';
import { isCertificateError, isTlsMissing, isTlsRefuted } from './network-error.ts';
import { DOCKER_HUB } from './reference.ts';
import type { Transport } from './transport.ts';

const DOCKER_HUB_API = 'registry-1.docker.io';
const MAX_PROBE_BYTES = 1024 * 1024;

export class Endpoints {
  readonly #transport: Transport;
  readonly #found = new Memo<URL>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The registry's root, `https://host[:port]/`. Where plain http is allowed, https is tried first, without
   * credentials, once per run; a wrong certificate is no reason to fall back.
   */
  async of(registry: string, signal?: AbortSignal): Promise<URL> {
    const https = new URL(`https://${registry === DOCKER_HUB ? DOCKER_HUB_API : registry}/`);
    if (!this.#transport.mayBePlain(https)) return https;
    try {
      return await this.#found.get(registry, (shared) => this.#probe(https, registry, shared), signal);
    } catch {
      // Undecided, and not remembered: the request itself will meet the trouble, with retries, and name it.
      return https;
    }
  }

  async #probe(https: URL, registry: string, signal: AbortSignal): Promise<URL> {
    const http = new URL(`http://${registry}/`);
    try {
      await this.#ask(https, signal);
      return https;
    } catch (error) {
      if (isCertificateError(error)) return https;
      if (!isTlsMissing(error)) throw error;
      // A refused or dropped connection may also be a registry that restarts: plain http has to answer.
      if (!isTlsRefuted(error)) await this.#ask(http, signal);
      return http;
    }
  }

  async #ask(root: URL, signal: AbortSignal): Promise<void> {
    const rule = { maxBytes: MAX_PROBE_BYTES };
    await this.#transport.sendOnce({ url: new URL('/v2/', root), rule, isProbe: true }, signal);
  }
}
