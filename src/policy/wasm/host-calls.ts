// The calls of `ec.*` functions that one evaluation makes: answered by the host, one or several at a time.
import { ProofgateError } from '../../base/errors.ts';
import type { HostFunctions } from '../engine.ts';
import type { NoticeOf } from './protocol.ts';

/** Where the answers go. Neither is called any more after `end`. */
export interface CallOutcome {
  /** `value` is JSON text; undefined: undefined in Rego's sense. */
  answer(call: number, value: string | undefined): void;
  /** The evaluation is over: the host failed. */
  fail(reason: unknown): void;
}

/** A component of 200 tasks needs some hundreds; OPA asks the same thing once. */
const MAX_CALLS = 20_000;

export class HostCalls {
  readonly #host: HostFunctions;
  readonly #outcome: CallOutcome;
  readonly #controller = new AbortController();
  #count = 0;
  #open = 0;

  constructor(host: HostFunctions, outcome: CallOutcome) {
    this.#host = host;
    this.#outcome = outcome;
  }

  /** The evaluation cannot go on: it waits for the host. */
  get areWaitedFor(): boolean {
    return this.#open > 0;
  }

  /** Never rejects. */
  async call({ call, name, args }: NoticeOf<'call'>): Promise<void> {
    this.#open += 1;
    try {
      const value = toJsonText(name, await this.#ask(name, parseArguments(args)));
      this.#open -= 1;
      if (!this.#controller.signal.aborted) this.#outcome.answer(call, value);
    } catch (error) {
      this.#open -= 1;
      if (!this.#controller.signal.aborted) this.#outcome.fail(error);
    }
  }

  /** Nobody waits for answers any more; the host may stop. */
  end(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  #ask(name: string, args: readonly unknown[]): Promise<unknown> {
    this.#count += 1;
    if (this.#count <= MAX_CALLS) return this.#host(name, args, this.#controller.signal);
    throw new ProofgateError(
      'POLICY_LIMIT',
      `the policies made more than ${MAX_CALLS} calls of ec.* functions`,
    );
  }
}

function parseArguments(text: string): readonly unknown[] {
  const args: unknown = JSON.parse(text);
  if (Array.isArray(args)) return args;
  throw new ProofgateError('INTERNAL', 'the arguments of a policy’s call are no list');
}

function toJsonText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text: string | undefined = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new ProofgateError('INTERNAL', `${name} was answered with a ${typeof value}`);
}
