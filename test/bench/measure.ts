// Runs a command and says what it took: wall time, CPU and memory of all its processes together.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Cost {
  readonly exitCode: number;
  readonly wallMs: number;
  /** User and system, of the command and all that it started. */
  readonly cpuMs: number;
  /** Most resident memory of all its processes at one moment, as seen at each sample. */
  readonly peakRssBytes: number;
  /** Standard output and error. */
  readonly output: string;
}

const SAMPLE_MS = 20;
const PAGE_BYTES = 4096;
// The shell waits for the command, and its `times` then tells what its children used.
const SCRIPT = '"$@"; code=$?; times >&3; exit $code';

/** `environment` is all that the command sees; its input is empty. */
export async function measure(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Cost> {
  const started = performance.now();
  const child = spawn('bash', ['-c', SCRIPT, 'bash', ...command], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  child.stdout?.on('data', (chunk) => output.push(String(chunk)));
  child.stderr?.on('data', (chunk) => output.push(String(chunk)));
  const times: string[] = [];
  child.stdio[3]?.on('data', (chunk) => times.push(String(chunk)));
  let peakRssBytes = 0;
  const sampling = setInterval(() => {
    peakRssBytes = Math.max(peakRssBytes, residentBytes(child.pid ?? 0));
  }, SAMPLE_MS);
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  clearInterval(sampling);
  const wallMs = performance.now() - started;
  return { exitCode, wallMs, cpuMs: parseTimes(times.join('')), peakRssBytes, output: output.join('') };
}

/** The second line of bash's `times`: user and system time of its children, such as `0m1.234s 0m0.056s`. */
function parseTimes(text: string): number {
  const [, children = ''] = text.split('\n');
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000,
    0,
  );
}

/** Of all processes below `root`, which is the shell and not counted. */
function residentBytes(root: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(root).reduce((sum, pid) => sum + ownBytes(pid), 0);
}

function parentOf(pid: string): number | undefined {
  // proc(5): pid (name) state parent …; the name may hold spaces and parentheses.
  const parent = / \S (\d+) /.exec(readProc(`${pid}/stat`).replace(/^.*\)/s, ''))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function ownBytes(pid: number): number {
  return Number(readProc(`${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES;
}

/** Empty when the process has ended meanwhile. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
