// One result: whether it is a violation or a warning, and what the report says of it. The words of a rule's METADATA
// win over those of its results.
import type { PolicyMessage, PolicyRuleDetails } from '../report/report.ts';
import { type EffectiveOn, isInEffect, isOldNews } from './effective-on.ts';
import type { Instant } from './effective-time.ts';
import { type RuleBook, type RuleDescription, toRuleKey } from './rule-description.ts';
import type { RuleResult } from './rule-result.ts';

export interface JudgedResult {
  readonly isViolation: boolean;
  readonly message: PolicyMessage;
  readonly code?: string;
  readonly terms: readonly string[];
  readonly collections: readonly string[];
  /** Only what METADATA says: results do not choose what they depend on. */
  readonly dependsOn: readonly string[];
  /** `package.name` of the rule that gave it. */
  readonly origin: string;
}

const MAX_ADVISED_TERMS = 10;

/** @param at what the dates of rules are held against */
export function judgeResult(result: RuleResult, book: RuleBook, at: Instant): JudgedResult {
  const { code, terms } = result;
  const description = code === undefined ? undefined : book.descriptions.get(code);
  // Another package's rule may lend its words to a result, but no reason to spare it.
  const own = description?.package === result.package ? description : undefined;
  const effectiveOn = own?.effectiveOn ?? result.effectiveOn;
  const collections = description?.collections.length ? description.collections : result.collections;
  const isViolation = isViolationAt(result, effectiveOn, at);
  const details = toDetails(result, description, { collections, effectiveOn }, at);
  const [term] = terms;
  return {
    isViolation,
    message: {
      ...(code === undefined ? {} : { code }),
      message: toMessage(result, effectiveOn, at),
      ...(term === undefined ? {} : { term }),
      rule: isViolation ? withAdvice(details, result) : details,
    },
    ...(code === undefined ? {} : { code }),
    terms,
    collections,
    dependsOn: own?.dependsOn ?? [],
    origin: toRuleKey(result),
  };
}

/** What an annotated rule is when it said nothing. */
export function toSuccess(rule: RuleDescription): PolicyMessage {
  const { code, title, description, collections, dependsOn, docsUrl, effectiveOn } = rule;
  const date = effectiveOn?.instant === undefined ? undefined : effectiveOn.text;
  const details = { title, description, effectiveOn: date, collections, dependsOn, docsUrl };
  return { code, message: 'Pass', rule: withoutEmpty(details) };
}

/** A severity that is none of the two words says nothing. */
function isViolationAt(result: RuleResult, effectiveOn: EffectiveOn | undefined, at: Instant): boolean {
  if (result.ruleClass === 'warning') return result.severity === 'failure';
  return result.severity !== 'warning' && isInEffect(effectiveOn, at);
}

function toMessage(result: RuleResult, effectiveOn: EffectiveOn | undefined, at: Instant): string {
  const text = result.message === '' ? `${toRuleKey(result)} gave no message` : result.message;
  const isDemotedAnyway = result.ruleClass === 'warning' || result.severity === 'warning';
  if (isDemotedAnyway || effectiveOn === undefined || isInEffect(effectiveOn, at)) return text;
  return `${withoutFullStop(text)}. It becomes a violation on ${effectiveOn.text}`;
}

interface Settled {
  readonly collections: readonly string[];
  readonly effectiveOn: EffectiveOn | undefined;
}

function toDetails(
  result: RuleResult,
  description: RuleDescription | undefined,
  { collections, effectiveOn }: Settled,
  at: Instant,
): PolicyRuleDetails {
  const isReadable = effectiveOn?.instant !== undefined;
  const isUnreadable = effectiveOn !== undefined && !isReadable;
  const dependsOn = description?.dependsOn.length ? description.dependsOn : result.dependsOn;
  const more = { ...result.more, ...(isUnreadable ? { effective_on: effectiveOn.text } : {}) };
  return withoutEmpty({
    title: description?.title ?? result.title,
    description: description?.description ?? result.description,
    solution: description?.solution ?? result.solution,
    severity: result.severity,
    effectiveOn: isReadable && !isOldNews(effectiveOn, at) ? effectiveOn.text : undefined,
    collections,
    dependsOn,
    docsUrl: description?.docsUrl,
    terms: result.terms,
    more: Object.keys(more).length > 0 ? more : undefined,
  });
}

type Loose<T> = { readonly [Key in keyof T]: T[Key] | undefined };

function withoutEmpty(details: Loose<PolicyRuleDetails>): PolicyRuleDetails {
  const isSaid = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(details).filter(([, value]) => isSaid(value)));
}

/** Names what to write under `exclude` to have this very result, and no other, accepted. */
function withAdvice(details: PolicyRuleDetails, { code, terms }: RuleResult): PolicyRuleDetails {
  if (code === undefined || details.description === undefined) return details;
  const all = terms.length === 0 ? [code] : terms.map((term) => `${code}:${term}`);
  const shown = all.slice(0, MAX_ADVISED_TERMS).map((one) => JSON.stringify(one));
  const more = all.length > MAX_ADVISED_TERMS ? ', …' : '';
  const which = all.length > 1 ? 'one or more of ' : '';
  const advice = `To accept this, add ${which}${shown.join(', ')}${more} to "exclude" of the policy's source.`;
  return { ...details, description: `${withoutFullStop(details.description)}. ${advice}` };
}

function withoutFullStop(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
