// What source URLs of all kinds have in common: the folder in a source, what may be printed, what is said when one is bad.
import { ProofgateError } from '../../base/errors.ts';

const FORMS =
  'Write oci::host/repository@sha256:…, git::https://host/repository//folder?ref=…, https://host/file, or a path.';
const MAX_SHOWN = 300;
const MAX_PATH = 1024;

/** Without credentials, and without the values of a query that is not git's. */
export function showUrl(text: string): string {
  const shown = text.replaceAll(/:\/\/[^/@\s]*@/g, '://');
  // Cut last: half of a credential is not known for one.
  return shown.replaceAll(/([?&])(?!ref=|depth=)([^=&#]*)=[^&#]*/g, '$1$2=REDACTED').slice(0, MAX_SHOWN);
}

export function badSource(text: string, why: string, hint: string = FORMS, cause?: unknown): ProofgateError {
  return new ProofgateError('BAD_POLICY', `the source ${showUrl(text)}: ${why}`, { hint, cause });
}

/** Nobody could look: another run may get it. */
export function unavailable(text: string, why: string, hint: string, cause?: unknown): ProofgateError {
  return new ProofgateError('POLICY_UNAVAILABLE', `the source ${showUrl(text)}: ${why}`, { hint, cause });
}

/**
 * A folder in a source, normalized; '' is the whole source.
 * @throws ProofgateError `BAD_POLICY` when it leaves the source
 */
export function parseFolder(text: string, url: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (isInside(parts.join('/')) || parts.length === 0) return parts.join('/');
  throw badSource(url, `the folder ${JSON.stringify(text.slice(0, 160))} is not one in the source`);
}

/** True for a plain relative path with `/`, which cannot leave its folder on any system. */
export function isInside(path: string): boolean {
  const parts = path.split('/');
  if (path.length > MAX_PATH || /[\\\p{Cc}]/u.test(path) || /^[A-Za-z]:/.test(path)) return false;
  return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Rego that is no test, and data: nothing else of a source is looked at. */
export function isWanted(path: string): boolean {
  return /\.(?:rego|json|ya?ml)$/.test(path) && !path.endsWith('_test.rego');
}
