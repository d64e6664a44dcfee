// The real engine with a record of all that it was asked and told: what another evaluator needs to be held against it.
import { systemClock } from '../../src/base/clock.ts';
import type {
  CompiledPolicy,
  Engine,
  HostFunctions,
  PolicyProgram,
  RuleValue,
} from '../../src/policy/engine.ts';
import { openEngine } from '../../src/policy/wasm/open-engine.ts';

/** An answer without `value` is undefined. */
export interface Answer {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly value?: unknown;
}

export interface RecordedCase {
  readonly program: PolicyProgram;
  readonly input: string;
  readonly values: readonly RuleValue[];
  readonly answers: readonly Answer[];
  /** Of the evaluation, waiting for answers included. */
  readonly elapsedMs: number;
}

export class RecordingEngine implements Engine {
  readonly cases: RecordedCase[] = [];
  readonly #engine = openEngine({ threads: undefined, clock: systemClock }).engine;

  async compile(program: PolicyProgram, signal?: AbortSignal): Promise<CompiledPolicy> {
    const policy = await this.#engine.compile(program, signal);
    return {
      rules: policy.rules,
      digest: policy.digest,
      evaluate: async (input, rules, host, innerSignal) => {
        const answers: Answer[] = [];
        const startedMs = performance.now();
        const evaluation = await policy.evaluate(input, rules, recording(host, answers), innerSignal);
        const elapsedMs = performance.now() - startedMs;
        this.cases.push({ program, input, values: evaluation.values, answers, elapsedMs });
        return evaluation;
      },
    };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

function recording(host: HostFunctions, answers: Answer[]): HostFunctions {
  return async (name, args, signal) => {
    const value = await host(name, args, signal);
    answers.push(value === undefined ? { name, args } : { name, args, value });
    return value;
  };
}
