// `WWW-Authenticate` (RFC 9110, 11.6.1): what a registry wants to see before it answers. Untrusted text.

/** `scheme` and parameter names in lower case; of a repeated parameter the first counts. */
export interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 16_384;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** `name=value`, `name="quoted"`, or a scheme's name (token68 credentials are passed over). */
const PART = new RegExp(
  `[\\s,]*(?:(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))|(${TOKEN})(?=[\\s,]|$))`,
  'y',
);

/** Every challenge up to the first text that is none. Never throws. */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(parseHeader);
}

function parseHeader(header: string): Challenge[] {
  if (header.length > MAX_LENGTH) return [];
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let match = PART.exec(header); match !== null; match = PART.exec(header)) {
    const [, name, quoted, bare, scheme] = match;
    if (scheme !== undefined) {
      challenges.push({ scheme: scheme.toLowerCase(), params: new Map() });
      continue;
    }
    const params = challenges.at(-1)?.params;
    const key = (name ?? '').toLowerCase();
    if (params !== undefined && !params.has(key)) {
      params.set(key, quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
    }
  }
  return challenges;
}
