// What of a URL may be printed. Redirects of registries carry signed tokens in their query: everything
// that is not known to be harmless is masked.

const HARMLESS_QUERY = new Set(['n', 'last', 'scope', 'service', 'artifactType', 'ns']);

/** The URL without user info and fragment, and with the values of unknown query parameters masked. */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : new URL(url);
  if (parsed === null) return '<unparsable URL>';
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  for (const name of [...new Set(parsed.searchParams.keys())]) {
    if (!HARMLESS_QUERY.has(name)) parsed.searchParams.set(name, 'REDACTED');
  }
  return parsed.toString();
}
