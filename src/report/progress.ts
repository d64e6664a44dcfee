// Live progress: one line that changes on a terminal, sparse lines in a log, nothing when silent.
import { createLogUpdate } from 'log-update';
import type { Clock } from '../base/clock.ts';
import { cutText } from './cut.ts';
import { defuseWorkflowCommand, toVisibleLine } from './escape.ts';
import { renderDuration } from './figures.ts';
import type { Outcome } from './report.ts';

/** `stop` must be called: until then the elapsed time is kept up to date. */
export interface Progress {
  start(total: number): void;
  finished(name: string, outcome: Outcome): void;
  /** Something worth a line of its own, such as a registry that throttles. */
  note(message: string): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly isTty: boolean;
  readonly clock: Clock;
}

/** The part of `process.stderr` that is used. */
export type ProgressStream = NodeJS.WritableStream & { readonly columns?: number };

const TICK_MS = 1_000;
/** In a log: at least this often while work is under way, so that waiting does not look like hanging. */
const LOG_INTERVAL_MS = 10_000;
/** In a log: a line for each tenth of the components. */
const LOG_STEPS = 10;
const BAR_WIDTH = 20;
const MAX_NOTE = 500;

export const silentProgress: Progress = { start() {}, finished() {}, note() {}, stop() {} };

export function createProgress(stream: ProgressStream, options: ProgressOptions): Progress {
  return options.isTty ? new LiveProgress(stream, options.clock) : new LogProgress(stream, options.clock);
}

/** What both count. */
class Tally {
  readonly counts: Record<Outcome, number> = { verified: 0, rejected: 0, undetermined: 0 };
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly total: number;

  constructor(total: number, clock: Clock) {
    this.total = total;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  get done(): number {
    return this.counts.verified + this.counts.rejected + this.counts.undetermined;
  }

  get elapsed(): string {
    return renderDuration(this.#clock.now() - this.#startedAt);
  }
}

class LiveProgress implements Progress {
  readonly #stream: ProgressStream;
  readonly #clock: Clock;
  readonly #log: ReturnType<typeof createLogUpdate>;
  readonly #ticker: Ticker;
  #tally: Tally | undefined;
  #latest = '';

  constructor(stream: ProgressStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#log = createLogUpdate(stream);
    this.#ticker = new Ticker(clock, TICK_MS, () => this.#draw());
  }

  start(total: number): void {
    this.#tally = new Tally(total, this.#clock);
    this.#ticker.start();
    this.#draw();
  }

  finished(name: string, outcome: Outcome): void {
    if (this.#tally === undefined) return;
    this.#tally.counts[outcome] += 1;
    this.#latest = name;
    this.#draw();
  }

  note(message: string): void {
    this.#log.persist(toLine(message));
    this.#draw();
  }

  stop(): void {
    this.#ticker.stop();
    this.#log.clear();
    this.#log.done();
    this.#tally = undefined;
  }

  #draw(): void {
    if (this.#tally === undefined) return;
    const { counts, done, total, elapsed } = this.#tally;
    const filled = total === 0 ? 0 : Math.floor((done / total) * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const marks = `✓ ${counts.verified}  ✕ ${counts.rejected}  ? ${counts.undetermined}`;
    const line = `${bar} ${done}/${total}  ${marks}  ${elapsed}  ${toLine(this.#latest)}`;
    this.#log(cutText(line, (this.#stream.columns || 80) - 1));
  }
}

class LogProgress implements Progress {
  readonly #stream: ProgressStream;
  readonly #clock: Clock;
  readonly #ticker: Ticker;
  #tally: Tally | undefined;
  #lastStep = 0;

  constructor(stream: ProgressStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#ticker = new Ticker(clock, LOG_INTERVAL_MS, () => this.#report());
  }

  start(total: number): void {
    this.#tally = new Tally(total, this.#clock);
    this.#ticker.start();
    this.#write(`verifying ${total} ${total === 1 ? 'component' : 'components'}`);
  }

  finished(_name: string, outcome: Outcome): void {
    if (this.#tally === undefined) return;
    this.#tally.counts[outcome] += 1;
    const step = Math.floor((this.#tally.done / this.#tally.total) * LOG_STEPS);
    if (step > this.#lastStep) this.#report();
    this.#lastStep = step;
  }

  note(message: string): void {
    this.#write(message);
  }

  stop(): void {
    this.#ticker.stop();
    this.#tally = undefined;
  }

  #report(): void {
    if (this.#tally === undefined) return;
    const { counts, done, total, elapsed } = this.#tally;
    const marks = `${counts.verified} verified, ${counts.rejected} rejected, ${counts.undetermined} undetermined`;
    this.#write(`${done} of ${total} done: ${marks} (${elapsed})`);
  }

  #write(line: string): void {
    this.#stream.write(`${toLine(line)}\n`);
  }
}

/** Calls back in intervals of the clock until stopped. */
class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #tick: () => void;
  #controller: AbortController | undefined;

  constructor(clock: Clock, intervalMs: number, tick: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#tick = tick;
  }

  start(): void {
    this.stop();
    this.#controller = new AbortController();
    void this.#run(this.#controller.signal);
  }

  stop(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#intervalMs, signal);
      } catch {
        // Only `stop` ends the sleep early.
        return;
      }
      if (!signal.aborted) this.#tick();
    }
  }
}

function toLine(text: string): string {
  return defuseWorkflowCommand(cutText(toVisibleLine(text), MAX_NOTE));
}
