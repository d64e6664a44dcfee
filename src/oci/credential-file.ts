// One configuration file of docker or podman: https://github.com/docker/cli (config.json) and
// containers-auth.json(5). Parsed whole, at the start, so that damage is found before any request.
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import { DOCKER_HUB } from './reference.ts';

/** Secrets: never printed, never part of a message. */
export type Credential =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token of OAuth 2, exchanged at the token endpoint. */
  | { readonly type: 'identity-token'; readonly token: string }
  /** A bearer token as it is. */
  | { readonly type: 'registry-token'; readonly token: string };

export interface CredentialFile {
  readonly path: string;
  /** By `host[:port]`, or podman's `host[:port]/namespace`. */
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly helpers: ReadonlyMap<string, string>;
  /** Helper for every registry that has none of its own. */
  readonly defaultHelper: string | undefined;
}

/** What becomes part of an executable's name: no path, no option. */
const HELPER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const HUB_NAMES = new Set(['index.docker.io', 'registry-1.docker.io', DOCKER_HUB]);

const helperSchema = z.string().regex(HELPER_NAME).or(z.literal(''));
const entrySchema = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
  registrytoken: z.string().nullish(),
});
const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), helperSchema).nullish(),
  credsStore: helperSchema.nullish(),
});

type Entry = z.infer<typeof entrySchema>;

/**
 * Undefined when there is no such file.
 * @throws ProofgateError `BAD_CREDENTIALS_FILE`, which names the path and never the content
 */
export function readCredentialFile(path: string, maxBytes: number): CredentialFile | undefined {
  const text = readText(path, maxBytes);
  return text === undefined ? undefined : parseCredentialFile(text, path);
}

function parseCredentialFile(text: string, path: string): CredentialFile {
  const file = fileSchema.safeParse(parseJson(text, path));
  if (!file.success) {
    const place = file.error.issues[0]?.path[0];
    throw damaged(
      path,
      place === undefined ? 'it is no JSON object' : `${JSON.stringify(place)} is malformed`,
    );
  }
  const { auths, credHelpers, credsStore } = file.data;
  const credentials = new Map<string, Credential>();
  for (const [key, entry] of Object.entries(auths ?? {})) {
    const credential = toCredential(entry, key, path);
    const scope = normalizeKey(key);
    if (credential !== undefined && !credentials.has(scope)) credentials.set(scope, credential);
  }
  const helpers = Object.entries(credHelpers ?? {}).map(([key, name]) => [normalizeKey(key), name] as const);
  return { path, credentials, helpers: new Map(helpers), defaultHelper: credsStore || undefined };
}

/** Undefined for the empty entries that docker leaves where a helper keeps the secret. */
function toCredential(entry: Entry, key: string, path: string): Credential | undefined {
  if (entry.identitytoken) return { type: 'identity-token', token: entry.identitytoken };
  if (entry.registrytoken) return { type: 'registry-token', token: entry.registrytoken };
  if (entry.auth) {
    const text = Buffer.from(entry.auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1)
      throw damaged(path, `"auth" of ${JSON.stringify(key.slice(0, 80))} is no base64 of user:password`);
    // Docker pads passwords with NUL characters.
    const password = text.slice(colon + 1).replace(/\0+$/, '');
    return { type: 'basic', username: text.slice(0, colon), password };
  }
  if (!entry.username) return undefined;
  return { type: 'basic', username: entry.username, password: entry.password ?? '' };
}

/** `https://index.docker.io/v1/` and its like → the host; podman's namespaces stay. */
function normalizeKey(key: string): string {
  const hadScheme = /^https?:\/\//i.test(key);
  const bare = key.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
  const [host = '', ...path] = bare.split('/');
  const isApiPath = path.length === 1 && /^v[12]$/.test(path[0] ?? '');
  const name = HUB_NAMES.has(host.toLowerCase()) ? DOCKER_HUB : host.toLowerCase();
  return hadScheme || isApiPath ? name : [name, ...path].join('/');
}

function readText(path: string, maxBytes: number): string | undefined {
  try {
    if (statSync(path).size > maxBytes) throw damaged(path, `it is larger than ${maxBytes} bytes`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ProofgateError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw damaged(path, `it cannot be read (${code})`);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // V8's message quotes the text around the error, which may be a secret: no cause either.
    throw damaged(path, 'it is no JSON');
  }
}

function damaged(path: string, why: string): ProofgateError {
  return new ProofgateError('BAD_CREDENTIALS_FILE', `credentials file ${path}: ${why}`, {
    hint: 'Mend or remove the file, or log in to the registry again.',
  });
}
