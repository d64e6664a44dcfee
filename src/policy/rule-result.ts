// What rules evaluated to, read as results: texts, or objects with a text `msg`. Nothing else is one, and nothing that
// a policy says is left out because it is not understood.

import { ProofgateError } from '../base/errors.ts';
import { isMapValue } from '../base/exact-number.ts';
import { type EffectiveOn, parseEffectiveOn } from './effective-on.ts';
import type { RuleValue } from './engine.ts';
import { EXCEPTION, type RuleClass, ruleClassOf, toTexts } from './rule-description.ts';

/** One thing that a rule said, in its own words. */
export interface RuleResult {
  /** Where it comes from: the rule's package and name. */
  readonly package: string;
  readonly name: string;
  readonly ruleClass: RuleClass;
  readonly message: string;
  /** Absent: such a result counts whatever the criteria are. */
  readonly code?: string;
  readonly terms: readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly solution?: string;
  readonly severity?: string;
  readonly effectiveOn?: EffectiveOn;
  readonly collections: readonly string[];
  readonly dependsOn: readonly string[];
  /** What else it carried, and members of the names above that are of another type. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** Of one source group on one component, and of all groups together. */
export const MAX_RESULTS = 10_000;
/** UTF-16 units of one result's JSON. */
export const MAX_RESULT_LENGTH = 1024 * 1024;
/** UTF-16 units of all results' JSON. */
export const MAX_RESULTS_LENGTH = 16 * 1024 * 1024;

/**
 * The results of all rules, without those that their package's `exception` names.
 * @throws ProofgateError `POLICY_FAILED`, `POLICY_LIMIT`
 */
export function parseResults(values: readonly RuleValue[]): readonly RuleResult[] {
  const results: RuleResult[] = [];
  let length = 0;
  for (const rule of values) {
    const ruleClass = ruleClassOf(rule.name);
    if (ruleClass === undefined || rule.value === undefined || isExcepted(rule, values)) continue;
    if (!Array.isArray(rule.value)) throw noResult(rule, 'gave no list of results', rule.value);
    for (const item of rule.value) {
      length += measure(rule, item);
      results.push(parseResult(rule, ruleClass, item));
      if (results.length > MAX_RESULTS) throw tooMuch(rule, `there are more than ${MAX_RESULTS} results`);
      if (length > MAX_RESULTS_LENGTH) throw tooMuch(rule, 'the results are too long together');
    }
  }
  return results;
}

/**
 * `exception` holds lists of rules' names without their prefix (`deny_x` is `x`, `deny` is the empty text), as in
 * Conftest. Of any other shape it excepts nothing.
 */
export function isExcepted(rule: { package: string; name: string }, values: readonly RuleValue[]): boolean {
  const exception = values.find((one) => one.package === rule.package && one.name === EXCEPTION);
  const suffix = rule.name.replace(/^(?:deny|violation|warn)_?/, '');
  return membersOf(exception?.value).some((names) => membersOf(names).includes(suffix));
}

function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isMapValue(value) ? Object.values(value) : [];
}

function parseResult(rule: RuleValue, ruleClass: RuleClass, item: unknown): RuleResult {
  const { package: packageName, name } = rule;
  const origin = { package: packageName, name, ruleClass };
  if (typeof item === 'string') {
    return { ...origin, message: item, terms: [], collections: [], dependsOn: [], more: {} };
  }
  if (!isMapValue(item)) throw noResult(rule, 'gave a result that is neither a text nor an object', item);
  const members = new Map(Object.entries(item));
  const message = members.get('msg');
  if (typeof message !== 'string') throw noResult(rule, 'gave a result without a text "msg"', item);
  members.delete('msg');
  return {
    ...origin,
    message,
    ...takeText(members, 'code', 'code'),
    ...takeText(members, 'title', 'title'),
    ...takeText(members, 'description', 'description'),
    ...takeText(members, 'solution', 'solution'),
    ...takeText(members, 'severity', 'severity'),
    ...takeEffectiveOn(members),
    terms: takeTexts(members, 'term'),
    collections: takeTexts(members, 'collections'),
    dependsOn: takeTexts(members, 'depends_on'),
    more: Object.fromEntries(members),
  };
}

/** What was taken is gone from `members`; of another type, it stays there. */
function takeText<Key extends string>(
  members: Map<string, unknown>,
  name: string,
  key: Key,
): { readonly [K in Key]?: string } {
  const value = members.get(name);
  if (typeof value !== 'string') return {};
  members.delete(name);
  return value === '' ? {} : ({ [key]: value } as { readonly [K in Key]?: string });
}

function takeTexts(members: Map<string, unknown>, name: string): readonly string[] {
  const value = members.get(name);
  const texts = toTexts(value);
  const all = Array.isArray(value) ? value.length : 1;
  if (value === '' || texts.length === all) members.delete(name);
  return [...new Set(texts)];
}

function takeEffectiveOn(members: Map<string, unknown>): { readonly effectiveOn?: EffectiveOn } {
  const effectiveOn = parseEffectiveOn(members.get('effective_on'));
  if (effectiveOn?.instant !== undefined) members.delete('effective_on');
  return effectiveOn === undefined ? {} : { effectiveOn };
}

function measure(rule: RuleValue, item: unknown): number {
  let length: number;
  try {
    length = JSON.stringify(item).length;
  } catch (cause) {
    throw tooMuch(rule, 'a result is nested too deeply', cause);
  }
  if (length > MAX_RESULT_LENGTH)
    throw tooMuch(rule, `a result is longer than ${MAX_RESULT_LENGTH} characters`);
  return length;
}

function noResult(rule: RuleValue, what: string, value: unknown): ProofgateError {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 160);
  return new ProofgateError('POLICY_FAILED', `data.${rule.package}.${rule.name} ${what}: ${shown}`, {
    hint: `A rule gives a set of results, each a text or an object with "msg": mend ${rule.package}.${rule.name}.`,
  });
}

function tooMuch(rule: RuleValue, what: string, cause?: unknown): ProofgateError {
  return new ProofgateError('POLICY_LIMIT', `data.${rule.package}.${rule.name}: ${what}`, {
    cause,
    hint: 'Let the policy report what matters once, instead of everything that it met.',
  });
}
