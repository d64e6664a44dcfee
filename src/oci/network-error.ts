// What undici, TLS and the operating system throw, as errors of ours; and which of them may pass by themselves.
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';

/** Of a name that does not resolve, or a peer that is not who it says: asking again changes nothing. */
const PERMANENT =
  /^(?:ENOTFOUND|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_|ERR_INVALID_|UND_ERR_PRX_TLS|UND_ERR_INVALID_ARG)/;
const CERTIFICATE = /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_)/;
/** What a client meets that speaks TLS to a server which answers something else. */
const NO_TLS = /^(?:EPROTO|ERR_SSL_)/;
const NO_CONNECTION = /^(?:ECONNRESET|ECONNREFUSED|UND_ERR_SOCKET)/;

/** @param inBody the answer had begun: a connection lost now truncates content. */
export function toNetworkError(thrown: unknown, url: URL, inBody: boolean): ProofgateError {
  const code = causeCode(thrown);
  const where = redactUrl(url);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ProofgateError('TIMEOUT', `${where}: no connection in time`, {
      cause: thrown,
      hint: NETWORK_HINT,
    });
  }
  if (inBody) {
    return new ProofgateError(
      'CONTENT_TRUNCATED',
      `${where}: the connection was lost within the body (${code})`,
      {
        cause: thrown,
        hint: NETWORK_HINT,
      },
    );
  }
  const hint = CERTIFICATE.test(code) ? CERTIFICATE_HINT : NETWORK_HINT;
  return new ProofgateError('NETWORK', `${where}: ${describe(thrown, code)}`, { cause: thrown, hint });
}

/** The caller left: with its own error as it is, or as `CANCELLED`. */
export function cancelled(signal: AbortSignal): ProofgateError {
  if (signal.reason instanceof ProofgateError) return signal.reason;
  return new ProofgateError('CANCELLED', 'cancelled before it was done', { cause: signal.reason });
}

/** True for what may be different a moment later: dropped connections, timeouts, damaged bodies. */
export function isTransient(error: ProofgateError): boolean {
  if (error.code === 'NETWORK') return !PERMANENT.test(causeCode(error.cause));
  return error.code === 'TIMEOUT' || error.code === 'CONTENT_TRUNCATED' || error.code === 'CONTENT_MISMATCH';
}

/** True when the peer speaks TLS, and is not who it says or not known to us. */
export function isCertificateError(error: unknown): boolean {
  return CERTIFICATE.test(networkCode(error));
}

/** True when something answered, and not in TLS. */
export function isTlsRefuted(error: unknown): boolean {
  return NO_TLS.test(networkCode(error));
}

/** True when no TLS connection came about, for want of TLS or of anything that listens. */
export function isTlsMissing(error: unknown): boolean {
  return isTlsRefuted(error) || NO_CONNECTION.test(networkCode(error));
}

function networkCode(error: unknown): string {
  return error instanceof ProofgateError && error.code === 'NETWORK' ? causeCode(error.cause) : '';
}

const NETWORK_HINT = 'Try again; if it persists, look at the network, HTTPS_PROXY and NO_PROXY.';
const CERTIFICATE_HINT =
  'If a private authority signs for this host, name it in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.';

function causeCode(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown.cause === undefined ? 'unknown' : causeCode(thrown.cause);
}

function describe(thrown: unknown, code: string): string {
  if (code === 'UND_ERR_ABORTED' && thrown instanceof Error) return `no connection (${thrown.message})`;
  return `no connection (${code})`;
}
