// The entries as processes: the command as a shell starts it, the action as a GitHub runner does.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { parse } from 'yaml';

const ROOT = dirname(dirname(import.meta.dirname));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcessByStdio<null, Readable, Readable>) => void;
}

/** Runs `entry`, a path from the project's root, with nothing of this process's environment but PATH. */
export function runEntry(
  entry: string,
  parameters: readonly string[],
  options: StartOptions = {},
): Promise<Finished> {
  // Without a home there is no cache folder to meet the proofs of other tests in.
  const env = { PATH: process.env.PATH ?? '', ...options.environment };
  const child = spawn(process.execPath, [join(ROOT, entry), ...parameters], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  options.onStart?.(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

export interface ActionResult extends Finished {
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What was added to PATH. */
  readonly path: readonly string[];
}

/** Runs the action with `inputs` over the defaults of action.yml, with the files of a runner in `folder`. */
export async function runAction(
  entry: string,
  inputs: Readonly<Record<string, string>>,
  folder: string,
  options: StartOptions = {},
): Promise<ActionResult> {
  const temporary = mkdtempSync(join(folder, 'runner-'));
  const file = (name: string) => join(temporary, name);
  for (const name of ['output', 'summary', 'path', 'env']) writeFileSync(file(name), '');
  const finished = await runEntry(entry, [], {
    ...options,
    environment: {
      ...inputEnvironment(inputs),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary'),
      GITHUB_PATH: file('path'),
      GITHUB_ENV: file('env'),
      RUNNER_TEMP: temporary,
      RUNNER_TOOL_CACHE: join(folder, 'tools'),
      ...options.environment,
    },
  });
  const read = (name: string) => readFileSync(file(name), 'utf8');
  return {
    ...finished,
    outputs: parseOutputs(read('output')),
    summary: read('summary'),
    path: read('path')
      .split('\n')
      .filter((line) => line !== ''),
  };
}

function inputEnvironment(inputs: Readonly<Record<string, string>>): Record<string, string> {
  const action: { inputs: Record<string, { default: string }> } = parse(
    readFileSync(join(ROOT, 'action.yml'), 'utf8'),
  );
  const entries = Object.entries(action.inputs).map(([name, input]) => [
    `INPUT_${name.toUpperCase()}`,
    inputs[name] ?? input.default,
  ]);
  return Object.fromEntries(entries);
}

/** `name<<delimiter`, the lines of the value, `delimiter`. */
function parseOutputs(text: string): Record<string, string> {
  const found = text.matchAll(/^([^\n<]+)<<(\S+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...found].map(([, name, , value]) => [name ?? '', value ?? '']));
}
