// The `git` program: without a shell, in a process group of its own that ends with us, with bounded output, and with an
// environment in which only the user's own configuration counts.
import { type ChildProcess, spawn } from 'node:child_process';
import { devNull } from 'node:os';

export interface GitRun {
  readonly exitCode: number | null;
  readonly output: Buffer;
  /** The start of it. */
  readonly errors: string;
}

export interface GitOptions {
  /** A repository of ours. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What may be spoken with the other side, as `GIT_ALLOW_PROTOCOL` takes it. */
  readonly protocols: string;
  readonly input?: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Keys to GitHub's cache and identity service: neither git nor its helpers need them. */
const WITHHELD = new Set(['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
/** Of git's own variables: authorities, and how the user answers questions for credentials. */
const PASSED = new Set(['GIT_SSL_CAINFO', 'GIT_SSL_CAPATH', 'GIT_ASKPASS', 'GIT_SSH', 'GIT_SSH_COMMAND']);
const MAX_ERROR_BYTES = 16 * 1024;
/**
 * Beats the user's and the system's configuration, which is read for what only the user can know: credential helpers,
 * proxies, authorities, and other addresses for a host (`insteadOf`, as CI jobs set it to put a token in).
 */
const SETTINGS = [
  `core.hooksPath=${devNull}`,
  'core.fsmonitor=false',
  'core.logAllRefUpdates=false',
  'fetch.recurseSubmodules=false',
  'fetch.writeCommitGraph=false',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'http.sslVerify=true',
  'credential.interactive=false',
];

/** Whether `git` can be started is told by a rejection with the foreign error; an abort by the signal's reason. */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitRun> {
  const { directory, environment, protocols, signal } = options;
  signal.throwIfAborted();
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const child = spawn('git', ['--no-pager', ...settings, ...args], {
    cwd: directory,
    env: toEnvironment(environment, directory, protocols),
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    // A group of its own: helpers end with it. And no terminal: nothing in it can ask a question.
    detached: true,
    windowsHide: true,
  });
  const leave = () => endGroup(child);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await collect(child, options);
  } finally {
    signal.removeEventListener('abort', leave);
    signal.throwIfAborted();
  }
}

function collect(child: ChildProcess, { input = '', maxBytes }: GitOptions): Promise<GitRun> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    let [length, errorLength] = [0, 0];
    child.on('error', reject);
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) return void output.push(chunk);
      endGroup(child);
      reject(new RangeError(`git wrote more than ${maxBytes} bytes`));
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      errorLength += chunk.length;
      if (errorLength <= MAX_ERROR_BYTES) errors.push(chunk);
    });
    child.on('close', (exitCode) =>
      resolve({ exitCode, output: Buffer.concat(output), errors: Buffer.concat(errors).toString('utf8') }),
    );
    // It may end without having read its input.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Lets go of its pipes too: a helper that left the group may hold them open. */
function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // It has ended, or this system has no groups.
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

function toEnvironment(
  environment: GitOptions['environment'],
  directory: string,
  protocols: string,
): NodeJS.ProcessEnv {
  const isPassed = (name: string) => !WITHHELD.has(name) && (!name.startsWith('GIT_') || PASSED.has(name));
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => isPassed(name))),
    GIT_DIR: directory,
    // Beats every protocol.* of a configuration, and holds for redirects too.
    GIT_ALLOW_PROTOCOL: protocols,
    GIT_TERMINAL_PROMPT: '0',
    GCM_INTERACTIVE: 'never',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    // Errors are told apart by their text.
    LC_ALL: 'C',
    LANGUAGE: '',
  };
}
