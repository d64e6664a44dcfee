// Which rules count for one component: a source group's include and exclude lists, joined with what is volatile.
import { isMapValue } from '../base/exact-number.ts';
import type { CriteriaLists, GlobalConfiguration, VolatileCriterion } from './config.ts';
import type { LoadedGroup } from './loaded-policy.ts';
import { type Matchable, score, toMatchers, weigh } from './matching.ts';
import { type DecidingRule, type RuleBook, toTexts } from './rule-description.ts';
import { appliesTo, type ComponentScope, isActive } from './volatile.ts';

/** Of one source group, for one component. */
export interface Criteria {
  /** Empty: nothing counts for this component, which is an error. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Set by the filter `ec-policy`: rules must name one of these; when empty, rules that name any do not count. */
  readonly intentions: readonly string[] | undefined;
}

/** A result that criteria are held against. */
export interface MatchableResult extends Matchable {
  readonly terms: readonly string[];
}

/**
 * @param atMs the moment that volatile entries are held against, milliseconds since the epoch
 * @param intentions of the filter `ec-policy` (`pipelineIntentionsOf`); undefined: the filter `include-exclude`
 */
export function criteriaFor(
  group: Pick<LoadedGroup, 'config' | 'volatileConfig'>,
  configuration: GlobalConfiguration | undefined,
  component: ComponentScope,
  atMs: number,
  intentions?: readonly string[],
): Criteria {
  const { include, exclude } = permanentLists(group.config, configuration);
  const activeIncludes = (group.volatileConfig?.include ?? []).filter((entry) => isActive(entry, atMs));
  const activeExcludes = (group.volatileConfig?.exclude ?? []).filter((entry) => isActive(entry, atMs));
  const isUnrestricted = include.length === 0 && activeIncludes.length === 0;
  return {
    include: isUnrestricted ? ['*'] : [...include, ...valuesFor(activeIncludes, component)],
    exclude: [...exclude, ...valuesFor(activeExcludes, component)],
    intentions,
  };
}

/** `ruleData.pipeline_intention` of a source group: a text or a list of texts. */
export function pipelineIntentionsOf(
  ruleData: Readonly<Record<string, unknown>> | undefined,
): readonly string[] {
  return isMapValue(ruleData) ? toTexts(ruleData.pipeline_intention) : [];
}

/** The group's own lists win over the deprecated ones of the whole policy. */
function permanentLists(
  own: CriteriaLists | undefined,
  global: GlobalConfiguration | undefined,
): CriteriaLists {
  if (own !== undefined && own.include.length + own.exclude.length > 0) return own;
  if (global === undefined) return { include: [], exclude: [] };
  const collections = global.collections.map((name) => `@${name}`);
  return { include: [...global.include, ...collections], exclude: global.exclude };
}

function valuesFor(entries: readonly VolatileCriterion[], component: ComponentScope): readonly string[] {
  return entries.filter((entry) => appliesTo(entry, component)).map((entry) => entry.value);
}

/** True when the includes that match weigh more than the excludes that do. */
export function includes(criteria: Criteria, result: MatchableResult): boolean {
  const matchers = toMatchers(result);
  return score(criteria.include, matchers, result.terms) > score(criteria.exclude, matchers, result.terms);
}

/** False only when no result of the rule can count, whatever its terms. */
export function mayInclude(criteria: Criteria, rule: DecidingRule): boolean {
  const matchers = toMatchers(rule);
  return (
    suitsIntentions(criteria, rule) &&
    score(criteria.include, matchers, 'anyTerm') > score(criteria.exclude, matchers, [])
  );
}

/** What the filter `ec-policy` asks of a rule; true with the other filter. */
export function suitsIntentions({ intentions }: Criteria, rule: DecidingRule): boolean {
  if (intentions === undefined) return true;
  if (intentions.length === 0) return rule.pipelineIntention.length === 0;
  return rule.pipelineIntention.some((intention) => intentions.includes(intention));
}

/** Includes that match no rule of the group, whatever its terms, and none of the results: misspelt, or gone. */
export function unmatchedIncludes(
  criteria: Criteria,
  book: RuleBook,
  results: readonly Matchable[],
): readonly string[] {
  const isMissingAmong = (items: readonly Matchable[]) => {
    const matchers = items.map(toMatchers);
    return (criterion: string) => !matchers.some((one) => weigh(criterion, one, 'anyTerm') > 0);
  };
  const unannounced = [...new Set(criteria.include)].filter(isMissingAmong(book.deciding));
  return unannounced.length === 0 ? [] : unannounced.filter(isMissingAmong(results));
}
