// What a final status that is no answer means for the user.
import { type ErrorCode, ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import type { Account } from './credentials.ts';
import type { Answer } from './exchange.ts';

export interface Asked {
  /** What was asked for, such as `quay.io/org/app@sha256:…`. */
  readonly what: string;
  readonly account: Account | undefined;
  /** False: the account was there, and the registry did not ask for it. */
  readonly authenticated: boolean;
}

/** Codes that the distribution spec defines are upper case; anything else of the body stays out of messages. */
const REGISTRY_CODE = /"code"\s*:\s*"([A-Z][A-Z_]{1,39})"/;

/** 401, 403 → `UNAUTHORIZED` · 429 → `THROTTLED` · 408, 5xx → `REGISTRY_UNAVAILABLE` · others → `REGISTRY_PROTOCOL`. */
export function toStatusError(answer: Answer, asked: Asked): ProofgateError {
  const { code, hint } = explain(answer.status, answer.url.host, asked);
  const detail = REGISTRY_CODE.exec(answer.body.toString('latin1'))?.[1];
  const status = detail === undefined ? `${answer.status}` : `${answer.status} ${detail}`;
  const credentials = code === 'UNAUTHORIZED' ? `; ${describeAccount(asked)}` : '';
  return new ProofgateError(
    code,
    `${asked.what}: ${redactUrl(answer.url)} answered ${status}${credentials}`,
    { hint },
  );
}

function explain(status: number, host: string, asked: Asked): { code: ErrorCode; hint: string } {
  if (status === 401 || status === 403) {
    const found = asked.account !== undefined;
    const hint = found
      ? `Check that the account has pull access, and that its secret has not expired.`
      : `Log in to ${host} (docker login, podman login) or set DOCKER_CONFIG.`;
    return { code: 'UNAUTHORIZED', hint };
  }
  if (status === 429) {
    return { code: 'THROTTLED', hint: `${host} limits requests: try later, log in, or use fewer workers.` };
  }
  if (status === 408 || status >= 500) {
    return { code: 'REGISTRY_UNAVAILABLE', hint: `Try again when ${host} is healthy.` };
  }
  return {
    code: 'REGISTRY_PROTOCOL',
    hint: `Check that ${host} is an OCI registry, and that no proxy answers for it.`,
  };
}

function describeAccount({ account, authenticated }: Asked): string {
  if (account === undefined) return 'no credentials were found for it';
  const source = `the credentials from ${account.source}`;
  return authenticated ? `with ${source}` : `${source} were not asked for`;
}

/** The registry answered, and there is no such image. */
export function imageNotFound(what: string): ProofgateError {
  return new ProofgateError('IMAGE_NOT_FOUND', `${what} does not exist`, {
    hint: 'Check the reference; an image that was deleted or never pushed cannot be verified.',
  });
}

/** Not an absence: whoever pushed a manifest has pushed its blobs before. */
export function missingBlob(what: string): ProofgateError {
  return new ProofgateError('REGISTRY_PROTOCOL', `${what} is missing, though a manifest names it`, {
    hint: 'Push the image or its signature again.',
  });
}
