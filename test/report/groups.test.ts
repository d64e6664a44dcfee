import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.ts';
import { groupFindings } from '../../src/report/groups.ts';
import type { CheckCode, Report } from '../../src/report/report.ts';
import { component, digest, finding, report, taskBundle } from './support/reports.ts';

const BUNDLE = `registry.test/tasks/build@${digest(5)}`;

function headsOf(one: Report): string[] {
  return groupFindings(one).map(
    ({ outcome, code, reason, componentCount }) => `${outcome} ${code} ${reason} ${componentCount}`,
  );
}

function failing(
  name: string,
  code: CheckCode,
  reason: ErrorCode,
  outcome: 'rejected' | 'undetermined' = 'rejected',
) {
  return component(name, { findings: [finding(code, reason, { outcome })] });
}

describe('groups of findings', () => {
  it('put rejected before undetermined, then what hits most, then the order of the checks and reasons', () => {
    const one = report([
      failing('a', 'builtin.image.accessible', 'TIMEOUT', 'undetermined'),
      failing('b', 'builtin.image.accessible', 'TIMEOUT', 'undetermined'),
      failing('c', 'builtin.attestation.signature_check', 'NO_ATTESTATION'),
      failing('d', 'builtin.image.signature_check', 'SIGNER_MISMATCH'),
      failing('e', 'builtin.image.signature_check', 'NO_SIGNATURE'),
      failing('f', 'builtin.attestation.syntax_check', 'STATEMENT_INVALID'),
      failing('g', 'builtin.attestation.syntax_check', 'STATEMENT_INVALID'),
    ]);
    expect(headsOf(one)).toEqual([
      'rejected builtin.attestation.syntax_check STATEMENT_INVALID 2',
      'rejected builtin.image.signature_check NO_SIGNATURE 1',
      'rejected builtin.image.signature_check SIGNER_MISMATCH 1',
      'rejected builtin.attestation.signature_check NO_ATTESTATION 1',
      'undetermined builtin.image.accessible TIMEOUT 2',
    ]);
  });

  it('keep components apart that share a name and a message', () => {
    const twin = failing('cart', 'builtin.image.signature_check', 'NO_SIGNATURE');
    const [group] = groupFindings(report([twin, { ...twin }]));
    expect(group?.occurrences).toHaveLength(2);
    expect(group?.componentCount).toBe(2);
  });

  it('tell a task bundle once, with all components that used it', () => {
    const bad = finding('builtin.task_bundle.signature_check', 'SIGNER_MISMATCH', { term: BUNDLE });
    const users = ['a', 'b'].map((name) => component(name, { findings: [bad], taskBundles: [BUNDLE] }));
    const [group, ...others] = groupFindings(
      report(users, { taskBundles: [taskBundle(BUNDLE, 'rejected', users, [bad])] }),
    );
    expect(others).toEqual([]);
    expect(
      group?.occurrences.map(({ subject, components }) => [subject, components.map(({ name }) => name)]),
    ).toEqual([[BUNDLE, ['a', 'b']]]);
  });

  it('tell a task bundle that only its own result knows to be bad', () => {
    const bad = finding('builtin.task_bundle.signature_check', 'SIGNER_MISMATCH', { term: BUNDLE });
    const users = [component('a', { taskBundles: [BUNDLE] }), component('b')];
    const [group] = groupFindings(
      report(users, { taskBundles: [taskBundle(BUNDLE, 'rejected', users, [bad])] }),
    );
    expect(group?.occurrences[0]?.components.map(({ name }) => name)).toEqual(['a']);
  });

  it('do not merge other findings that have the same term', () => {
    const failed = (message: string) =>
      component('x', {
        findings: [finding('builtin.attestation.syntax_check', 'STATEMENT_INVALID', { term: 'v1', message })],
      });
    const [group] = groupFindings(report([failed('one'), failed('two')]));
    expect(group?.occurrences.map(({ message }) => message)).toEqual(['one', 'two']);
  });
});
