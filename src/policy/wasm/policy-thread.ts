// One thread that evaluates Rego, seen from outside: gives it work, answers its calls, notices when it is gone or silent.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Digest } from '../../base/digest.ts';
import { ProofgateError } from '../../base/errors.ts';
import type { Evaluation, HostFunctions, PolicyProgram, PolicyRule } from '../engine.ts';
import { HostCalls } from './host-calls.ts';
import { type Notice, type NoticeOf, type Order, parseNotice, type ThreadSettings } from './protocol.ts';
import { type Question, toEvaluation } from './question.ts';
import { SilenceWatch } from './silence.ts';
import { died, outOfMemory, silentFor, type ThreadFault, toThreadFault } from './thread-fault.ts';

export interface ThreadOptions {
  /** worker.ts, or its bundle. */
  readonly file: string;
  readonly settings: ThreadSettings;
  readonly clock: Clock;
  /** How long a thread may say nothing while it has something to do; then it is ended. */
  readonly silenceMs: number;
}

export interface DigestedProgram {
  readonly digest: Digest;
  readonly program: PolicyProgram;
}

type Result = NoticeOf<'compiled' | 'evaluated'>;
type WorkOrder = Extract<Order, { type: 'compile' | 'evaluate' }>;

interface Job {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  readonly calls: HostCalls | undefined;
  /** Why nobody wants its result any more. The thread has been told, and says when it is done with it. */
  ending?: { readonly reason: unknown };
}

export class PolicyThread {
  readonly #onEnd: () => void;
  readonly #worker: Worker;
  readonly #silence: SilenceWatch;
  readonly #jobs = new Map<number, Job>();
  readonly #programs = new Map<Digest, Promise<readonly PolicyRule[]>>();
  #nextId = 0;
  #isEnding = false;
  /** Why it ends, once it does. */
  #error: unknown;
  #fault: ThreadFault | undefined;

  /** `onEnd` is called once, before the work that is lost is rejected. */
  constructor(options: ThreadOptions, onEnd: () => void) {
    const { clock, silenceMs } = options;
    this.#onEnd = onEnd;
    this.#silence = new SilenceWatch({
      clock,
      silenceMs,
      onSilent: () => this.#abandon(silentFor(silenceMs)),
      // Not even force ends it: nobody waits for it any longer.
      onDead: () => this.#end(1),
    });
    this.#worker = startWorker(options);
    this.#worker.on('message', (message) => this.#read(message));
    this.#worker.on('messageerror', (error) => this.#abandon(error));
    this.#worker.on('error', (error) => {
      this.#error ??= error;
    });
    this.#worker.on('exit', (code) => this.#end(code));
  }

  /**
   * Compiles a program on its first use here.
   * @throws ProofgateError `BAD_POLICY`, `POLICY_LIMIT`, `ThreadFault`
   */
  compile({ digest, program }: DigestedProgram): Promise<readonly PolicyRule[]> {
    const known = this.#programs.get(digest);
    if (known !== undefined) return known;
    const compiled = this.#run((id) => ({ type: 'compile', id, digest, program })).then(
      (result) => this.#expect('compiled', result).rules,
    );
    this.#programs.set(digest, compiled);
    compiled.catch(() => this.#programs.delete(digest));
    return compiled;
  }

  /**
   * Settles when the thread has let go of the evaluation, also after `signal` was aborted.
   * @throws ProofgateError `POLICY_FAILED`, `POLICY_LIMIT`, `ThreadFault`; what `host` threw; the reason of `signal`
   */
  async evaluate(
    program: DigestedProgram,
    question: Question,
    host: HostFunctions,
    signal?: AbortSignal,
  ): Promise<Evaluation> {
    await this.compile(program);
    signal?.throwIfAborted();
    const order = (id: number): WorkOrder => ({ type: 'evaluate', id, digest: program.digest, ...question });
    const result = await this.#run(order, host, signal);
    return toEvaluation(this.#expect('evaluated', result), question.rules);
  }

  /** Resolves when the thread is gone; what it was working on fails with `ThreadFault`. */
  async end(): Promise<void> {
    await this.#terminate();
  }

  #run(order: (id: number) => WorkOrder, host?: HostFunctions, signal?: AbortSignal): Promise<Result> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#jobs.set(id, { resolve, reject, calls: host && this.#answering(id, host) });
    const cancel = () => this.#cancel(id, signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    this.#post(order(id));
    return promise.finally(() => signal?.removeEventListener('abort', cancel));
  }

  #answering(id: number, host: HostFunctions): HostCalls {
    return new HostCalls(host, {
      answer: (call, value) =>
        this.#post({ type: 'answer', id, call, ...(value === undefined ? {} : { value }) }),
      fail: (reason) => this.#cancel(id, reason),
    });
  }

  #cancel(id: number, reason: unknown): void {
    const job = this.#jobs.get(id);
    if (job === undefined || job.ending !== undefined) return;
    job.ending = { reason };
    job.calls?.end(reason);
    this.#post({ type: 'cancel', id });
  }

  #post(order: Order): void {
    this.#worker.postMessage(order);
    this.#attend();
  }

  #read(message: unknown): void {
    if (this.#error !== undefined) return;
    const notice = parseNotice(message);
    if (notice === undefined) this.#abandon(new Error('it sent a message of an unknown shape'));
    else if (notice.type === 'died') this.#abandon(died(notice.isLimit, notice.message));
    else if (notice.type !== 'alive') this.#obey(notice);
    this.#attend();
  }

  #obey(notice: Exclude<Notice, NoticeOf<'alive' | 'died'>>): void {
    const job = this.#jobs.get(notice.id);
    if (job === undefined) this.#abandon(new Error('it sent a message about work that it has not got'));
    else if (notice.type !== 'call') this.#settle(job, notice);
    else if (job.ending === undefined) void job.calls?.call(notice);
  }

  #settle(job: Job, notice: Result | NoticeOf<'failed'>): void {
    this.#jobs.delete(notice.id);
    job.calls?.end();
    if (job.ending !== undefined) job.reject(job.ending.reason);
    else if (notice.type === 'failed') job.reject(toError(notice));
    else job.resolve(notice);
  }

  #expect<T extends Result['type']>(type: T, result: Result): NoticeOf<T> {
    if (result.type === type) return result as NoticeOf<T>;
    const error = new Error(`it sent ${result.type} for what was to be ${type}`);
    this.#abandon(error);
    throw toThreadFault(error);
  }

  /** Nothing that it says is believed any more; `#end` follows. */
  #abandon(error: unknown): void {
    this.#error ??= error;
    void this.#terminate();
  }

  #terminate(): Promise<unknown> {
    this.#isEnding = true;
    // Its end is waited for.
    this.#worker.ref();
    return this.#worker.terminate();
  }

  #end(code: number): void {
    if (this.#fault !== undefined) return;
    this.#fault = toThreadFault(this.#error ?? new Error(`exit code ${code}`));
    this.#onEnd();
    for (const { calls, ending, reject } of this.#jobs.values()) {
      calls?.end();
      reject(ending === undefined ? this.#fault : ending.reason);
    }
    this.#jobs.clear();
    this.#attend();
  }

  /** After each message, either way. */
  #attend(): void {
    const jobs = [...this.#jobs.values()];
    if (jobs.length > 0 || this.#isEnding) this.#worker.ref();
    else this.#worker.unref();
    this.#silence.hear(
      jobs.some(({ calls, ending }) => ending !== undefined || calls?.areWaitedFor !== true),
    );
  }
}

/** Stack in MB: Rego's compiler and evaluator recurse; Node's own default is 4. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, stackSizeMb: 16 };

/**
 * Policies learn nothing of this process: no environment, no arguments, no output. The thread writes none; whatever it did
 * would wait in its own streams, which nobody reads: reading them would keep this process alive.
 */
function startWorker({ file, settings }: ThreadOptions): Worker {
  try {
    return new Worker(file, {
      name: 'policy',
      workerData: settings,
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: RESOURCE_LIMITS,
    });
  } catch (error) {
    throw toThreadFault(error);
  }
}

function toError({ reason, message }: NoticeOf<'failed'>): ProofgateError {
  switch (reason) {
    case 'memory':
      return outOfMemory();
    case 'time':
      return new ProofgateError('POLICY_LIMIT', message);
    case 'policy':
      return new ProofgateError('BAD_POLICY', message);
    case 'evaluation':
      return new ProofgateError('POLICY_FAILED', message);
  }
}
