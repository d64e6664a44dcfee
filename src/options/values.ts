// The text forms of single values: booleans, whole numbers, durations, URLs and hosts. Pure.
import { ProofgateError } from '../base/errors.ts';
import { isLoopback } from '../oci/loopback.ts';

const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A timer cannot wait longer than 2^31-1 ms; a day is longer than any job. */
const MAX_DURATION_MS = 86_400_000;

/** True for the boolean forms of YAML 1.2's core schema. */
export function isBooleanText(text: string): boolean {
  return TRUE.has(text) || FALSE.has(text);
}

/** @throws ProofgateError `BAD_OPTION` */
export function parseBoolean(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is neither true nor false`, {
    hint: 'Write true or false.',
  });
}

/** @throws ProofgateError `BAD_OPTION` */
export function parseWholeNumber(text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is not a whole number from ${min} to ${max}`);
}

/**
 * Milliseconds of `90s`, `5m`, `1h30m`, `7d`, `500ms`; `0` is none.
 * @param maxMs default: a day
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseDuration(text: string, maxMs: number = MAX_DURATION_MS): number {
  if (text === '0') return 0;
  if (!/^(?:\d{1,9}(?:ms|s|m|h|d)){1,4}$/.test(text)) {
    throw new ProofgateError('BAD_OPTION', `${quote(text)} is not a duration`, {
      hint: 'Write a number with its unit, such as 90s, 5m or 1h30m; 0 means none.',
    });
  }
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
  if (ms <= maxMs) return ms;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is longer than ${maxMs / 86_400_000} d`);
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * Bytes of `512MiB`, `2GiB` or `1000B`.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseSize(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})(B|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  const bytes = Number(count || Number.NaN) * (UNIT_BYTES[unit] ?? Number.NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is not a size`, {
    hint: 'Write a number with its unit, such as 512MiB or 2GiB.',
  });
}

/**
 * The URL of a service: https, or plain http to this machine; without user info, query and fragment.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseServiceUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw new ProofgateError('BAD_OPTION', `${quote(text)} is not a URL`);
  // The text may hold a password: from here on only the host is named.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ProofgateError('BAD_OPTION', `the URL at ${url.host} has user info, a query or a fragment`, {
      hint: 'Give scheme, host and path only.',
    });
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url.href;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is not an https URL`, {
    hint: 'Plain http is allowed to loopback addresses only.',
  });
}

/**
 * `host[:port]` in lower case.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseHost(text: string): string {
  const host = text.toLowerCase();
  const url = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host)
    ? URL.parse(`http://${host}/`)
    : null;
  if (url !== null) return host;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is not a host`, {
    hint: 'Write host or host:port, without scheme and path.',
  });
}

/** The text as it may be shown: in quotes, escaped and cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
