import { describe, expect, it } from 'vitest';
import { renderPolicyInput } from '../../src/report/policy-input.ts';
import { hostilePolicyReport, policyReport } from './support/policies.ts';
import { HOSTILE, verifiedReport, whole } from './support/reports.ts';

describe('the input of policies', () => {
  it('is a line of JSON for each component that was evaluated, whatever its layout', () => {
    const lines = whole(renderPolicyInput(policyReport())).split('\n');
    expect(lines).toEqual(['{"image":{"ref":"cart"}}', '{   "image": {} }', '']);
  });

  it('is nothing when it was not kept', () => {
    expect(whole(renderPolicyInput(verifiedReport()))).toBe('');
  });

  it('keeps every text as it is', () => {
    const lines = whole(renderPolicyInput(hostilePolicyReport())).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).text)).toEqual(HOSTILE);
  });
});
