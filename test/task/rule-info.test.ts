import { expect, it } from 'vitest';
import { withoutRuleInfo } from '../../src/task/rule-info.ts';
import { violation, warning } from '../report/support/policies.ts';
import { component, report } from '../report/support/reports.ts';

const rule = {
  title: 'A title',
  description: 'A description',
  collections: ['redhat'],
  effectiveOn: '2026-01-01T00:00:00Z',
  terms: ['x'],
  more: { count: 1 },
};

it('leaves out what rules say of themselves, and keeps what they decided', () => {
  const findings = [{ ...violation('a.b', 'no'), rule }];
  const policyWarnings = [{ ...warning('a.c', 'hm'), rule }];
  const successes = [
    { code: 'a.d', message: 'Pass', rule },
    { code: 'builtin.image.accessible', message: 'there' },
  ];
  const [shown] = withoutRuleInfo(
    report([component('cart', { findings, policyWarnings, successes })]),
  ).components;
  const kept = { effectiveOn: rule.effectiveOn, terms: rule.terms, more: rule.more };
  expect(shown?.findings).toEqual([{ ...findings[0], rule: kept }]);
  expect(shown?.policyWarnings).toEqual([{ ...policyWarnings[0], rule: kept }]);
  expect(shown?.successes).toEqual([{ ...successes[0], rule: kept }, successes[1]]);
});
