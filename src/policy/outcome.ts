// From what rules evaluated to, to what it means for the release: violations, warnings and successes.

import type { Criteria } from './criteria.ts';
import type { Instant } from './effective-time.ts';
import type { RuleValue } from './engine.ts';
import type { RuleBook } from './rule-description.ts';
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
 * @throws ProofgateError `POLICY_FAILED` (a rule gave what is no result), `POLICY_LIMIT` (too many or too large ones),
 *   `POLICY_EMPTY` (nothing counts: no rule was looked at)
 */
export function toVerdict(_group: GroupEvaluation): PolicyVerdict {
  throw new Error('not there yet');
}

/**
 * The verdicts of all source groups on one component as one, sorted. None at all is an empty verdict.
 * @throws ProofgateError `POLICY_LIMIT`
 */
export function mergeVerdicts(_verdicts: readonly PolicyVerdict[]): PolicyVerdict {
  throw new Error('not there yet');
}
