// The shape of plain HTTP for those who talk to services that are no registries (TUF mirror, Rekor).

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A longer answer is an error, never a truncation. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Sends one request, with retries, proxies, custom CAs and deadlines inside; any final status is an answer.
 * @throws ProofgateError `NETWORK`, `TIMEOUT`, `CANCELLED`, `CONTENT_TOO_LARGE`, `REDIRECT_REFUSED`
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;
