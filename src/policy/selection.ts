// What the engine is asked for: only packages of which some result may count.
import { type Criteria, mayInclude } from './criteria.ts';
import type { RuleReference } from './engine.ts';
import { EXCEPTION, type RuleBook, toRuleKey } from './rule-description.ts';

/**
 * Every deciding rule of each selected package, and its `exception`. A package is selected when any of its rules may
 * count; when no rule does, all packages are: results without a code count in any case.
 */
export function selectRules(book: RuleBook, criteria: Criteria): readonly RuleReference[] {
  if (criteria.include.length === 0) return [];
  const included = book.deciding.filter((rule) => mayInclude(criteria, rule));
  const chosen = included.length > 0 ? included : book.deciding;
  const packages = new Set(chosen.map((rule) => rule.package));
  const names = new Map<string, RuleReference>();
  for (const rule of book.deciding.filter((one) => packages.has(one.package))) {
    names.set(toRuleKey(rule), { package: rule.package, name: rule.name });
  }
  for (const name of book.exceptions) {
    const reference = { package: name, name: EXCEPTION };
    if (packages.has(name)) names.set(toRuleKey(reference), reference);
  }
  return [...names.values()];
}
