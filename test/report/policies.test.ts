import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { planAnnotations } from '../../src/report/annotations.ts';
import { CHECKS } from '../../src/report/checks.ts';
import { groupFindings, groupPolicyWarnings } from '../../src/report/groups.ts';
import { renderJson } from '../../src/report/json.ts';
import { renderJunit } from '../../src/report/junit.ts';
import { renderSarif } from '../../src/report/sarif.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { renderText } from '../../src/report/text.ts';
import {
  hostilePolicyReport,
  hugePolicyReport,
  POLICY,
  policyReport,
  success,
  TASKS_RULE,
  violation,
  warning,
} from './support/policies.ts';
import { component, finding, HOSTILE, report, whole } from './support/reports.ts';
import { reportValidator, sarifValidator } from './support/schemas.ts';
import { elementsOf, parseXml } from './support/xml.ts';

const validate = reportValidator();
const validateSarif = sarifValidator();

/** One rule that all of `count` components violate, in the same words unless told otherwise. */
function violated(count: number, message: (index: number) => string = () => 'Task init is too old') {
  return report(
    Array.from({ length: count }, (_, index) =>
      component(`c${index}`, { findings: [violation('tasks.too_old', message(index))] }),
    ),
  );
}

describe('results of policies in groups', () => {
  it('are one group a rule, and one occurrence when 200 components are told the same', () => {
    const [group, ...others] = groupFindings(violated(200));
    expect(others).toEqual([]);
    expect(group).toMatchObject({ code: 'tasks.too_old', componentCount: 200, hints: [TASKS_RULE.solution] });
    expect(group?.occurrences).toHaveLength(1);
    expect(group?.occurrences[0]).toMatchObject({ subject: '', message: 'Task init is too old' });
  });

  it('keep messages apart that differ, and name the image of each', () => {
    const [group] = groupFindings(violated(3, (index) => `message ${index}`));
    expect(group?.occurrences.map(({ message }) => message)).toEqual(['message 0', 'message 1', 'message 2']);
    expect(group?.occurrences[0]?.subject).toMatch(/^registry\.test\/shop\/c0@sha256:/);
  });

  it('are not mixed with a check whose code a rule borrows', () => {
    const code = 'builtin.task_bundle.signature_check';
    const real = component('a', { findings: [finding(code, 'POLICY_VIOLATION', { term: 't' })] });
    const borrowed = component('b', { findings: [violation(code, 'x', { term: 't' })] });
    expect(groupFindings(report([real, borrowed])).map(({ rule }) => rule?.title)).toEqual([
      undefined,
      TASKS_RULE.title,
    ]);
  });

  it('count warnings by rule, what hits most components first', () => {
    const warned = (name: string, ...codes: string[]) =>
      component(name, { policyWarnings: codes.map((code) => warning(code, `${code} says hm`)) });
    const groups = groupPolicyWarnings(
      report([warned('a', 'x.one', 'x.two'), warned('b', 'x.two', 'x.two')]),
    );
    expect(groups.map(({ code, componentCount, messages }) => [code, componentCount, messages])).toEqual([
      ['x.two', 2, ['x.two says hm']],
      ['x.one', 1, ['x.one says hm']],
    ]);
  });
});

describe('results of policies as JSON', () => {
  it.each([
    ['policies', policyReport()],
    ['hostile policies', hostilePolicyReport()],
    [
      'a rule that says nothing of itself',
      report([component('a', { findings: [violation('', 'no', { rule: {} })] })]),
    ],
    ['a policy without a rule', report([component('a')], { policy: { spec: {}, sources: [] } })],
  ])('are valid against the schema: %s', (_, one) => {
    expect(validate(JSON.parse(whole(renderJson(one))))).toEqual([]);
  });

  it("have Conforma's fields, all of them", () => {
    const json = JSON.parse(whole(renderJson(policyReport())));
    const [cart] = json.components;
    const about = {
      effective_on: '2026-06-01T00:00:00Z',
      title: 'Tasks are recent',
      description: TASKS_RULE.description,
      severity: 'failure',
      solution: TASKS_RULE.solution,
      collections: ['release', 'minimal'],
      depends_on: ['tasks.present'],
      docs_url: TASKS_RULE.docsUrl,
    };
    expect(cart.violations[0]).toEqual({
      msg: 'Task init is too old',
      metadata: { code: 'tasks.too_old', term: 'init', ...about, reason: 'POLICY_VIOLATION' },
    });
    expect(cart.violations[1].metadata).toMatchObject({
      term: ['build', 'sbom'],
      pipeline: 'p1',
      nested: { a: [1, null] },
    });
    expect(cart.warnings).toEqual([
      {
        msg: 'Test unit had warnings',
        metadata: { code: 'test.no_test_warnings', term: 'unit', title: 'Tests left no warnings' },
      },
    ]);
    expect(cart.successes).toEqual([{ msg: 'Pass', metadata: { code: 'slsa.source', ...about } }]);
    expect(json.policy).toEqual(POLICY.spec);
    expect(json.policySources).toEqual(POLICY.sources);
  });

  it('let nothing that a result carries stand in place of its code or its reason', () => {
    const more = { code: 'forged.code', reason: 'NO_SIGNATURE', title: 'forged', details: ['forged'] };
    const findings = [violation('a.b', 'no', { rule: { ...TASKS_RULE, more } })];
    const [violated] = JSON.parse(whole(renderJson(report([component('a', { findings })])))).components[0]
      .violations;
    expect(violated.metadata).toMatchObject({
      code: 'a.b',
      reason: 'POLICY_VIOLATION',
      title: TASKS_RULE.title,
    });
  });

  it('leave a code out that a rule did not give', () => {
    const findings = [violation('', 'no', { rule: {} })];
    const [violated] = JSON.parse(whole(renderJson(report([component('a', { findings })])))).components[0]
      .violations;
    expect(violated.metadata).toEqual({ solution: 'Read what the policy says.', reason: 'POLICY_VIOLATION' });
  });

  it('are bounded however long a message is and however deep what it carries', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const rule = { description: 'x'.repeat(1e6), more: { deep, wide: Array(1e5).fill('y') } };
    const one = report([component('a', { findings: [violation('a.b', 'z'.repeat(1e6), { rule })] })]);
    expect(whole(renderJson(one)).length).toBeLessThan(300_000);
  });

  it.each<[string, (json: ReturnType<typeof JSON.parse>) => void]>([
    ['a policy whose sources are not told', (json) => delete json.policySources],
    [
      'a violation of a check without a title',
      (json) => delete json.components[1].undetermined[0].metadata.title,
    ],
    ['a source with a field more', (json) => Object.assign(json.policySources[0], { token: 'x' })],
    ['a violation without a reason', (json) => delete json.components[0].violations[0].metadata.reason],
  ])('are refused by the schema as %s', (_, damage) => {
    const json = JSON.parse(whole(renderJson(policyReport())));
    damage(json);
    expect(validate(json)).not.toEqual([]);
  });
});

describe('results of policies as SARIF', () => {
  const runOf = (one: ReturnType<typeof report>) => {
    const log = JSON.parse(whole(renderSarif(one)));
    expect(validateSarif(log)).toEqual([]);
    return log.runs[0];
  };

  it('have a rule for each code, with title, description, help and link', () => {
    const { rules } = runOf(policyReport()).tool.driver;
    expect(rules.map(({ id }: { id: string }) => id)).toEqual([
      ...Object.keys(CHECKS),
      'tasks.too_old',
      'test.no_test_warnings',
    ]);
    expect(rules.at(-2)).toMatchObject({
      shortDescription: { text: TASKS_RULE.title },
      fullDescription: { text: TASKS_RULE.description },
      help: { text: TASKS_RULE.solution },
      helpUri: TASKS_RULE.docsUrl,
    });
  });

  it('are errors where they are violations, and notes where they are warnings', () => {
    const { results, tool } = runOf(policyReport());
    expect(results.map(({ level, ruleId }: Record<string, string>) => `${level} ${ruleId}`)).toEqual([
      'error tasks.too_old',
      'error tasks.too_old',
      'warning builtin.policy.evaluation',
      'note test.no_test_warnings',
    ]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
  });

  it('never pass for a built-in check, and have a rule when they have no code', () => {
    const code = 'builtin.image.signature_check';
    const { results } = runOf(
      report([component('a', { findings: [violation(code, 'x'), violation('', 'y')] })]),
    );
    expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([`policy:${code}`, 'policy:']);
  });

  it('keep their fingerprint when what they are about has a new digest', () => {
    const printOf = (digest: string) =>
      runOf(
        report([
          component('a', { findings: [violation('a.b', 'x', { term: `registry.test/t@sha256:${digest}` })] }),
        ]),
      ).results[0].partialFingerprints;
    expect(printOf('a'.repeat(64))).toEqual(printOf('b'.repeat(64)));
  });

  it('stand hostile texts: no links but those that were given, no rule twice', () => {
    const { tool, results } = runOf(hostilePolicyReport());
    const rules: { id: string; helpUri?: string; help: { markdown: string } }[] = tool.driver.rules;
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { helpUri } of rules) expect(helpUri ?? 'https://').toMatch(/^https?:\/\/[\x21-\x7e]*$/);
    for (const { help } of rules) {
      const html = micromark(help.markdown, {
        allowDangerousHtml: true,
        extensions: [gfm()],
        htmlExtensions: [gfmHtml()],
      });
      expect(html.replace(/<\/?(?:p|span)>/g, '')).not.toMatch(/<(?!a href="https?:|\/a>)/);
    }
    expect(results.length).toBe(2 * HOSTILE.length);
  });

  it('have no link that is not one', () => {
    const linkOf = (docsUrl: string) => {
      const rule = { ...TASKS_RULE, docsUrl };
      return runOf(
        report([component('a', { findings: [violation('a.b', 'x', { rule })] })]),
      ).tool.driver.rules.at(-1).helpUri;
    };
    expect(linkOf('javascript:alert(1)')).toBeUndefined();
    expect(linkOf('https://user:secret@policy.test/')).toBeUndefined();
    expect(linkOf('//policy.test/')).toBeUndefined();
    expect(linkOf('https://policy.test/a b"c<d>|e\'f')).toBe('https://policy.test/a%20b%22c%3Cd%3E%7Ce%27f');
  });
});

describe('results of policies as JUnit', () => {
  it('are failures, warnings are skipped, and successes pass', () => {
    const [suite] = elementsOf(parseXml(whole(renderJunit(policyReport()))), 'testsuite');
    expect(suite?.attributes).toMatchObject({ tests: '4', failures: '2', errors: '0', skipped: '1' });
    expect(suite?.children.map(({ attributes, children }) => [attributes.name, children[0]?.name])).toEqual([
      ['tasks.too_old [init]', 'failure'],
      ['tasks.too_old [build]', 'failure'],
      ['test.no_test_warnings [unit]', 'skipped'],
      ['slsa.source', undefined],
    ]);
    const [failure] = elementsOf(suite ?? parseXml(''), 'failure');
    expect(failure?.text).toBe(
      `Task init is too old\nRule: Tasks are recent\nWhat to do: ${TASKS_RULE.solution}`,
    );
  });

  it('count as the parts do', () => {
    const root = parseXml(whole(renderJunit(hostilePolicyReport())));
    const [failures, skipped] = ['failure', 'skipped'].map((name) => elementsOf(root, name).length);
    expect(root.attributes).toMatchObject({ failures: String(failures), skipped: String(skipped) });
    expect(failures).toBe(HOSTILE.length + 1);
  });
});

describe('results of policies in annotations', () => {
  it('carry title, code, solution and link, one for 200 components', () => {
    const { annotations } = planAnnotations(violated(200));
    expect(annotations).toHaveLength(1);
    expect(annotations[0]).toMatchObject({
      level: 'error',
      title: 'Tasks are recent (tasks.too_old), 200 components',
    });
    expect(annotations[0]?.message).toBe(
      'c0, c1, c2, c3, c4 and 195 more: Task init is too old\n' +
        `What to do: ${TASKS_RULE.solution}\nDocumentation: ${TASKS_RULE.docsUrl}`,
    );
  });

  it('put warnings last', () => {
    expect(
      planAnnotations(policyReport()).annotations.map(({ level, title }) => `${level}: ${title}`),
    ).toEqual([
      'error: Tasks are recent (tasks.too_old), 1 component',
      'warning: Could not check the policy (THROTTLED), 1 component',
      'warning: Tests left no warnings (test.no_test_warnings), 1 component',
    ]);
  });

  it.each([
    ['hostile policies', hostilePolicyReport()],
    ['2,000 components with 20 violations', hugePolicyReport(2_000, 20)],
  ])('stay within what GitHub shows: %s', (_, one) => {
    const { annotations } = planAnnotations(one);
    for (const level of ['error', 'warning'] as const)
      expect(annotations.filter((annotation) => annotation.level === level).length).toBeLessThanOrEqual(9);
    for (const { title, message } of annotations) {
      expect(title.length).toBeLessThanOrEqual(200);
      expect(message.length).toBeLessThanOrEqual(4096);
      expect(`${title}${message}`).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    }
  });
});

describe('results of policies in the job summary', () => {
  const linesOf = (one: ReturnType<typeof report>, pattern: RegExp) =>
    renderSummary(one)
      .split('\n')
      .filter((line) => pattern.test(line));
  const tagsOf = (one: ReturnType<typeof report>) => {
    const options = { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] };
    const html = micromark(renderSummary(one), options).replace(/<\/?span>/g, '');
    return [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);
  };

  it('are a heading a rule with the number of components', () => {
    expect(linesOf(violated(200), /^####/)).toEqual([
      '#### ❌ Tasks are recent · <code>tasks.too_old</code> · 200 components',
    ]);
    expect(linesOf(violated(200), /^- <b>/)).toHaveLength(1);
    expect(linesOf(violated(200), /What to do/)).toEqual([`> <b>What to do:</b> ${TASKS_RULE.solution}`]);
  });

  it('show twenty messages of a rule and count the others', () => {
    const many = violated(200, (index) => `message ${index}`);
    expect(linesOf(many, /^- <b>c/)).toHaveLength(20);
    expect(linesOf(many, /^- and/)).toEqual(['- and 180 more messages of this rule: see the report.']);
  });

  it('name the warnings of the policy and what it was', () => {
    expect(linesOf(policyReport(), /^- <b>Tests/)).toEqual([
      '- <b>Tests left no warnings</b> · <code>test.no_test_warnings</code> · 1 component<br>',
    ]);
    expect(linesOf(policyReport(), /oci::/)).toEqual([
      '| <code>oci::registry.test/policy/release:konflux</code> | <code>oci::registry.test/policy/release<span>@</span>sha256:1234</code> |'.replaceAll(
        /<\/?span>/g,
        '',
      ),
    ]);
  });

  it.each(HOSTILE.filter((text) => text.trim() !== ''))('render %j as text', (text) => {
    expect(tagsOf(hostilePolicyReport([text]))).toEqual(tagsOf(hostilePolicyReport(['x'])));
  });

  it('link to the documentation with an address that ends where it should', () => {
    const docsUrl = 'https://policy.test/"onmouseover="x|<b>';
    const findings = [violation('a.b', 'x', { rule: { ...TASKS_RULE, docsUrl } })];
    expect(tagsOf(report([component('a', { findings })])).filter((tag) => tag.startsWith('<a'))).toEqual([
      '<a href="https://policy.test/%22onmouseover=%22x%7C%3Cb%3E">',
    ]);
  });

  it('stay within 900 KiB for 2,000 components with 50 violations', () => {
    const summary = renderSummary(hugePolicyReport());
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(900 * 1024);
    expect(summary).toContain('### Components (2000)');
    expect(summary).toContain('### Warnings of the policy');
  });
});

describe('results of policies on a terminal', () => {
  const textOf = (one: ReturnType<typeof report>) => renderText(one, { color: false, width: 100 });

  it('are a block a rule, with what to do once', () => {
    expect(textOf(violated(200)).split('\n\n')[0]).toBe(
      [
        '✕ REJECTED  Tasks are recent  tasks.too_old, 200 components',
        '  c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 190 more',
        '    Task init is too old',
        `  What to do: ${TASKS_RULE.solution}`,
        `  Documentation: ${TASKS_RULE.docsUrl}`,
      ].join('\n'),
    );
  });

  it('show twenty messages of a rule and count the others', () => {
    expect(textOf(violated(200, (index) => `message ${index}`))).toContain(
      '\n  and 180 more messages of this rule: see the report\n',
    );
  });

  it('name the warnings by rule and the sources by what they were', () => {
    const text = textOf(policyReport());
    expect(text).toContain(
      'Warnings of the policy\n  ! Tests left no warnings  test.no_test_warnings, 1 component\n      Test unit had warnings\n',
    );
    expect(text).toContain('Policy\n  oci::registry.test/policy/release@sha256:1234\n');
  });

  it('let no hostile text move the cursor or command a runner', () => {
    for (const line of textOf(hostilePolicyReport()).split('\n')) {
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(line).not.toMatch(/^\s*::|##\[/);
    }
  });

  it('is short when policies found nothing wrong', () => {
    const verified = component('a', {
      successes: Array.from({ length: 165 }, (_, index) => success(`a.r${index}`)),
    });
    expect(textOf(report([verified])).split('\n').length).toBeLessThan(10);
  });
});
