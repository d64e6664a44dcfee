import { describe, expect, it } from 'vitest';
import { renderAppstudio } from '../../src/report/appstudio.ts';
import { renderJson } from '../../src/report/json.ts';
import type { Report } from '../../src/report/report.ts';
import {
  hostilePolicyReport,
  hugePolicyReport,
  policyReport,
  violation,
  warning,
} from './support/policies.ts';
import {
  component,
  finding,
  hostileReport,
  mixedReport,
  report,
  verifiedReport,
  whole,
} from './support/reports.ts';

const outputOf = (one: Report) => JSON.parse(renderAppstudio(one));
const undetermined = component('search', {
  findings: [finding('builtin.policy.evaluation', 'POLICY_LIMIT', { outcome: 'undetermined' })],
});

describe("Tekton's TEST_OUTPUT", () => {
  it('is one line of JSON with the counts and the time of the run, not the time that rules are held against', () => {
    const rejected = component('cart', { findings: [violation('a.b', 'no'), violation('a.c', 'no')] });
    const one = { ...report([component('mail'), rejected]), effectiveTime: '2100-01-01T00:00:00Z' };
    expect(renderAppstudio(one)).toBe(
      '{"timestamp":"1787220001","namespace":"","successes":2,"failures":2,"warnings":0,"result":"FAILURE"}\n',
    );
  });

  it.each([
    ['SUCCESS', verifiedReport()],
    ['WARNING', report([component('a', { policyWarnings: [warning('a.b', 'hm')] })])],
    ['SKIPPED', report([component('a', { successes: [] })])],
    ['FAILURE', report([component('a', { findings: [violation('a.b', 'no')] }), undetermined])],
    ['ERROR', report([component('mail'), undetermined])],
    ['ERROR', report([component('a', { policyWarnings: [warning('a.b', 'hm')] }), undetermined])],
    ['ERROR', report([])],
  ])('says %s', (result, one) => {
    expect(outputOf(one).result).toBe(result);
  });

  it('counts what nobody could look at as no failure, and says how much it is, and why', () => {
    expect(outputOf(report([component('mail'), undetermined]))).toMatchObject({
      failures: 0,
      note: '1 of 2 components could not be checked: POLICY_LIMIT.',
    });
    expect(outputOf(report([])).note).toBe('No component was looked at.');
    expect(outputOf(verifiedReport())).not.toHaveProperty('note');
  });

  it('counts what the JSON report lists', () => {
    for (const one of [mixedReport(), policyReport(), hostileReport()]) {
      const { components } = JSON.parse(whole(renderJson(one))) as {
        components: Record<string, unknown[]>[];
      };
      const count = (name: string) => components.reduce((sum, each) => sum + (each[name]?.length ?? 0), 0);
      const [successes, failures, warnings] = ['successes', 'violations', 'warnings'].map(count);
      expect(outputOf(one)).toMatchObject({ successes, failures, warnings });
    }
  });

  it.each([
    ['hostile texts', hostileReport()],
    ['hostile policies', hostilePolicyReport()],
    ['two thousand components', hugePolicyReport(2_000, 2)],
  ])('fits into the result of a task, and repeats nothing that others wrote: %s', (_, one) => {
    expect(renderAppstudio(one)).toMatch(/^[\x20-\x7e]{1,500}\n$/);
  });
});
