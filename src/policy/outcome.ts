// From what rules evaluated to, to what it means for the release: violations, warnings and successes. Whatever is odd
// about a result, a violation stays one.

import { ProofgateError } from '../base/errors.ts';
import { compareUtf8 } from '../base/utf8-order.ts';
import type { PolicyMessage } from '../report/report.ts';
import { type Criteria, includes, suitsIntentions, unmatchedIncludes } from './criteria.ts';
import { consequencesOf } from './dependencies.ts';
import type { Instant } from './effective-time.ts';
import type { RuleValue } from './engine.ts';
import { type JudgedResult, judgeResult, toSuccess } from './judgement.ts';
import { type RuleBook, type RuleDescription, toRuleKey } from './rule-description.ts';
import { isExcepted, MAX_RESULTS, parseResults } from './rule-result.ts';
import { selectRules } from './selection.ts';
import type { PolicyVerdict } from './verdict.ts';

/** One source group's evaluation for one component. */
export interface GroupEvaluation {
  readonly book: RuleBook;
  readonly criteria: Criteria;
  /** What the engine answered to `selectRules(book, criteria)`. */
  readonly values: readonly RuleValue[];
  /** What rules' dates are held against. */
  readonly effectiveTime: Instant;
}

/**
 * @throws ProofgateError `POLICY_FAILED` (a rule gave what is no result, or was not evaluated), `POLICY_LIMIT` (too many
 *   or too large results), `POLICY_EMPTY` (nothing counts: no rule was looked at)
 */
export function toVerdict(group: GroupEvaluation): PolicyVerdict {
  refuseUnanswered(group);
  const { book, criteria, effectiveTime } = group;
  const results = parseResults(group.values).map((result) => judgeResult(result, book, effectiveTime));
  const kept = results.filter((result) => counts(result, group));
  const successes = passedRules(kept, group);
  if (kept.length + successes.length === 0) throw emptyPolicy(criteria);
  const isConsequence = consequencesOf(kept);
  const reported = kept.filter((result) => !isConsequence(result));
  const messages = (isViolation: boolean) =>
    reported.filter((result) => result.isViolation === isViolation).map((result) => result.message);
  const passed = successes.filter((rule) => !isConsequence(rule)).map(toSuccess);
  const misspelt = unmatchedIncludes(criteria, book, results).map(toUnmatchedWarning);
  return mergeVerdicts([
    { violations: messages(true), warnings: [...messages(false), ...misspelt], successes: passed },
  ]);
}

/**
 * The verdicts of all source groups on one component as one, sorted. None at all is an empty verdict, which is no pass.
 * @throws ProofgateError `POLICY_LIMIT`
 */
export function mergeVerdicts(verdicts: readonly PolicyVerdict[]): PolicyVerdict {
  const merged = {
    violations: verdicts.flatMap((verdict) => verdict.violations).sort(byCode),
    warnings: verdicts.flatMap((verdict) => verdict.warnings).sort(byCode),
    successes: verdicts.flatMap((verdict) => verdict.successes).sort(byCode),
  };
  const { violations, warnings, successes } = merged;
  if (violations.length + warnings.length + successes.length <= MAX_RESULTS) return merged;
  throw new ProofgateError('POLICY_LIMIT', `the policies gave more than ${MAX_RESULTS} results`, {
    hint: 'Let the policies report what matters once, instead of everything that they met.',
  });
}

function byCode(a: PolicyMessage, b: PolicyMessage): number {
  return (
    compareUtf8(a.code ?? '', b.code ?? '') ||
    compareUtf8(a.term ?? '', b.term ?? '') ||
    compareUtf8(a.message, b.message)
  );
}

/** A rule that was not evaluated found nothing, and that must not look like a pass. */
function refuseUnanswered({ book, criteria, values }: GroupEvaluation): void {
  const answered = new Set(values.map(toRuleKey));
  const missing = selectRules(book, criteria).find((reference) => !answered.has(toRuleKey(reference)));
  if (missing === undefined) return;
  throw new ProofgateError('POLICY_FAILED', `data.${missing.package}.${missing.name} was not evaluated`, {
    hint: 'This is a defect of Proofgate: please report it with the policy that you used.',
  });
}

/** A result without a code has nothing to be excluded by. */
function counts(result: JudgedResult, { book, criteria }: GroupEvaluation): boolean {
  const { code, collections, terms } = result;
  if (code === undefined) return true;
  const rules = criteria.intentions === undefined ? [] : book.deciding.filter((rule) => rule.code === code);
  const isIntended = rules.length === 0 || rules.some((rule) => suitsIntentions(criteria, rule));
  return isIntended && includes(criteria, { code, collections, terms });
}

/** Annotated rules that were evaluated, count, and said nothing. */
function passedRules(kept: readonly JudgedResult[], group: GroupEvaluation): readonly RuleDescription[] {
  const { book, criteria, values } = group;
  const evaluated = new Set(values.filter((rule) => !isExcepted(rule, values)).map(toRuleKey));
  const reported = new Set(kept.map((result) => result.code));
  // What has no code may have come from any rule of that name.
  const unclear = new Set(kept.filter((result) => result.code === undefined).map(({ origin }) => origin));
  return [...book.descriptions.values()].filter(
    (rule) =>
      evaluated.has(toRuleKey(rule)) &&
      !unclear.has(toRuleKey(rule)) &&
      !reported.has(rule.code) &&
      suitsIntentions(criteria, rule) &&
      includes(criteria, { ...rule, terms: [] }),
  );
}

function toUnmatchedWarning(criterion: string): PolicyMessage {
  return {
    message: `No rule of the policy matches ${JSON.stringify(criterion)}, which it includes`,
    rule: {},
  };
}

function emptyPolicy({ include }: Criteria): ProofgateError {
  const why = include.length === 0 ? 'nothing is included for this component' : 'no rule counts for it';
  return new ProofgateError('POLICY_EMPTY', `the policy looked at nothing: ${why}`, {
    hint: 'Look at include and exclude of its source group, and whether its rules have a short_name in their METADATA.',
  });
}
