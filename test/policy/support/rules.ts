// Rules, results and components as the engine and the snapshot would give them, with what a test does not care about.
import { digestOf } from '../../../src/base/digest.ts';
import { type Criteria, criteriaFor } from '../../../src/policy/criteria.ts';
import { type Instant, parseInstant } from '../../../src/policy/effective-time.ts';
import type { PolicyRule, RuleValue } from '../../../src/policy/engine.ts';
import { toVerdict } from '../../../src/policy/outcome.ts';
import { describeRules } from '../../../src/policy/rule-description.ts';
import { selectRules } from '../../../src/policy/selection.ts';
import type { PolicyVerdict } from '../../../src/policy/verdict.ts';
import type { ComponentScope } from '../../../src/policy/volatile.ts';
import type { PolicyMessage } from '../../../src/report/report.ts';

/** `package.name`, METADATA's `custom`, and what else differs from a plain partial set. */
export function rule(
  key: string,
  custom?: Record<string, unknown>,
  rest: Partial<PolicyRule> & { title?: string; description?: string } = {},
): PolicyRule {
  const { title, description, ...others } = rest;
  const dot = key.lastIndexOf('.');
  return {
    package: key.slice(0, dot),
    name: key.slice(dot + 1),
    path: 'policy.rego',
    row: 1,
    kind: 'set',
    type: 'set[any]',
    annotations:
      custom === undefined
        ? []
        : [{ scope: 'rule', custom, ...(title ? { title } : {}), ...(description ? { description } : {}) }],
    ...others,
  };
}

/** Results by `package.name`. */
export type Results = Readonly<Record<string, unknown>>;

export const NOW = instant('2026-06-01T12:00:00Z');

export function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === undefined) throw new Error(`${text} is no time`);
  return parsed;
}

export const COMPONENT: ComponentScope = {
  name: 'cart',
  repository: { registry: 'registry.test', name: 'shop/cart' },
  digest: digestOf('cart'),
};

export function criteria(include: readonly string[] = [], exclude: readonly string[] = []): Criteria {
  return criteriaFor(
    { config: { include, exclude }, volatileConfig: undefined },
    undefined,
    COMPONENT,
    NOW.ms,
  );
}

export interface Judged extends PolicyVerdict {
  /** `package.name` of all that the engine would be asked for. */
  readonly asked: readonly string[];
}

/** What the product makes of `results`, were they what the rules give. */
export function judge(
  rules: readonly PolicyRule[],
  results: Results,
  wanted: Criteria = criteria(),
  effectiveTime: Instant = NOW,
): Judged {
  const book = describeRules(rules);
  const asked = selectRules(book, wanted);
  const values: RuleValue[] = asked.map((reference) => {
    const key = `${reference.package}.${reference.name}`;
    return { ...reference, value: key in results ? results[key] : [] };
  });
  const verdict = toVerdict({ book, criteria: wanted, values, effectiveTime });
  return { ...verdict, asked: asked.map((reference) => `${reference.package}.${reference.name}`) };
}

/** Code, term and message in one line. */
export function lines(messages: readonly PolicyMessage[]): readonly string[] {
  return messages.map(({ code, term, message }) => [code, term, message].filter(Boolean).join(' | '));
}
