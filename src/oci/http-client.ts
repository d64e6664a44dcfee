// Plain HTTP for services that are no registries (TUF mirror, Rekor), over the run's own connections.
import type { HttpClient } from '../base/http.ts';
import type { Transport } from './transport.ts';

/** Shares connections, proxies, authorities, retries, limiters and the ledger with the registry client. */
export function createHttpClient(transport: Transport): HttpClient {
  return async ({ method, url, headers = {}, body, maxBytes, signal }) => {
    const request = {
      method,
      url: new URL(url),
      headers,
      ...(body === undefined ? {} : { body }),
      rule: { maxBytes },
    };
    const answer = await transport.send(request, signal);
    return { status: answer.status, body: answer.body };
  };
}
