// A file, or an archive of files, at an https address.
import { ProofgateError } from '../../base/errors.ts';
import { redactUrl } from '../../base/redaction.ts';
import type { SourceTree } from '../source-tree.ts';
import { addArchive } from './archive.ts';
import { badSource, unavailable } from './source-text.ts';
import { limitsOf, type SourceTools } from './source-tools.ts';
import { TreeBuilder } from './tree-builder.ts';

const ARCHIVE = /\.(?:tar|tar\.gz|tgz)$/i;
const OTHER_ARCHIVE = /\.(?:zip|tar\.\w+|tbz2?|txz|bz2|gz|xz|zst|7z)$/i;
const ABSENT = new Set([404, 410]);

/**
 * @param folder in an archive
 * @throws ProofgateError `BAD_POLICY` (not there, unreadable), `THROTTLED`, `UNAUTHORIZED`, `POLICY_UNAVAILABLE`, and what
 *   the HTTP client throws
 */
export async function fetchHttpSource(
  url: string,
  source: { readonly url: URL; readonly folder: string },
  tools: SourceTools,
  signal: AbortSignal,
): Promise<SourceTree> {
  const { pathname, href } = source.url;
  const limits = limitsOf(tools);
  const isArchive = ARCHIVE.test(pathname);
  if (!isArchive) refuseWhatIsNoFile(url, pathname, source.folder);
  const maxBytes = isArchive ? limits.sourceBytes : limits.fileBytes;
  const answer = await tools.http({ method: 'GET', url: href, maxBytes, signal });
  if (answer.status !== 200) throw toStatusError(answer.status, url, source.url.host);
  const builder = new TreeBuilder(url, source.folder, limits);
  if (isArchive) await addArchive(answer.body, url, builder, limits);
  else {
    const path = builder.admit(nameOf(url, pathname));
    if (path !== undefined) builder.add(path, answer.body);
  }
  return builder.build(redactUrl(href));
}

function refuseWhatIsNoFile(url: string, pathname: string, folder: string): void {
  const hint = 'Give a .tar.gz archive, or a single .rego, .json, .yaml or .yml file.';
  if (OTHER_ARCHIVE.test(pathname)) throw badSource(url, 'archives of this kind are not read', hint);
  if (folder !== '') throw badSource(url, 'it names a folder in what is no archive', hint);
}

function nameOf(url: string, pathname: string): string {
  try {
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  } catch {
    throw badSource(url, 'its path is malformed');
  }
}

function toStatusError(status: number, url: string, host: string): ProofgateError {
  if (ABSENT.has(status)) return badSource(url, `${host} says that it is not there (${status})`);
  const isDenied = status === 401 || status === 403;
  const code = isDenied ? 'UNAUTHORIZED' : status === 429 ? 'THROTTLED' : 'POLICY_UNAVAILABLE';
  const { message, hint } = unavailable(
    url,
    `${host} answered ${status}`,
    `Try again when ${host} is healthy.`,
  );
  const denied = 'Sources at https addresses are read without credentials: use an OCI bundle or git.';
  return new ProofgateError(code, message, { hint: isDenied ? denied : (hint ?? '') });
}
