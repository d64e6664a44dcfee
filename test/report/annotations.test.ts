import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, type ErrorCode } from '../../src/base/errors.ts';
import { type Annotation, planAnnotations } from '../../src/report/annotations.ts';
import type { Report } from '../../src/report/report.ts';
import {
  component,
  finding,
  hostileReport,
  hugeReport,
  mixedReport,
  report,
  verifiedReport,
} from './support/reports.ts';

const reasons = Object.keys(ERROR_KINDS) as ErrorCode[];
const rejections = reasons.filter((code) => ERROR_KINDS[code] === 'rejected');
const obstacles = reasons.filter((code) => ERROR_KINDS[code] === 'undetermined');

function withReasons(rejected: readonly ErrorCode[], undetermined: readonly ErrorCode[]): Report {
  return report([
    ...rejected.map((reason) =>
      component(reason, { findings: [finding('builtin.image.signature_check', reason)] }),
    ),
    ...undetermined.map((reason) =>
      component(reason, {
        findings: [finding('builtin.image.accessible', reason, { outcome: 'undetermined' })],
      }),
    ),
  ]);
}

function ofLevel(one: Report, level: Annotation['level']): Annotation[] {
  return planAnnotations(one).annotations.filter((annotation) => annotation.level === level);
}

describe('annotations', () => {
  it('are one per check and reason, most severe first, with the components inside', () => {
    const { annotations, failureMessage } = planAnnotations(mixedReport());
    expect(annotations.map(({ level, title }) => `${level}: ${title}`)).toEqual([
      'error: Image signature is not trusted (NO_SIGNATURE), 2 components',
      'error: Task bundle signature is not trusted (SIGNER_MISMATCH), 2 components',
      'error: Image signature is not trusted (SIGNER_MISMATCH), 1 component',
      'warning: Could not check the access to the image (THROTTLED), 1 component',
      'warning: Proofgate: trust.shipped_root',
    ]);
    expect(annotations[0]?.message.split('\n')).toEqual([
      'payments: registry.test/shop/payments has neither a Sigstore bundle nor a legacy signature',
      'invoices: registry.test/shop/invoices has neither a Sigstore bundle nor a legacy signature',
      'What to do: Sign the image by digest: cosign sign --key cosign.key IMAGE@DIGEST',
    ]);
    expect(annotations[1]?.message).toMatch(/^mail, queue: task bundle registry\.test\/tasks\/build@sha256:/);
    expect(failureMessage).toBe('Release rejected: 5 of 12 components rejected, 1 undetermined, 6 verified.');
  });

  it('make undetermined an error when it is what fails the run', () => {
    const { annotations, failureMessage } = planAnnotations(withReasons([], ['THROTTLED']));
    expect(annotations.map(({ level }) => level)).toEqual(['error']);
    expect(failureMessage).toBe('Release could not be verified: 1 of 1 component undetermined.');
  });

  it('are none, and no failure, when all is verified', () => {
    expect(planAnnotations(verifiedReport())).toEqual({ annotations: [], failureMessage: undefined });
  });

  it('still fail a run that looked at nothing', () => {
    expect(planAnnotations(report([])).failureMessage).toBe(
      'Release could not be verified: no component was looked at.',
    );
  });

  it('are at most nine errors, since the failure message is the tenth; the last says how many more', () => {
    const errors = ofLevel(withReasons(rejections, []), 'error');
    expect(rejections.length).toBeGreaterThan(9);
    expect(errors).toHaveLength(9);
    expect(errors.at(-1)?.title).toBe(`${rejections.length - 8} more`);
    expect(errors.at(-1)?.message).toContain(`(${[...rejections].sort().at(-1)}), 1 component`);
    expect(errors.at(-1)?.message).toMatch(/The job summary and the report list all of them\.$/);
    expect(ofLevel(withReasons(rejections.slice(0, 9), []), 'error').at(-1)?.title).not.toContain('more');
  });

  it('leave three warnings to others who share the step', () => {
    const warnings = Array.from({ length: 9 }, (_, index) => ({ code: `w${index}`, message: 'm' }));
    const all = { ...withReasons(['NO_SIGNATURE'], obstacles.slice(0, 3)), warnings };
    expect(ofLevel(all, 'warning')).toHaveLength(7);
    expect(ofLevel(all, 'warning').at(-1)).toMatchObject({ title: '6 more' });
  });

  it.each([
    ['five thousand components', hugeReport()],
    ['hostile texts', hostileReport()],
    [
      'long texts of surrogate pairs',
      report([
        component('x', {
          findings: [
            finding('builtin.image.signature_check', 'NO_SIGNATURE', {
              message: '😀'.repeat(5000),
              hint: '😀'.repeat(5001),
            }),
          ],
        }),
      ]),
    ],
  ])('fit into 4,096 UTF-16 units with %s, surrogate pairs whole', (_, one) => {
    const { annotations, failureMessage } = planAnnotations(one);
    expect(annotations.length).toBeGreaterThan(0);
    for (const text of [
      ...annotations.flatMap(({ title, message }) => [title, message]),
      failureMessage ?? '',
    ]) {
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(text.isWellFormed()).toBe(true);
      expect(text).not.toMatch(/[\p{Cf}\p{Zl}]|(?!\n)\p{Cc}/u);
    }
  });

  it('say how many components were cut, and keep what to do', () => {
    const [first] = planAnnotations(hugeReport()).annotations;
    const shown = first?.message.match(/^component-\d+: /gm)?.length ?? 0;
    expect(shown).toBeGreaterThan(2);
    expect(first?.message).toMatch(
      new RegExp(`\\n\\+${500 - shown} more\\. The job summary .*\\nWhat to do: `),
    );
  });
});
