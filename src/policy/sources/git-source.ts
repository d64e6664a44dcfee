// A git repository: one commit of it is fetched, without history, into a bare repository of ours that is gone afterwards.
// Its files are read from the commit itself: nothing is checked out, so no filter, hook, link or odd name can act.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ProofgateError } from '../../base/errors.ts';
import type { SourceTree } from '../source-tree.ts';
import { folderGuard } from './folder-guard.ts';
import { type GitRun, runGit } from './git-program.ts';
import { type GitUrl, pinGitUrl } from './git-url.ts';
import { badSource, unavailable } from './source-text.ts';
import { limitsOf, type SourceTools } from './source-tools.ts';
import { TreeBuilder } from './tree-builder.ts';

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What git says when the other side answered, and has no such revision. */
const NO_REF = /couldn't find remote ref|not our ref|no such remote ref/i;
const NO_REPOSITORY = /does not appear to be a git repository/i;
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
/** `<mode> <type> <object> <size>\t<path>` */
const ENTRY = /^(\d{6}) (blob|tree|commit) ([0-9a-f]+) +(\d+|-)\t(.*)$/s;

type Git = (args: readonly string[], maxBytes: number, input?: string) => Promise<GitRun>;

/**
 * @param signal ends the program and all that it has started
 * @throws ProofgateError `BAD_POLICY` (no such revision or folder, unsafe, too large), `POLICY_UNAVAILABLE`, or the reason
 *   of `signal`
 */
export async function fetchGitSource(
  url: string,
  source: GitUrl,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<SourceTree> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-git-'));
  const limits = limitsOf(tools);
  const guard = folderGuard(directory, limits.sourceBytes, signal);
  try {
    const { environment } = tools;
    const protocols = source.isLocal ? 'file' : 'https:ssh';
    const git: Git = async (args, maxBytes, input = '') => {
      const options = { directory, environment, protocols, maxBytes, input, signal: guard.signal };
      return await runGit(args, options);
    };
    const commit = await fetchCommit(git, url, source);
    const builder = new TreeBuilder(url, source.folder, limits);
    const names = await listFiles(git, url, source.folder, commit, builder);
    await readFiles(git, url, commit, names, builder, limits.sourceBytes);
    return builder.build(pinGitUrl(source, commit));
  } catch (error) {
    throw toSourceError(error, url, signal, limits.sourceBytes);
  } finally {
    guard.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function fetchCommit(git: Git, url: string, { remote, isLocal, ref }: GitUrl): Promise<string> {
  const at = isLocal ? resolve(remote) : remote;
  const revision = ref ?? 'HEAD';
  await succeed(git, url, ['init', '--quiet', '--bare', '--template=']);
  const flags = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-auto-maintenance'];
  const fetched = await git(['fetch', ...flags, '--end-of-options', at, revision], MAX_LISTING_BYTES);
  if (fetched.exitCode !== 0) throw toFetchError(fetched, url, revision, isLocal);
  const parsed = await succeed(git, url, ['rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}']);
  const commit = parsed.output.toString('latin1').trim();
  if (!COMMIT.test(commit)) throw unavailable(url, 'git did not say which commit it fetched', RETRY);
  return commit;
}

/** Of all that is in the commit: names with their place in the tree that is built. */
async function listFiles(
  git: Git,
  url: string,
  folder: string,
  commit: string,
  builder: TreeBuilder,
): Promise<ReadonlyMap<string, string>> {
  const within = folder === '' ? [] : ['--', folder];
  const listed = await succeed(git, url, ['ls-tree', '-r', '-z', '--long', commit, ...within]);
  const names = new Map<string, string>();
  for (const line of listed.output.toString('utf8').split('\0')) {
    const [, , type, , size = '', path = ''] = ENTRY.exec(line) ?? [];
    // Submodules are other repositories.
    const admitted = type === 'blob' ? builder.admit(path) : undefined;
    if (admitted === undefined) continue;
    builder.expect(admitted, Number(size));
    names.set(path, admitted);
  }
  return names;
}

/** Links are followed by git itself, and only inside of the commit. */
async function readFiles(
  git: Git,
  url: string,
  commit: string,
  names: ReadonlyMap<string, string>,
  builder: TreeBuilder,
  maxBytes: number,
): Promise<void> {
  if (names.size === 0) return;
  const input = [...names.keys()].map((path) => `${commit}:${path}\n`).join('');
  const run = await git(['cat-file', '--batch', '--follow-symlinks'], 2 * maxBytes, input);
  let rest = run.output;
  for (const [path, admitted] of names) {
    const end = rest.indexOf('\n');
    const [, size] =
      /^[0-9a-f]+ blob (\d+)$/.exec(rest.subarray(0, Math.max(end, 0)).toString('latin1')) ?? [];
    if (size === undefined) throw badSource(url, `${path} is a link to what is no file of the repository`);
    const from = end + 1;
    builder.add(admitted, Buffer.from(rest.subarray(from, from + Number(size))));
    rest = rest.subarray(from + Number(size) + 1);
  }
}

async function succeed(git: Git, url: string, args: readonly string[]): Promise<GitRun> {
  const run = await git(args, MAX_LISTING_BYTES);
  if (run.exitCode === 0) return run;
  throw unavailable(url, `git ${args[0]} failed: ${describe(run)}`, RETRY);
}

const RETRY = 'Run the same git command by hand and see what it says.';

function toFetchError(run: GitRun, url: string, revision: string, isLocal: boolean): ProofgateError {
  if (NO_REF.test(run.errors)) {
    const hint = 'Give a branch, a tag or a full commit that the repository has.';
    return badSource(url, `the repository has no revision ${revision}`, hint);
  }
  if (isLocal && NO_REPOSITORY.test(run.errors)) {
    return badSource(url, 'there is no git repository', 'Check the path.');
  }
  const hint = 'Check the address, and that git may read it (`git ls-remote`) without asking a question.';
  return unavailable(url, `git could not fetch ${revision}: ${describe(run)}`, hint);
}

function toSourceError(error: unknown, url: string, signal: AbortSignal, maxBytes: number): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ProofgateError) return error;
  if (error instanceof RangeError)
    return badSource(url, error.message, `A source may have ${maxBytes} bytes.`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const isMissing = code === 'ENOENT';
  const hint = isMissing ? 'Install git, or use an OCI bundle or a folder.' : RETRY;
  return unavailable(url, isMissing ? 'there is no git program' : `git failed (${code})`, hint, error);
}

/** The last lines, without credentials that an address may hold. */
function describe({ exitCode, errors }: GitRun): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  const text = lines
    .slice(-3)
    .join(' ')
    .replaceAll(/:\/\/[^/@\s]*@/g, '://');
  const shown = text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 400);
  return shown || (exitCode === null ? 'it ended with a signal' : `exit code ${exitCode}`);
}
