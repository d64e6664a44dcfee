// A policy's result as Conforma writes it: `metadata` with the rule's own words. All of it is untrusted text.
import { cutJson, cutText } from './cut.ts';
import type { PolicyRuleDetails } from './report.ts';

const MAX_TEXT = 32_768;
/** Terms, collections, dependencies. */
const MAX_LIST = 1_000;
/** Of everything that a result carries beside what Conforma knows. */
const MAX_MORE = { depth: 20, values: 1_000, text: MAX_TEXT };

/** What has a meaning here; under no circumstances does it come from `more`. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  ...['code', 'term', 'effective_on', 'title', 'description', 'severity', 'solution', 'collections'],
  ...['depends_on', 'docs_url', 'reason', 'details'],
]);

/** Members of `PolicyRuleDetails` under the names that they have here. */
const RULE_NAMES = {
  title: 'title',
  description: 'description',
  solution: 'solution',
  severity: 'severity',
  effective_on: 'effectiveOn',
  collections: 'collections',
  depends_on: 'dependsOn',
  docs_url: 'docsUrl',
} as const satisfies Readonly<Record<string, keyof PolicyRuleDetails>>;

export interface PolicyResult {
  readonly code?: string;
  readonly term?: string;
  readonly rule: PolicyRuleDetails;
}

/** The report is the full record: this only keeps a runaway policy from filling a disk. At most 32,768 UTF-16 units. */
export function cutPolicyText(text: string): string {
  return cutText(text, MAX_TEXT);
}

/** Conforma's names; what else the result carried stands beside them, and never in place of them. */
export function toPolicyMetadata({ code, term, rule }: PolicyResult): object {
  const { title, description, solution, severity, effectiveOn, collections, dependsOn, docsUrl } = rule;
  const terms = rule.terms ?? [];
  return {
    ...toMore(rule.more ?? {}),
    ...unlessEmpty('code', code),
    ...(terms.length > 1 ? { term: cutList(terms) } : unlessEmpty('term', term)),
    ...unlessEmpty('effective_on', effectiveOn),
    ...unlessEmpty('title', title),
    ...unlessEmpty('description', description),
    ...unlessEmpty('severity', severity),
    ...unlessEmpty('solution', solution),
    ...unlessEmpty('collections', collections),
    ...unlessEmpty('depends_on', dependsOn),
    ...unlessEmpty('docs_url', docsUrl),
  };
}

/** The rule, code and term that `metadata` was made from. Its members have been checked. */
export function parsePolicyMetadata(metadata: Readonly<Record<string, unknown>>): PolicyResult {
  const text = (name: string) => metadata[name] as string;
  const rule: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(RULE_NAMES)) {
    if (Object.hasOwn(metadata, name)) rule[member] = metadata[name];
  }
  const more = Object.entries(metadata).filter(([name]) => !OWN_NAMES.has(name));
  if (more.length > 0) rule.more = Object.fromEntries(more);
  const terms = Array.isArray(metadata.term) ? (metadata.term as readonly string[]) : undefined;
  if (terms !== undefined) rule.terms = terms;
  const term = terms === undefined ? text('term') : terms[0];
  return {
    ...(Object.hasOwn(metadata, 'code') ? { code: text('code') } : {}),
    ...(term === undefined ? {} : { term }),
    rule: rule as PolicyRuleDetails,
  };
}

function toMore(more: Readonly<Record<string, unknown>>): object {
  const others = Object.entries(more).filter(([name]) => !OWN_NAMES.has(name));
  return cutJson(Object.fromEntries(others), MAX_MORE) as object;
}

function unlessEmpty(name: string, value: string | readonly string[] | undefined): object {
  if (value === undefined || value.length === 0) return {};
  return { [name]: typeof value === 'string' ? cutPolicyText(value) : cutList(value) };
}

function cutList(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_LIST).map(cutPolicyText);
}
