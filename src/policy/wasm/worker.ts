// The program of a thread that evaluates policies: takes orders, has the engine carry them out, says what became of them.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { toProofgateError } from '../../base/errors.ts';
import type { Notice, NoticeOf, Order, OrderOf, ThreadSettings } from './protocol.ts';
import { type EvaluationLimits, type Failure, type Problem, Runtime } from './runtime.ts';

/** Between two signs of life. */
const ALIVE_MS = 1000;

class PolicyWorker {
  readonly #port: MessagePort;
  readonly #runtime: Runtime;
  readonly #limits: EvaluationLimits;
  /** Of each evaluation, how its calls that wait go on. */
  readonly #waiting = new Map<number, Map<number, (value: string | undefined) => void>>();
  #nextCall = 1;

  constructor(port: MessagePort, runtime: Runtime, limits: EvaluationLimits) {
    this.#port = port;
    this.#runtime = runtime;
    this.#limits = limits;
  }

  /** Never rejects. */
  async obey(order: Order): Promise<void> {
    try {
      await this.#carryOut(order);
    } catch (error) {
      // Neither a policy nor its input is to blame: the engine is broken.
      const { code, message } = toProofgateError(error);
      this.#say({ type: 'died', isLimit: code === 'POLICY_LIMIT', message });
    }
  }

  #carryOut(order: Order): Promise<void> | void {
    switch (order.type) {
      case 'compile':
        return this.#compile(order);
      case 'evaluate':
        return this.#evaluate(order);
      case 'answer':
        return this.#answer(order);
      case 'cancel':
        return this.#runtime.cancel(order.id);
    }
  }

  async #compile({ id, digest, program }: OrderOf<'compile'>): Promise<void> {
    const result = await this.#runtime.compile(digest, program);
    if ('rules' in result) this.#say({ type: 'compiled', id, rules: result.rules });
    else this.#say({ type: 'failed', id, reason: 'policy', message: renderProblems(result.problems) });
  }

  async #evaluate({ id, digest, input, rules }: OrderOf<'evaluate'>): Promise<void> {
    this.#waiting.set(id, new Map());
    const question = { input, rules, limits: this.#limits };
    const result = await this.#runtime.evaluate(id, digest, question, (name, args) =>
      this.#ask(id, name, args),
    );
    this.#waiting.delete(id);
    if ('failure' in result) this.#say({ type: 'failed', id, ...this.#toReason(result.failure) });
    else {
      const values = Array.from(result.values, (value) => value ?? null);
      this.#say({ type: 'evaluated', id, values, printed: [...result.printed] });
    }
  }

  #ask(id: number, name: string, args: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const call = this.#nextCall++;
      this.#waiting.get(id)?.set(call, resolve);
      this.#say({ type: 'call', id, call, name, args });
    });
  }

  #answer({ id, call, value }: OrderOf<'answer'>): void {
    const calls = this.#waiting.get(id);
    calls?.get(call)?.(value);
    calls?.delete(call);
  }

  #toReason({ stop, code, path, row, message }: Failure): Pick<NoticeOf<'failed'>, 'reason' | 'message'> {
    if (stop === 'memory') return { reason: stop, message };
    if (stop === 'time') {
      return {
        reason: stop,
        message: `the policies computed for more than ${this.#limits.runMs / 1000} s`,
      };
    }
    return { reason: 'evaluation', message: locate(path, row, `${code ?? 'error'}: ${message}`) };
  }

  #say(notice: Notice): void {
    this.#port.postMessage(notice);
  }
}

function renderProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, row, code, message }) => locate(path, row, `${code}: ${message}`)).join('\n');
}

function locate(path: string | undefined, row: number | undefined, text: string): string {
  return [path, row, ` ${text}`]
    .filter((part) => part !== undefined)
    .join(':')
    .trim();
}

async function main(port: MessagePort): Promise<void> {
  const { files, limits } = workerData as ThreadSettings;
  setInterval(() => port.postMessage({ type: 'alive' } satisfies Notice), ALIVE_MS).unref();
  const worker = new PolicyWorker(port, await Runtime.start(files), limits);
  port.on('message', (order: Order) => worker.obey(order));
}

// What goes wrong here ends the thread, and its other side sees it.
if (parentPort !== null) void main(parentPort);
