// One call of the cache service in a process of its own: bounded in time, ended with all that it started.
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Environment } from './default-directory.ts';
import { Transcript } from './transcript.ts';

export interface TransferOrder {
  readonly operation: 'restore' | 'save';
  readonly path: string;
  readonly key: string;
  readonly restoreKeys: readonly string[];
}

const Answer = z.strictObject({ key: z.string().optional(), error: z.string().optional() });
/** No key and no error: nothing was found, or nothing saved. */
export type TransferAnswer = z.infer<typeof Answer>;

export interface TransferContext {
  /** The file that runs as the child: github-cache.ts, or its bundle. */
  readonly program: string;
  /** The child's working directory. */
  readonly folder: string;
  /** All that the child gets. */
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

export interface TransferOutcome {
  /** Undefined: the signal came first, or the child ended without a word. */
  readonly answer: TransferAnswer | undefined;
  /** The signal came first. */
  readonly isLate: boolean;
  readonly transcript: Transcript;
}

/** How long an ended process may take to go; beyond that nobody waits for it. */
const GRACE_MS = 2000;

/** Never rejects. When it resolves the child is gone and writes no more. */
export function transfer(order: TransferOrder, context: TransferContext): Promise<TransferOutcome> {
  const { program, folder, environment, signal } = context;
  const transcript = new Transcript();
  return new Promise((resolve) => {
    let answer: TransferAnswer | undefined;
    if (signal.aborted) return resolve({ answer, isLate: true, transcript });
    const child = fork(program, [JSON.stringify(order)], {
      cwd: folder,
      env: environment,
      execArgv: [],
      // A process group of its own, so that tar ends with it.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    readLines(child, transcript);
    const end = () => {
      signal.removeEventListener('abort', leave);
      clearTimeout(grace);
      resolve({ answer, isLate: answer === undefined && signal.aborted, transcript });
    };
    let grace: NodeJS.Timeout | undefined;
    const leave = () => {
      endGroup(child);
      grace = setTimeout(() => {
        abandon(child);
        end();
      }, GRACE_MS);
    };
    signal.addEventListener('abort', leave, { once: true });
    child.on('message', (message) => {
      answer ??= Answer.safeParse(message).data;
      endGroup(child);
    });
    child.once('error', (error) => {
      transcript.read(`Error: ${error.message}`);
      if (child.pid === undefined) end();
    });
    child.once('exit', () => endGroup(child));
    child.once('close', end);
  });
}

function readLines(child: ChildProcess, transcript: Transcript): void {
  for (const input of [child.stdout, child.stderr]) {
    if (input !== null) createInterface({ input }).on('line', (line) => transcript.read(line));
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill();
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Whatever the system does with it, it must not keep this process. */
function abandon(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}
