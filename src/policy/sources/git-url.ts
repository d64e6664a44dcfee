// Git's part of source URLs: which repository, which revision, which folder. Nothing that comes out of here can be taken
// for an option, a second refspec or another protocol by the git program.
import { badSource, parseFolder } from './source-text.ts';

export interface GitUrl {
  /** As git takes it: an https or ssh URL, `user@host:path`, or a path of this machine. */
  readonly remote: string;
  readonly isLocal: boolean;
  /** Branch, tag or full commit; undefined: what the repository's HEAD is. */
  readonly ref: string | undefined;
  /** '' is the whole repository. */
  readonly folder: string;
}

const FORGES = /^(?:https:\/\/)?(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)\//i;
const SCP = /^[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?![-/]*\/\/)[^-\s][^\s]*$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const USER = /^[A-Za-z0-9_][\w.-]*$/;
const REF = /^[A-Za-z0-9_][\w./@#+,=-]{0,254}$/;

/** Conforma takes these for git without `git::`. */
export function isGitForm(text: string): boolean {
  const [path = ''] = text.split('?');
  return FORGES.test(text) || SCP.test(path) || /^ssh:\/\//i.test(text) || /[^/]\.git(?:\/\/.*)?$/.test(path);
}

/**
 * `[https://|ssh://|file://]host/path[//folder][?ref=…&depth=…][//folder]`, `user@host:path…` or a path.
 * @param url as the user wrote it, for messages
 * @throws ProofgateError `BAD_POLICY`
 */
export function parseGitUrl(text: string, url: string): GitUrl {
  const question = text.indexOf('?');
  const before = question < 0 ? text : text.slice(0, question);
  const [query = '', ...after] = question < 0 ? [''] : text.slice(question + 1).split('//');
  const scheme = SCHEME.exec(before)?.[0] ?? '';
  const [path = '', ...inside] = before.slice(scheme.length).split('//');
  if (inside.length > 0 && after.length > 0) throw badSource(url, 'it names two folders');
  const folder = parseFolder([...inside, ...after].join('/'), url);
  return { ...parseRemote(scheme.toLowerCase(), path, url), ref: parseRef(query, url), folder };
}

/** The form that names this commit, and no other, for ever. */
export function pinGitUrl({ remote, folder }: GitUrl, commit: string): string {
  return `git::${remote.replace(/^https:\/\//, '')}${folder === '' ? '' : `//${folder}`}?ref=${commit}`;
}

function parseRemote(scheme: string, path: string, url: string): Pick<GitUrl, 'remote' | 'isLocal'> {
  if (scheme === 'file://' || (scheme === '' && /^(?:\/|\.{1,2}(?:\/|$))/.test(path))) {
    if (scheme !== '' && !path.startsWith('/')) throw badSource(url, 'it names another machine');
    return { remote: path, isLocal: true };
  }
  if (scheme === '' && SCP.test(path)) return { remote: path, isLocal: false };
  if (scheme !== '' && scheme !== 'https://' && scheme !== 'ssh://') {
    throw badSource(url, `git is asked over https and ssh only, not ${scheme}`);
  }
  return { remote: parseNetworkRemote(`${scheme || 'https://'}${path}`, url), isLocal: false };
}

function parseNetworkRemote(text: string, url: string): string {
  const remote = URL.parse(text);
  if (remote === null || remote.pathname.length < 2) throw badSource(url, 'it names no git repository');
  if (remote.hash !== '') throw badSource(url, 'it has a fragment', 'Write a revision as ?ref=….');
  if (remote.password !== '' || (remote.protocol === 'https:' && remote.username !== '')) {
    const hint = 'Leave them out: git asks its credential helpers.';
    throw badSource(url, 'it holds credentials, and the report names every source', hint);
  }
  const isPlain = remote.username === '' || USER.test(remote.username);
  if (!isPlain || remote.hostname.startsWith('-')) throw badSource(url, 'its host or user is malformed');
  return remote.href;
}

function parseRef(query: string, url: string): string | undefined {
  const values = new Map<string, string>();
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s);
    // `depth` is taken and not needed: only one commit is fetched.
    if (!['ref', 'depth'].includes(key)) throw badSource(url, `git has no parameter ${JSON.stringify(key)}`);
    if (values.has(key)) throw badSource(url, `it has ${key} twice`);
    values.set(key, decode(value, url));
  }
  const ref = values.get('ref');
  if (ref === undefined || (REF.test(ref) && !/\.\.|\/\/|\/$|\.lock$/.test(ref))) return ref;
  throw badSource(
    url,
    `${JSON.stringify(ref.slice(0, 160))} is no revision`,
    'Give a branch, a tag or a full commit.',
  );
}

function decode(value: string, url: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw badSource(url, 'its query is malformed');
  }
}
