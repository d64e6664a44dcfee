// What evaluates Rego: the interface behind which OPA runs today and a second evaluator may run tomorrow. It knows
// modules, rules and values; what a value means for a release is decided in outcome.ts.
import type { Digest } from '../base/digest.ts';

/** One file of Rego v1. */
export interface PolicyModule {
  /** Names it in errors: the source's URL and the path in it. */
  readonly path: string;
  readonly text: string;
}

/** What one source group is compiled from. */
export interface PolicyProgram {
  readonly modules: readonly PolicyModule[];
  /** JSON text of the base document `data`: an object. It is text, so that no number loses a digit on its way. */
  readonly data: string;
}

/** A METADATA block as OPA parses it (https://www.openpolicyagent.org/docs/policy-language#metadata). */
export interface RuleAnnotation {
  readonly scope: 'rule' | 'document' | 'package' | 'subpackages';
  readonly title?: string;
  readonly description?: string;
  /** As the author wrote it: nothing in it has been checked. */
  readonly custom?: Readonly<Record<string, unknown>>;
}

/** One rule head of a module; a name with several bodies is several of these. */
export interface PolicyRule {
  /** Without the leading `data.`. */
  readonly package: string;
  /** First segment after the package: `deny`, `warn_old`, … */
  readonly name: string;
  readonly path: string;
  /** From 1. */
  readonly row: number;
  /** `set`: partial set (`deny contains …`) · `object`: partial object · `complete`: anything else, functions too. */
  readonly kind: 'set' | 'object' | 'complete' | 'function';
  /** The value's type as OPA inferred it, in Rego's words (`boolean`, `set[string]`, …). */
  readonly type: string;
  /** As `rego.metadata.chain()` gives them: the rule's own first, then document, package, subpackages. */
  readonly annotations: readonly RuleAnnotation[];
  /** `"code"` of the first object literal in the rule's head or body, when it is a plain string. */
  readonly literalCode?: string;
}

/** `data.<package>.<name>`, asked for as a whole. */
export interface RuleReference {
  readonly package: string;
  readonly name: string;
}

export interface RuleValue extends RuleReference {
  /** JSON of the value; sets are arrays in Rego's order. Undefined: the rule is undefined for this input. */
  readonly value: unknown;
}

/**
 * Answers a call of an `ec.*` function. Arguments are JSON; sets come as arrays in Rego's order.
 * `undefined` means undefined in Rego's sense. A rejection ends the evaluation with that very error.
 */
export type HostFunctions = (name: string, args: readonly unknown[], signal: AbortSignal) => Promise<unknown>;

export interface Evaluation {
  /** In the order of the question; each appears once. */
  readonly values: readonly RuleValue[];
  /** Lines that policies printed; bounded, the rest is cut. */
  readonly printed: readonly string[];
}

export interface CompiledPolicy {
  /** All rules of all modules, `_test.rego` left out, by path and row. */
  readonly rules: readonly PolicyRule[];
  /** Of modules and data: two programs with one digest are one. */
  readonly digest: Digest;
  /**
   * Evaluates all references in **one** query, so that what rules share is computed once.
   * @throws ProofgateError `POLICY_FAILED` (evaluation error, also conflicts), `POLICY_LIMIT` (time, memory, calls),
   *   `POLICY_EMPTY` when `rules` is empty, what `host` threw, or the reason of `signal`
   */
  evaluate(
    input: string,
    rules: readonly RuleReference[],
    host: HostFunctions,
    signal?: AbortSignal,
  ): Promise<Evaluation>;
}

export interface Engine {
  /**
   * @throws ProofgateError `BAD_POLICY` with file and row: parse, compile or type errors, functions that are refused here;
   *   `INTERNAL` when the engine itself is incomplete or was changed; `POLICY_LIMIT`, `POLICY_FAILED`
   */
  compile(program: PolicyProgram, signal?: AbortSignal): Promise<CompiledPolicy>;
  /** Ends every worker. Evaluations under way fail with `CANCELLED`. */
  close(): Promise<void>;
}
