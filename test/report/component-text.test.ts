import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderComponentText } from '../../src/report/component-text.ts';
import type { Report } from '../../src/report/report.ts';
import { hostilePolicyReport, policyReport, violation } from './support/policies.ts';
import { component, finding, hostileReport, mixedReport, report, whole } from './support/reports.ts';

const textOf = (one: Report, color = false) => whole(renderComponentText(one, { color }));

describe('the text that users of Conforma know', () => {
  const text = textOf(policyReport());

  it('starts with success, result and counts, then names every component and image', () => {
    expect(text.split('\n').slice(0, 7)).toEqual([
      'Success: false',
      'Result: FAILURE',
      'Violations: 2, Undetermined: 1, Warnings: 1, Successes: 3',
      'Component: cart',
      expect.stringMatching(/^ImageRef: registry\.test\/shop\/cart@sha256:[0-9a-f]{64}$/),
      'Outcome: rejected',
      'Component: search',
    ]);
  });

  it('lists violations, then what nobody could look at, then warnings, then successes', () => {
    expect(text.split('\n').filter((line) => /^\S \[/.test(line))).toEqual([
      '✕ [Violation] tasks.too_old',
      '✕ [Violation] tasks.too_old',
      '? [Undetermined] builtin.policy.evaluation',
      '› [Warning] test.no_test_warnings',
      '✓ [Success] slsa.source',
      '✓ [Success] builtin.image.signature_check',
      '✓ [Success] builtin.attestation.signature_check',
    ]);
  });

  it('says image, reason, term, title, description and solution of each', () => {
    const [first, second] = text.split('\n\n').filter((block) => block.includes('[Violation]'));
    expect(first?.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual([
      'Results',
      '✕ [Violation] tasks.too_old',
      '  ImageRef',
      '  Reason',
      '  Term',
      '  Title',
      '  Description',
      '  Solution',
      '  Documentation',
    ]);
    expect(second).toContain('\n  Terms: build, sbom\n');
  });

  it('never calls what is undetermined a violation or a success', () => {
    const undetermined = component('a', {
      findings: [finding('builtin.policy.evaluation', 'POLICY_FAILED', { outcome: 'undetermined' })],
    });
    const one = textOf(report([undetermined]));
    expect(one).toMatch(/^Success: false\nResult: ERROR\nViolations: 0, Undetermined: 1, /);
    expect(one).toContain('Outcome: undetermined\n');
    expect(one).not.toContain('[Violation]');
    expect(textOf(report([]))).toMatch(/^Success: false\nResult: ERROR\n/);
  });

  it('wraps at 130 columns', () => {
    const rule = { description: 'many words '.repeat(100) };
    const lines = textOf(report([component('a', { findings: [violation('a.b', 'x', { rule })] })])).split(
      '\n',
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(130);
    expect(lines.filter((line) => line.includes('many words')).length).toBeGreaterThan(8);
  });

  it('has colours when asked, and the same words', () => {
    const painted = textOf(mixedReport(), true);
    expect(painted).toContain('\u001b[');
    expect(stripVTControlCharacters(painted)).toBe(textOf(mixedReport()));
    expect(textOf(mixedReport())).not.toContain('\u001b');
  });

  it.each([
    ['checks', hostileReport()],
    ['policies', hostilePolicyReport()],
  ])('lets no hostile text move the cursor, forge a result or command a runner: %s', (_, one) => {
    const lines = textOf(one).split('\n');
    for (const line of lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(line).not.toMatch(/^\s*::|##\[/);
    }
    expect(lines.filter((line) => line.startsWith('✕ [Violation]'))).toHaveLength(one.components.length);
    expect(lines.filter((line) => line.startsWith('Success: '))).toEqual(['Success: false']);
  });
});
