// Real processes on one directory, ended when the test says so.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { WorkerReport } from './worker.ts';

export interface WorkerOptions {
  readonly root: string;
  readonly seed: number;
  readonly steps: number;
  readonly isStuck?: boolean;
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<void>;
  readonly #errors: string[] = [];
  readonly #seen: string[] = [];

  constructor({ root, seed, steps, isStuck = false }: WorkerOptions) {
    const program = join(import.meta.dirname, 'worker.ts');
    const words = [program, root, `${seed}`, `${steps}`, ...(isStuck ? ['stuck'] : [])];
    this.#child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#errors.push(chunk.toString()));
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines.on('line', (line) => this.#seen.push(line));
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Resolves when this line has come for the `times`th time; fails when the process ends before. */
  async until(line: string, times = 1): Promise<void> {
    const count = () => this.#seen.filter((each) => each === line).length;
    if (count() >= times) return;
    const arrived = new Promise<void>((resolve) => {
      this.#lines.on('line', () => count() >= times && resolve());
    });
    const ended = this.#ended.then(() => Promise.reject(new Error(`ended early: ${this.#errors.join('')}`)));
    await Promise.race([arrived, ended]);
  }

  /** Lets it begin. */
  go(): void {
    this.#child.stdin?.end('x');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** What it has to say at its end. */
  async report(): Promise<WorkerReport> {
    await this.#ended;
    const last = this.#seen.at(-1) ?? '';
    if (!last.startsWith('{')) throw new Error(`no report: ${this.#errors.join('')}`);
    return JSON.parse(last) as WorkerReport;
  }
}
