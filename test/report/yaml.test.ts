import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderJson } from '../../src/report/json.ts';
import type { Report } from '../../src/report/report.ts';
import { renderYaml } from '../../src/report/yaml.ts';
import { hostilePolicyReport, POLICY, policyReport, violation } from './support/policies.ts';
import { component, hostileReport, mixedReport, report, verifiedReport, whole } from './support/reports.ts';

/** YAML holds no half surrogate pairs. */
function jsonOf(one: Report): unknown {
  return JSON.parse(whole(renderJson(one)).replace(/\\ud[89a-f][0-9a-f]{2}/g, '\ufffd'));
}

describe('the YAML report', () => {
  it.each([
    ['verified', verifiedReport()],
    ['mixed', mixedReport()],
    ['empty', report([])],
    ['policies', policyReport()],
    ['hostile', hostileReport()],
    ['hostile policies', hostilePolicyReport()],
  ])('is the document of the JSON report, for readers of YAML 1.1 and 1.2: %s', (_, one) => {
    const yaml = whole(renderYaml(one));
    for (const version of ['1.1', '1.2'] as const) {
      expect(parse(yaml, { version, merge: version === '1.1' })).toEqual(jsonOf(one));
    }
  });

  it.each([
    'no',
    'on',
    'null',
    '~',
    '2026-08-20',
    '1_000',
    '0o7',
    '12:30:45',
    '<<',
    '*a',
    '&a',
    '!!int 1',
    '# x',
    '- x',
  ])('keeps the text %j a text, as a value and as a name', (text) => {
    const findings = [
      violation(text, text, { rule: { title: text, more: { [text]: { [text]: [text, [text]] } } } }),
    ];
    const yaml = whole(renderYaml(report([component('c', { findings })])));
    const [violated] = parse(yaml, { version: '1.1', merge: true }).components[0].violations;
    expect(violated).toMatchObject({ msg: text, metadata: { code: text, title: text } });
    expect(JSON.stringify(violated.metadata[text])).toBe(JSON.stringify({ [text]: [text, [text]] }));
  });

  it('holds only characters that every reader takes, lines that end in line feeds, and no aliases', () => {
    const all = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).join('');
    const yaml = whole(
      renderYaml(hostilePolicyReport([all.slice(0, 20_000), all.slice(20_000, 50_000), all.slice(50_000)])),
    );
    expect(yaml).not.toMatch(/(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff\ufffe\uffff]/u);
    expect(yaml.endsWith('\n')).toBe(true);
    const shared = { a: [1] };
    const twice = report([component('c')], { policy: { ...POLICY, spec: { one: shared, two: shared } } });
    expect(whole(renderYaml(twice))).toContain(
      'policy:\n  one:\n    a:\n      - 1\n  two:\n    a:\n      - 1\n',
    );
  });

  it('reads well', () => {
    const lines = whole(renderYaml(policyReport())).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'success: false',
      'result: "rejected"',
      'components:',
      '  - name: "cart"',
      expect.stringMatching(/^ {4}containerImage: "registry\.test\/shop\/cart@sha256:/),
    ]);
    expect(lines).toContain('          code: "tasks.too_old"');
  });
});
