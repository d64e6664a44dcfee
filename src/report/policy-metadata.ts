// A policy's result as Conforma writes it: `metadata` with the rule's own words. All of it is untrusted text.
import { cutJson, cutText } from './cut.ts';
import type { PolicyRuleDetails } from './report.ts';

const MAX_TEXT = 32_768;
/** Of everything that a result carries beside what Conforma knows. */
const MAX_MORE = { depth: 20, values: 1_000, text: MAX_TEXT };

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
    ...(rule.more === undefined ? {} : (cutJson(rule.more, MAX_MORE) as object)),
    ...unlessEmpty('code', code),
    ...(terms.length > 1 ? { term: terms.map(cutPolicyText) } : unlessEmpty('term', term)),
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

function unlessEmpty(name: string, value: string | readonly string[] | undefined): object {
  if (value === undefined || value.length === 0) return {};
  return { [name]: typeof value === 'string' ? cutPolicyText(value) : value.map(cutPolicyText) };
}
