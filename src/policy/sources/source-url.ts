// The forms in which Conforma's users name a source (go-gather's, and go-getter's before): text → what is meant by it.
// Pure: whether it is there, and what it pins to, is found out by whoever fetches it.
import { ProofgateError } from '../../base/errors.ts';
import { isLoopback } from '../../oci/loopback.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import { type GitUrl, isGitForm, parseGitUrl } from './git-url.ts';
import { badSource, parseFolder } from './source-text.ts';

export type SourceUrl =
  | { readonly type: 'oci'; readonly reference: Reference }
  | ({ readonly type: 'git' } & GitUrl)
  | { readonly type: 'https'; readonly url: URL; readonly folder: string }
  | { readonly type: 'local'; readonly path: string };

const MAX_LENGTH = 4096;
const FORCED = /^([A-Za-z0-9+.-]+)::(.*)$/s;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const INSECURE = new Set(['http', 'git', 'ftp']);
/** Registries that Conforma knows without `oci::`. */
const REGISTRIES = [
  /^quay\.io$/,
  /^registry\.gitlab\.com$/,
  /(?:^|\.)gcr\.io$/,
  /\.azurecr\.io$/,
  /\.pkg\.dev$/,
  /^\d+\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
];

/**
 * @param text as the user wrote it
 * @throws ProofgateError `BAD_POLICY`: unknown form, an insecure protocol, credentials in it, a path that leaves its folder
 */
export function parseSourceUrl(text: string): SourceUrl {
  const hasControl = /\p{Cc}/u.test(text);
  if (text === '' || text.length > MAX_LENGTH || hasControl)
    throw badSource(text, 'it is no URL and no path');
  const [, forced, rest = text] = FORCED.exec(text) ?? [];
  const scheme = SCHEME.exec(rest)?.[1]?.toLowerCase();
  refuseInsecure(text, forced?.toLowerCase(), scheme);
  switch (forced?.toLowerCase()) {
    case 'oci':
      return { type: 'oci', reference: parseImage(text, rest) };
    case 'git':
      return { type: 'git', ...parseGitUrl(rest, text) };
    case 'file':
      return { type: 'local', path: toPath(rest) };
    case undefined:
      return parsePlain(text, scheme);
    default:
      throw badSource(text, `${forced}:: is not supported`);
  }
}

function refuseInsecure(text: string, forced: string | undefined, scheme: string | undefined): void {
  const insecure = forced === 'http' ? forced : scheme;
  if (insecure === undefined || !INSECURE.has(insecure)) return;
  const why = `${insecure} is insecure: whoever is in between can change the policy`;
  throw badSource(text, why, 'Use https, or ssh for git.');
}

function parsePlain(text: string, scheme: string | undefined): SourceUrl {
  if (scheme === 'oci') return { type: 'oci', reference: parseImage(text, text) };
  if (scheme === 'file') return { type: 'local', path: toPath(text) };
  if (isGitForm(text)) return { type: 'git', ...parseGitUrl(text, text) };
  if (scheme === 'https') return parseHttps(text);
  if (scheme !== undefined) throw badSource(text, `${scheme} is not supported`);
  // Before any path: a folder that somebody put beside the command must not take the place of a registry.
  const host = text.split('/', 1)[0]?.toLowerCase() ?? '';
  const name = host.replace(/:\d+$/, '');
  const isRegistry = REGISTRIES.some((registry) => registry.test(name)) || isLoopback(name);
  if (text.includes('/') && isRegistry) return { type: 'oci', reference: parseImage(text, text) };
  return { type: 'local', path: text };
}

function parseImage(text: string, rest: string): Reference {
  try {
    return parseReference(rest.replace(/^(?:oci|https):\/\//i, ''));
  } catch (error) {
    if (!(error instanceof ProofgateError)) throw error;
    throw badSource(text, error.message, error.hint);
  }
}

function parseHttps(text: string): SourceUrl {
  const url = URL.parse(text);
  if (url === null) throw badSource(text, 'it is no URL');
  if (url.username !== '' || url.password !== '') {
    throw badSource(text, 'it holds credentials, and the report names every source', 'Leave them out.');
  }
  const [path = '', ...folder] = url.pathname.split(/(?<!^)\/\//);
  url.pathname = path;
  url.hash = '';
  return { type: 'https', url, folder: parseFolder(folder.join('/'), text) };
}

function toPath(text: string): string {
  const path = text.replace(/^file:\/\//i, '');
  if (path === '') throw badSource(text, 'it names no file');
  return path;
}
