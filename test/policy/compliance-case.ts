// One of OPA's compliance cases, asked of our engine with no more than what the product asks with: programs and rules.
import type { Answers, Failure, Runtime } from '../../src/policy/wasm/runtime.ts';

/** A line of what rego/cases prints. */
export interface ComplianceCase {
  readonly note: string;
  readonly modules: readonly string[] | null;
  readonly query: string;
  readonly data: string;
  readonly input: string;
  readonly inputTerm?: string;
  readonly wantKeys: readonly string[];
  readonly wantResult?: string;
  readonly wantCode?: string;
  readonly wantError?: string;
  readonly sortBindings: boolean;
  readonly strictErrors: boolean;
}

const LIMITS = { runMs: 20_000, heapBytes: 500_000_000, resultBytes: 50_000_000 };
const CHECK = 'proofgate_check';

/** Undefined when the case passes, otherwise why it does not. */
export async function runCase(runtime: Runtime, one: ComplianceCase): Promise<string | undefined> {
  const modules = (one.modules ?? []).map((text, index) => ({ path: `test-${index}.rego`, text }));
  const compiled = await runtime.compile(one.note, {
    modules: [...modules, { path: 'check.rego', text: toModule(one) }],
    data: one.data,
  });
  if ('problems' in compiled) return `does not compile: ${compiled.problems[0]?.message}`;
  const rules = [{ package: CHECK, name: 'result' }];
  const limits = { ...LIMITS, strictErrors: one.strictErrors };
  const question = { input: one.input, rules, limits };
  const outcome = await runtime.evaluate(1, one.note, question, async () => undefined);
  runtime.release(one.note);
  return judge(one, outcome);
}

/** The query's bindings as a list: the same that OPA's tests compare. */
function toModule({ query, inputTerm, wantKeys }: ComplianceCase): string {
  const bindings = wantKeys.map((key) => `${JSON.stringify(key)}: ${key}`).join(', ');
  const result = inputTerm === undefined ? 'bindings' : `bindings with input as ${inputTerm}`;
  return `package ${CHECK}\nbindings := [{${bindings}} | ${query}]\nresult := x if { x := ${result} }`;
}

function judge(one: ComplianceCase, outcome: Answers | { readonly failure: Failure }): string | undefined {
  if ('failure' in outcome) return judgeFailure(one, outcome.failure);
  if (one.wantResult === undefined)
    return `no error where there is to be one: ${one.wantCode ?? one.wantError}`;
  const [want, got] = [one.wantResult, outcome.values[0] ?? '[]'].map((text) =>
    toSet(text, one.sortBindings),
  );
  return want === got ? undefined : `${got} is not ${want}`;
}

function judgeFailure({ wantCode, wantError }: ComplianceCase, failure: Failure): string | undefined {
  const text = `${failure.path}:${failure.row}: ${failure.code}: ${failure.message}`;
  const isWanted =
    (wantCode !== undefined || wantError !== undefined) &&
    (wantCode === undefined || wantCode === failure.code) &&
    text.includes(wantError ?? '');
  return isWanted ? undefined : text;
}

/** Bindings in any order, each once; numbers by their value, without losing a digit. */
function toSet(text: string, sortBindings: boolean): string {
  const list = JSON.parse(text, exactNumber) as Record<string, unknown>[];
  const sort = (value: unknown) =>
    sortBindings && Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value;
  const texts = list.map((bindings) =>
    JSON.stringify(
      Object.entries(bindings)
        .map(([key, value]) => [key, sort(value)])
        .sort(),
    ),
  );
  return [...new Set(texts)].sort().join('\n');
}

function exactNumber(_: string, value: unknown, context?: { readonly source: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context === undefined) return value;
  return Number.isInteger(value) && /^-?\d+$/.test(context.source) ? `number ${context.source}` : value;
}
