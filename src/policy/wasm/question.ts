// What an evaluation is asked, and whether its answer is one: each rule once, none left out.
import { ProofgateError } from '../../base/errors.ts';
import type { Evaluation, RuleReference } from '../engine.ts';
import type { NoticeOf } from './protocol.ts';

export interface Question {
  /** JSON text of the document `input`. */
  readonly input: string;
  /** Each once, and at least one. */
  readonly rules: readonly RuleReference[];
}

/** @throws ProofgateError `POLICY_EMPTY`: an evaluation of nothing finds nothing wrong */
export function toQuestion(input: string, rules: readonly RuleReference[]): Question {
  const unique = new Map(rules.map((rule) => [toKey(rule), { package: rule.package, name: rule.name }]));
  if (unique.size > 0) return { input, rules: [...unique.values()] };
  throw new ProofgateError('POLICY_EMPTY', 'no rule was selected to be evaluated');
}

/** @throws ProofgateError `POLICY_FAILED` when it does not answer exactly `rules` */
export function toEvaluation(
  { values, printed }: NoticeOf<'evaluated'>,
  rules: readonly RuleReference[],
): Evaluation {
  if (values.length !== rules.length) {
    throw new ProofgateError(
      'POLICY_FAILED',
      `the policy engine has ${values.length} answers to ${rules.length} questions`,
    );
  }
  const answers = rules.map((rule, index) => ({ ...rule, value: parseAnswer(values[index] ?? null) }));
  return { values: answers, printed };
}

function parseAnswer(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProofgateError('POLICY_FAILED', 'an answer of the policy engine is no JSON', { cause: error });
  }
}

function toKey(rule: RuleReference): string {
  return JSON.stringify([rule.package, rule.name]);
}
