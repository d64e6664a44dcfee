import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/report/checks.ts';
import type { Report } from '../../src/report/report.ts';
import { renderSarif, type SarifOptions } from '../../src/report/sarif.ts';
import {
  component,
  digest,
  finding,
  HOSTILE,
  hostileReport,
  mixedReport,
  report,
  verifiedReport,
  whole,
} from './support/reports.ts';
import { sarifValidator } from './support/schemas.ts';

const validate = sarifValidator();

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: string;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
    readonly logicalLocations: readonly { readonly name: string; readonly fullyQualifiedName: string }[];
  }[];
  readonly properties: Readonly<Record<string, unknown>>;
}

function runOf(one: Report, options?: SarifOptions) {
  const log = JSON.parse(whole(renderSarif(one, options)));
  expect(validate(log)).toEqual([]);
  return log.runs[0] as {
    tool: { driver: { rules: { id: string }[] } };
    invocations: [
      { executionSuccessful: boolean; toolExecutionNotifications: { message: { text: string } }[] },
    ];
    results: Result[];
  };
}

describe('the SARIF report', () => {
  it.each([
    ['verified', verifiedReport()],
    ['mixed', mixedReport()],
    ['empty', report([])],
    ['hostile', hostileReport()],
  ])('is valid against the SARIF 2.1.0 schema: %s', (_, one) => {
    runOf(one);
  });

  it('is refused by the schema when damaged, so the schema does look', () => {
    const log = JSON.parse(whole(renderSarif(mixedReport())));
    log.runs[0].results[0].level = 'fatal';
    expect(validate(log)).not.toEqual([]);
  });

  it('describes every check as a rule, and every result points at its own', () => {
    const { tool, results } = runOf(mixedReport());
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(CHECKS));
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  it('shows rejected as errors first, then undetermined as warnings that say so', () => {
    const { results, invocations } = runOf(mixedReport());
    expect(results.map(({ level }) => level)).toEqual([...Array(5).fill('error'), 'warning']);
    expect(results.at(-1)).toMatchObject({
      kind: 'fail',
      properties: { outcome: 'undetermined', reason: 'THROTTLED' },
    });
    expect(results.at(-1)?.message.text).toMatch(/^gateway: undetermined: /);
    expect(invocations[0].executionSuccessful).toBe(false);
    expect(invocations[0].toolExecutionNotifications[0]?.message.text).toMatch(/^trust\.shipped_root: /);
  });

  it('has no results when all is verified', () => {
    const { results, invocations } = runOf(verifiedReport());
    expect(results).toEqual([]);
    expect(invocations[0].executionSuccessful).toBe(true);
  });

  it('calls an execution successful that looked everywhere and said no', () => {
    const rejected = component('cart', {
      findings: [finding('builtin.image.signature_check', 'NO_SIGNATURE')],
    });
    expect(runOf(report([rejected])).invocations[0].executionSuccessful).toBe(true);
  });

  it('locates a result in the file given, else in a path made of the repository', () => {
    const uriOf = (options?: SarifOptions) =>
      runOf(mixedReport(), options).results[0]?.locations[0]?.physicalLocation.artifactLocation.uri;
    expect(uriOf()).toBe('registry.test/shop/payments');
    expect(uriOf({ artifact: 'release/snap shot.yaml' })).toBe('release/snap%20shot.yaml');
    const [location] = runOf(mixedReport()).results[0]?.locations ?? [];
    expect(location?.logicalLocations[0]).toMatchObject({
      name: 'payments',
      fullyQualifiedName: expect.stringMatching(/^registry\.test\/shop\/payments@sha256:/),
    });
  });

  it.each([
    '../../etc/passwd',
    '//evil.test/x',
    'https://evil.test/x',
    '/etc/passwd',
    'javascript:x',
    'a/./../b',
    '',
    '\ud800',
  ])('never lets %j become a URI outside the repository', (artifact) => {
    const uri =
      runOf(mixedReport(), { artifact }).results[0]?.locations[0]?.physicalLocation.artifactLocation.uri ??
      '';
    expect(new URL(uri, 'https://root.test/base/').href).toMatch(/^https:\/\/root\.test\/base\/./);
  });

  it('keeps the fingerprint when a rebuilt image has the same problem, not when the problem is another', () => {
    const printOf = (seed: number, reason: 'NO_SIGNATURE' | 'SIGNER_MISMATCH') => {
      const containerImage = `registry.test/shop/cart:${seed}@${digest(seed)}`;
      const findings = [finding('builtin.image.signature_check', reason)];
      return runOf(report([component('cart', { containerImage, findings })])).results[0]?.partialFingerprints;
    };
    expect(printOf(1, 'NO_SIGNATURE')).toEqual(printOf(2, 'NO_SIGNATURE'));
    expect(printOf(1, 'NO_SIGNATURE')).not.toEqual(printOf(1, 'SIGNER_MISMATCH'));
  });

  it('gives every result a fingerprint of its own, equal problems too', () => {
    const same = component('cart', { findings: [finding('builtin.image.signature_check', 'NO_SIGNATURE')] });
    const prints = runOf(report([same, same, component('x', { ...same, name: 'other' })])).results.map(
      ({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash,
    );
    expect(new Set(prints).size).toBe(3);
    expect(prints[0]).toMatch(/^[0-9a-f]{32}:1$/);
    expect(prints[1]).toBe(prints[0]?.replace(/:1$/, ':2'));
  });

  it('writes no links that somebody else put into a message', () => {
    const hostile = [...HOSTILE, '[a](b)', '\\[a\\](b)', 'x\\\\](y)'];
    for (const { message } of runOf(hostileReport(hostile)).results) {
      const unescaped = message.text.matchAll(/(\\*)\]\(/g);
      for (const [, slashes = ''] of unescaped) expect(slashes.length % 2).toBe(1);
    }
  });

  it('stays below the number of results that GitHub takes, the severe ones kept, and says so', () => {
    const findings = [
      finding('builtin.attestation.signature_check', 'TIMEOUT', { outcome: 'undetermined' }),
      finding('builtin.image.signature_check', 'NO_SIGNATURE'),
    ];
    const components = Array.from({ length: 13_000 }, (_, index) => component(`c${index}`, { findings }));
    const run = JSON.parse(whole(renderSarif(report(components)))).runs[0];
    expect(run.results).toHaveLength(25_000);
    expect(run.results.filter(({ level }: Result) => level === 'error')).toHaveLength(13_000);
    expect(JSON.stringify(run.invocations)).toContain('1000 results were left out');
  });
});
