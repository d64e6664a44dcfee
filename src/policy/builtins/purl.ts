// Package URLs for policies: ec.purl.*. Pure and synchronous, with nothing of Node: the engine's thread calls it. The results
// are those of github.com/package-url/packageurl-go v0.1.3, which decides what Conforma's policies see; the npm package
// of that name trims, refuses and lower-cases otherwise.

export interface Qualifier {
  readonly key: string;
  readonly value: string;
}

/** What `ec.purl.parse` gives; what is missing is empty. */
export interface PackageUrl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** Sorted by key; each key once. */
  readonly qualifiers: readonly Qualifier[];
  readonly subpath: string;
}

class MalformedPurl extends Error {}

const TYPE = /^[A-Za-z.+-][0-9A-Za-z.+-]*$/;
const QUALIFIER_KEY = /^[A-Za-z._-][0-9A-Za-z._-]*$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a URL has none before its fragment
const CONTROL = /[\u0000-\u001f\u007f]/;

const LOWER_NAMESPACE = new Set([
  'alpm',
  'apk',
  'bitbucket',
  'composer',
  'deb',
  'github',
  'golang',
  'npm',
  'qpkg',
  'rpm',
]);
const LOWER_NAME = new Set([
  'alpm',
  'apk',
  'bitbucket',
  'bitnami',
  'composer',
  'deb',
  'github',
  'golang',
  'npm',
]);

/** Answers `ec.purl.is_valid` and `ec.purl.parse`; undefined as in Rego, also for any other name. Never throws. */
export function callPurl(name: string, argument: unknown): boolean | PackageUrl | undefined {
  const parsed = typeof argument === 'string' ? tryParse(argument) : undefined;
  if (name === 'ec.purl.is_valid') return parsed !== undefined;
  return name === 'ec.purl.parse' ? parsed : undefined;
}

function tryParse(text: string): PackageUrl | undefined {
  try {
    return parsePackageUrl(text);
  } catch (error) {
    if (error instanceof MalformedPurl) return undefined;
    throw error;
  }
}

function parsePackageUrl(text: string): PackageUrl {
  const [url, fragment] = cut(text, '#');
  if (CONTROL.test(url) || !/^pkg:/i.test(url)) throw new MalformedPurl();
  const [rest, query] = cut(url.slice('pkg:'.length), '?');
  const path = rest.startsWith('/') ? cleanPath(rest) : rest;
  const slash = path.indexOf('/');
  if (slash === -1) throw new MalformedPurl();
  const type = toLower(path.slice(0, slash));
  if (!TYPE.test(type)) throw new MalformedPurl();
  const qualifiers = parseQualifiers(query);
  const { namespace, name, version } = splitName(path.slice(slash + 1));
  const purl = {
    type,
    namespace: adjustNamespace(type, trimSlashes(namespace)),
    name: adjustName(type, name, qualifiers),
    version: type === 'huggingface' ? toLower(version) : version,
    qualifiers,
    subpath: parseSubpath(fragment),
  };
  requireWhatTypeNeeds(purl);
  return purl;
}

/** Of `pkg:/…` and `pkg://…`, where what looks like a host is the type: decoded once more than usual, as upstream does. */
function cleanPath(rest: string): string {
  const [host, path] = rest.startsWith('//') ? splitHost(rest.slice(2)) : ['', rest];
  const segments: string[] = [];
  for (const segment of [host, ...decodePercent(path).split('/')]) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else if (host !== '') segments.push(segment);
  }
  return segments.join('/');
}

/** A package URL has no user and no port. */
function splitHost(rest: string): [string, string] {
  const slash = rest.indexOf('/');
  const host = slash === -1 ? rest : rest.slice(0, slash);
  if (host !== '' && !/^[0-9A-Za-z.+-]+$/.test(host)) throw new MalformedPurl();
  return [host, slash === -1 ? '' : rest.slice(slash)];
}

function splitName(path: string): { namespace: string; name: string; version: string } {
  const slash = path.lastIndexOf('/');
  const last = path.slice(slash + 1);
  const at = last.lastIndexOf('@');
  const name = decodePercent(at === -1 ? last : last.slice(0, at));
  if (name === '') throw new MalformedPurl();
  return {
    namespace: slash === -1 ? '' : decodePercent(path.slice(0, slash)),
    name,
    version: at === -1 ? '' : decodePercent(last.slice(at + 1)),
  };
}

function parseQualifiers(query: string): readonly Qualifier[] {
  const qualifiers = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part.includes(';')) throw new MalformedPurl();
    if (part === '') continue;
    const [rawKey, rawValue] = cut(part, '=');
    const key = decodeQuery(rawKey);
    if (!QUALIFIER_KEY.test(key)) throw new MalformedPurl();
    const value = decodeQuery(rawValue);
    // An empty value is as good as none.
    if (value === '') continue;
    const lower = key.toLowerCase();
    if (qualifiers.has(lower)) throw new MalformedPurl();
    qualifiers.set(lower, value);
  }
  return [...qualifiers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
}

function parseSubpath(fragment: string): string {
  const subpath = decodePercent(fragment);
  const climbs = subpath.split('/').some((segment, at) => at > 0 && (segment === '.' || segment === '..'));
  if (climbs) throw new MalformedPurl();
  return trimSlashes(subpath);
}

function adjustNamespace(type: string, namespace: string): string {
  return LOWER_NAMESPACE.has(type) ? toLower(namespace) : namespace;
}

function adjustName(type: string, name: string, qualifiers: readonly Qualifier[]): string {
  if (type === 'pypi') return toLower(name.replaceAll('_', '-'));
  if (type === 'mlflow') {
    const repository = qualifiers.find(({ key }) => key === 'repository_url')?.value ?? '';
    const ignoresCase = repository.includes('databricks') && !repository.includes('azureml');
    return ignoresCase ? toLower(name) : name;
  }
  return LOWER_NAME.has(type) ? toLower(name) : name;
}

function requireWhatTypeNeeds({ type, namespace, version, qualifiers }: PackageUrl): void {
  const hasChannel = qualifiers.some(({ key }) => key === 'channel');
  const isIncomplete =
    (type === 'conan' && (namespace !== '') !== hasChannel) ||
    (type === 'swift' && (namespace === '' || version === '')) ||
    (type === 'cran' && version === '');
  if (isIncomplete) throw new MalformedPurl();
}

/** At the first separator; without one, all of it is before. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function trimSlashes(text: string): string {
  return text.replace(/^\/+/, '').replace(/(?<!\/)\/+$/, '');
}

function decodeQuery(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}

/** Bytes that are no UTF-8 become U+FFFD, as in the JSON that Rego writes. */
function decodePercent(text: string): string {
  if (BAD_ESCAPE.test(text)) throw new MalformedPurl();
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    const bytes = Uint8Array.from(escapes.slice(1).split('%'), (hex) => Number.parseInt(hex, 16));
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  });
}

/** Each character for itself and to one character, as in Go: no final sigma, no dot that is left over. */
function toLower(text: string): string {
  return Array.from(text, (character) => {
    const [lower = ''] = character.toLowerCase();
    return lower;
  }).join('');
}
