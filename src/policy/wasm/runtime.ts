// Rego in the current thread: typed calls of the Go module (rego/main.go), which runs OPA. Several programs live in it at
// once, and several evaluations of them overlap while they wait for the host.
import { ProofgateError } from '../../base/errors.ts';
import type { PolicyProgram, PolicyRule, RuleReference } from '../engine.ts';
import type { EngineFiles } from './engine-files.ts';
import { startGo } from './go-instance.ts';

/** Why modules do not compile. `code` is OPA's: rego_parse_error, rego_type_error, … */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly row?: number;
  readonly column?: number;
}

export interface EvaluationLimits {
  /** Time spent computing; what it waits for the host, or for other evaluations, does not count. */
  readonly runMs: number;
  /** Of the whole heap: evaluations share it. At most three quarters of the memory, which leaves Go its own needs. */
  readonly heapBytes: number;
  /** JSON of all values together. */
  readonly resultBytes: number;
  /** A function that fails ends the evaluation, where it would be undefined: for OPA's own cases. */
  readonly strictErrors?: boolean;
}

export interface Question {
  /** JSON text. */
  readonly input: string;
  /** Each is one that `compile` listed. */
  readonly rules: readonly RuleReference[];
  readonly limits: EvaluationLimits;
}

export interface Answers {
  /** JSON text, in the order of the question; sets are arrays in Rego's order. Undefined: undefined in Rego's sense. */
  readonly values: readonly (string | undefined)[];
  /** Bounded; the rest is cut. */
  readonly printed: readonly string[];
}

export interface Failure {
  /** `cancelled`, or the limit that was reached; missing: the policies themselves fail. */
  readonly stop?: 'cancelled' | 'time' | 'memory';
  /** OPA's: eval_conflict_error, … */
  readonly code?: string;
  readonly message: string;
  readonly path?: string;
  readonly row?: number;
}

/** Answers a function with JSON text; `args` is the JSON text of an array. Undefined: undefined in Rego's sense. */
export type HostCall = (name: string, args: string) => Promise<string | undefined>;

/** What Go finds as `bridge`, and what it puts there. Numbers name a request, a call of the host, or a turn. */
interface Bridge {
  readonly softMemoryBytes: number;
  ready(): void;
  compiled(request: number, rules: string): void;
  refused(request: number, problems: string): void;
  evaluated(request: number, values: (string | undefined)[], printed: string[]): void;
  failed(request: number, failure: string, call: number | null): void;
  call(call: number, request: number, name: string, args: string): void;
  yield(turn: number): void;

  compile?(request: number, program: string, modules: PolicyProgram['modules'], data: string): void;
  evaluate?(
    request: number,
    program: string,
    input: string,
    rules: readonly RuleReference[],
    limits: EvaluationLimits,
  ): void;
  cancel?(request: number): void;
  release?(program: string): void;
  answer?(call: number, ok: boolean, result: string | undefined): void;
  resume?(turn: number): void;
}

interface Request {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly host?: HostCall;
}

// Go collects garbage harder above this part of its memory, before it is all gone.
const SOFT_LIMIT = 0.85;

export class Runtime {
  readonly #requests = new Map<number, Request>();
  /** By call: Go only says which call it was. */
  readonly #refusals = new Map<number, { readonly request: number; readonly error: unknown }>();
  readonly #evaluations = new Map<number, number>();
  #bridge: Bridge;
  #nextRequest = 1;
  #death: ProofgateError | undefined;

  private constructor(files: EngineFiles, ready: () => void) {
    this.#bridge = this.#makeBridge(files.memoryBytes * SOFT_LIMIT, ready);
  }

  /** @throws ProofgateError `INTERNAL` when the module does not start, `POLICY_LIMIT` when its memory is too small to */
  static async start(files: EngineFiles): Promise<Runtime> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const runtime = new Runtime(files, resolve);
    await startGo(files, runtime.#bridge, (cause, lastWords) => {
      runtime.#die(toDeath(cause, lastWords));
      reject(runtime.#death);
    });
    await promise;
    return runtime;
  }

  /** Set when the module is gone: memory or stack is used up, or a defect. All calls, from then on too, reject with it. */
  get death(): ProofgateError | undefined {
    return this.#death;
  }

  /** Keeps the program as `id` when it has no problems, in the place of another of that id. Files `*_test.rego` are left out. */
  compile(
    id: string,
    { modules, data }: PolicyProgram,
  ): Promise<{ readonly rules: readonly PolicyRule[] } | { readonly problems: readonly Problem[] }> {
    return this.#request((request) => this.#bridge.compile?.(request, id, modules, data));
  }

  /**
   * Evaluates all rules in one query.
   * @param id names the evaluation, for `cancel`; another may have it once this one has settled
   * @throws what `host` rejected with, `ProofgateError` when the module dies
   */
  async evaluate(
    id: number,
    program: string,
    { input, rules, limits }: Question,
    host: HostCall,
  ): Promise<Answers | { readonly failure: Failure }> {
    if (this.#evaluations.has(id)) throw new Error(`two evaluations ${id}`);
    try {
      return await this.#request((request) => {
        this.#evaluations.set(id, request);
        this.#bridge.evaluate?.(request, program, input, rules, limits);
      }, host);
    } finally {
      this.#evaluations.delete(id);
    }
  }

  /** The evaluation ends soon, with the failure `cancelled`; nothing when there is none of that id. */
  cancel(id: number): void {
    const request = this.#evaluations.get(id);
    if (request !== undefined) this.#bridge.cancel?.(request);
  }

  /** Lets go of a program; evaluations of it that run go on. */
  release(program: string): void {
    this.#bridge.release?.(program);
  }

  #request<T>(send: (request: number) => void, host?: HostCall): Promise<T> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const request = this.#nextRequest++;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#requests.set(request, {
      resolve: resolve as (result: unknown) => void,
      reject,
      ...(host === undefined ? {} : { host }),
    });
    send(request);
    return promise;
  }

  #makeBridge(softMemoryBytes: number, ready: () => void): Bridge {
    const settle = (request: number, result: unknown) => this.#take(request)?.resolve(result);
    return {
      softMemoryBytes,
      ready,
      compiled: (request, rules) => settle(request, { rules: JSON.parse(rules) as PolicyRule[] }),
      refused: (request, problems) => settle(request, { problems: JSON.parse(problems) as Problem[] }),
      evaluated: (request, values, printed) => settle(request, { values, printed }),
      failed: (request, failure, call) => this.#fail(request, failure, call),
      call: (call, request, name, args) => void this.#ask(call, request, name, args),
      // After the events that are there already: answers, cancellations, other evaluations.
      yield: (turn) => void setImmediate(() => this.#bridge.resume?.(turn)),
    };
  }

  #take(request: number): Request | undefined {
    const found = this.#requests.get(request);
    this.#requests.delete(request);
    for (const [call, refusal] of this.#refusals)
      if (refusal.request === request) this.#refusals.delete(call);
    return found;
  }

  #fail(request: number, failure: string, call: number | null): void {
    const refusal = call === null ? undefined : this.#refusals.get(call);
    const found = this.#take(request);
    if (refusal !== undefined) found?.reject(refusal.error);
    else found?.resolve({ failure: JSON.parse(failure) as Failure });
  }

  /** Go waits for `answer`, so it must not come before this has returned once. */
  async #ask(call: number, request: number, name: string, args: string): Promise<void> {
    await undefined;
    try {
      const result = await this.#requests.get(request)?.host?.(name, args);
      // Go would take it for undefined.
      if (result === '') throw new ProofgateError('INTERNAL', `${name} was answered with nothing at all`);
      this.#bridge.answer?.(call, true, result);
    } catch (error) {
      if (!this.#requests.has(request)) return;
      this.#refusals.set(call, { request, error });
      this.#bridge.answer?.(call, false, undefined);
    }
  }

  #die(error: ProofgateError): void {
    this.#death = error;
    const lost = [...this.#requests.values()];
    this.#requests.clear();
    this.#refusals.clear();
    for (const { reject } of lost) reject(error);
  }
}

function toDeath(cause: unknown, lastWords: string): ProofgateError {
  if (cause instanceof RangeError || /stack/.test(lastWords)) {
    return new ProofgateError('POLICY_LIMIT', 'the policies, or their input, are nested too deeply', {
      cause,
    });
  }
  if (/memory/.test(lastWords)) {
    return new ProofgateError('POLICY_LIMIT', 'the policies used more memory than they may', { cause });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ProofgateError('INTERNAL', `the policy engine ended: ${message} ${lastWords}`.trim(), { cause });
}
