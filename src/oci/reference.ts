// Image references: parsing once, at the door, by the grammar of the distribution project. No network.
import { isIPv6 } from 'node:net';
import { type Digest, isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';

/** `registry` is `host[:port]` in lower case; Docker Hub is always `docker.io`, its official images `library/<name>`. */
export interface Repository {
  readonly registry: string;
  readonly name: string;
}

export interface Reference {
  readonly repository: Repository;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ALIASES = new Set([DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io']);

const MAX_LENGTH = 1024;
const MAX_NAME_LENGTH = 255;
const NAME = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;

/**
 * `[host[:port]/]name[:tag][@digest]`. The first part is a host when it has a `.` or a `:` or is `localhost`. The tag
 * is `latest` when neither tag nor digest is given.
 * @throws ProofgateError `BAD_REFERENCE`
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_LENGTH) throw refused(text, `it is longer than ${MAX_LENGTH} characters`);
  if (text.includes('://')) throw refused(text, 'it has a scheme', 'Remove everything up to and with "://".');
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const repository = parseRepository(text, hasTag ? named.slice(0, colon) : named);
  const tag = hasTag ? { tag: parseTag(text, named.slice(colon + 1)) } : {};
  if (at >= 0) return { repository, ...tag, digest: parseDigestPart(text, text.slice(at + 1)) };
  return { repository, tag: 'latest', ...tag };
}

export function formatRepository(repository: Repository): string {
  return `${repository.registry}/${repository.name}`;
}

export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${formatRepository(reference.repository)}${tag}${digest}`;
}

/** `repository@digest` */
export function pinned(repository: Repository, digest: Digest): string {
  return `${formatRepository(repository)}@${digest}`;
}

function parseDigestPart(text: string, digest: string): Digest {
  if (!isDigest(digest)) throw refused(text, 'what follows "@" is no sha256 or sha512 digest');
  return digest;
}

function parseTag(text: string, tag: string): string {
  if (!TAG.test(tag)) throw refused(text, `its tag ${JSON.stringify(tag.slice(0, 160))} is malformed`);
  return tag;
}

function parseRepository(text: string, named: string): Repository {
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first.toLowerCase() === 'localhost';
  const host = hasHost ? parseHost(text, first.toLowerCase()) : DOCKER_HUB;
  const registry = DOCKER_HUB_ALIASES.has(host) ? DOCKER_HUB : host;
  const path = hasHost ? named.slice(slash + 1) : named;
  const name = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  if (path === '') throw refused(text, 'it names no repository');
  if (name.length > MAX_NAME_LENGTH)
    throw refused(text, `its repository is longer than ${MAX_NAME_LENGTH} characters`);
  if (!NAME.test(name)) throw refused(text, `its repository ${JSON.stringify(path)} is malformed`, NAME_HINT);
  return { registry, name };
}

const NAME_HINT =
  'Repositories are in lower case: letters and digits, separated by "/", ".", "_", "__" or dashes.';

function parseHost(text: string, host: string): string {
  const [, name = '', port] = HOST_AND_PORT.exec(host) ?? [];
  const isHost = name.startsWith('[') ? isIPv6(name.slice(1, -1)) && !name.includes('%') : HOST.test(name);
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  if (!isHost || !isPort) throw refused(text, `its registry ${JSON.stringify(host)} is no host[:port]`);
  return host;
}

function refused(text: string, why: string, hint?: string): ProofgateError {
  return new ProofgateError(
    'BAD_REFERENCE',
    `not an image reference: ${JSON.stringify(text.slice(0, 160))}: ${why}`,
    {
      hint: hint ?? 'Write it as host/repository:tag or, better, host/repository@sha256:….',
    },
  );
}
