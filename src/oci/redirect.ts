// Where an answer sends us, and whether we go there.
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import type { Answer } from './exchange.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect(answer: Answer): boolean {
  return REDIRECTS.has(answer.status);
}

/**
 * The absolute address to go to.
 * @param mayBePlain whether plain http is allowed to a host
 * @throws ProofgateError `REDIRECT_REFUSED`: no or an unusable address, https to http, or http to a foreign host
 */
export function redirectTarget(answer: Answer, mayBePlain: (url: URL) => boolean): URL {
  const location = answer.header('location')[0];
  const target = location === undefined ? null : URL.parse(location, answer.url.href);
  if (target === null) throw refused(answer.url, 'without a usable address');
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw refused(answer.url, `to ${target.protocol}`);
  const isDowngrade =
    target.protocol === 'http:' && (answer.url.protocol === 'https:' || !mayBePlain(target));
  if (isDowngrade) throw refused(answer.url, `to plain http at ${target.host}`);
  target.username = '';
  target.password = '';
  target.hash = '';
  return target;
}

export function refused(from: URL, why: string): ProofgateError {
  return new ProofgateError('REDIRECT_REFUSED', `${redactUrl(from)} redirects ${why}`, {
    hint: 'Look at the registry: a client that followed this could leak credentials or never end.',
  });
}
