// Rego by OPA itself, compiled to WebAssembly, in threads of this process. Nothing is loaded before the first compilation.
import type { Clock } from '../../base/clock.ts';
import { type Digest, digestOf } from '../../base/digest.ts';
import { ProofgateError } from '../../base/errors.ts';
import { canonicalJson } from '../../base/fingerprint.ts';
import { Memo, untilAborted } from '../../base/single-flight.ts';
import type {
  CompiledPolicy,
  Engine,
  Evaluation,
  HostFunctions,
  PolicyProgram,
  PolicyRule,
  RuleReference,
} from '../engine.ts';
import type { EngineFiles } from './engine-files.ts';
import { type DigestedProgram, PolicyThread } from './policy-thread.ts';
import { toQuestion } from './question.ts';
import type { EvaluationLimits } from './runtime.ts';
import { ThreadPool } from './thread-pool.ts';

export interface WasmEngineOptions {
  /** Most threads. */
  readonly threads: number;
  /** The threads' program: worker.ts, or its bundle. */
  readonly file: string;
  /** Called with the first compilation. */
  readonly readFiles: () => Promise<EngineFiles>;
  readonly limits: EngineLimits;
  readonly clock: Clock;
}

export interface EngineLimits {
  readonly evaluation: EvaluationLimits;
  /** Most evaluations that one thread has under way: while some wait for the host, others compute. */
  readonly slots: number;
  /** How long a thread may say nothing while it has something to do; then it is ended. */
  readonly silenceMs: number;
}

type Pool = ThreadPool<PolicyThread>;

export class WasmEngine implements Engine {
  readonly #options: WasmEngineOptions;
  readonly #policies = new Memo<CompiledPolicy>();
  readonly #closing = new AbortController();
  #pool: Promise<Pool> | undefined;

  constructor(options: WasmEngineOptions) {
    this.#options = options;
  }

  async compile(program: PolicyProgram, signal?: AbortSignal): Promise<CompiledPolicy> {
    this.#closing.signal.throwIfAborted();
    const digested = { digest: digestOfProgram(program), program };
    return this.#policies.get(digested.digest, (shared) => this.#compile(digested, shared), signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new ProofgateError('CANCELLED', 'the evaluation of policies was ended'));
    const pool = await this.#pool?.catch(() => undefined);
    await pool?.close();
  }

  async #compile(program: DigestedProgram, signal: AbortSignal): Promise<CompiledPolicy> {
    this.#pool ??= this.#start();
    const pool = await this.#pool;
    this.#closing.signal.throwIfAborted();
    const rules = await pool.run((thread) => thread.compile(program), signal);
    return new WasmPolicy(program, rules, pool);
  }

  async #start(): Promise<Pool> {
    const { threads, file, clock, limits } = this.#options;
    const { slots, silenceMs, evaluation } = limits;
    const settings = { files: await this.#read(), limits: evaluation };
    const start = (onEnd: () => void) => new PolicyThread({ file, settings, clock, silenceMs }, onEnd);
    return new ThreadPool({ threads, slots, start });
  }

  async #read(): Promise<EngineFiles> {
    try {
      return await this.#options.readFiles();
    } catch (error) {
      // The next compilation may try again.
      this.#pool = undefined;
      throw error;
    }
  }
}

class WasmPolicy implements CompiledPolicy {
  readonly rules: readonly PolicyRule[];
  readonly digest: Digest;
  readonly #program: DigestedProgram;
  readonly #pool: Pool;

  constructor(program: DigestedProgram, rules: readonly PolicyRule[], pool: Pool) {
    this.rules = rules;
    this.digest = program.digest;
    this.#program = program;
    this.#pool = pool;
  }

  async evaluate(
    input: string,
    rules: readonly RuleReference[],
    host: HostFunctions,
    signal?: AbortSignal,
  ): Promise<Evaluation> {
    const question = toQuestion(input, rules);
    const work = this.#pool.run((thread) => thread.evaluate(this.#program, question, host, signal), signal);
    // The caller does not wait until the thread has let go.
    return signal === undefined ? work : untilAborted(work, signal);
  }
}

/** The order of modules decides nothing. */
function digestOfProgram({ modules, data }: PolicyProgram): Digest {
  const files = modules.map(({ path, text }) => ({ path, text }));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return digestOf(canonicalJson({ files, data }));
}
