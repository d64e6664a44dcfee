// The HTTP client's contract over fetch, without retries: what tests of TUF and Rekor need.
import { ProofgateError } from '../../../src/base/errors.ts';
import type { HttpClient } from '../../../src/base/http.ts';

export const plainHttp: HttpClient = async ({ method, url, headers, body, maxBytes, signal }) => {
  signal?.throwIfAborted();
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      ...(headers && { headers }),
      ...(body && { body }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ProofgateError('NETWORK', `no answer from ${url}`, { cause });
  }
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes.length > maxBytes) throw new ProofgateError('CONTENT_TOO_LARGE', `more than ${maxBytes} bytes`);
  return { status: response.status, body: bytes };
};
