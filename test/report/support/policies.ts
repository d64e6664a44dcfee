// Sample results of policies for the renderers' tests: small, hostile, huge.
import type {
  ComponentResult,
  Finding,
  PolicyMessage,
  PolicyRuleDetails,
  PolicySummary,
  Report,
  Success,
} from '../../../src/report/report.ts';
import { component, finding, HOSTILE, report } from './reports.ts';

export const TASKS_RULE: PolicyRuleDetails = {
  title: 'Tasks are recent',
  description:
    'Every task of the build pipeline is younger than its expiry. To exclude this rule add "tasks.too_old".',
  solution: 'Update the task in the pipeline definition.',
  severity: 'failure',
  effectiveOn: '2026-06-01T00:00:00Z',
  collections: ['release', 'minimal'],
  dependsOn: ['tasks.present'],
  docsUrl: 'https://policy.test/release/tasks.html#too_old',
};

export const POLICY: PolicySummary = {
  spec: {
    name: 'release',
    sources: [
      { policy: ['oci::registry.test/policy/release@sha256:1234'], config: { include: ['@release'] } },
    ],
  },
  sources: [
    {
      url: 'oci::registry.test/policy/release:konflux',
      pinned: 'oci::registry.test/policy/release@sha256:1234',
      fingerprint: 'ef'.repeat(32),
    },
  ],
};

export function violation(code: string, message: string, more: Partial<Finding> = {}): Finding {
  const rule = more.rule ?? TASKS_RULE;
  const hint = rule.solution ?? 'Read what the policy says.';
  return { code, outcome: 'rejected', reason: 'POLICY_VIOLATION', message, hint, details: [], rule, ...more };
}

export function warning(code: string, message: string, more: Partial<PolicyMessage> = {}): PolicyMessage {
  return { code, message, rule: { title: 'Tests left no warnings' }, ...more };
}

export function success(code: string, more: Partial<Success> = {}): Success {
  return { code, message: 'Pass', rule: { title: `${code} is fine`, collections: ['release'] }, ...more };
}

/** Three components: one that violates and warns, one that nobody could evaluate, one that is verified. */
export function policyReport(): Report {
  return report(
    [
      component('cart', {
        findings: [
          violation('tasks.too_old', 'Task init is too old', { term: 'init' }),
          violation('tasks.too_old', 'Tasks build and sbom are too old', {
            term: 'build',
            rule: {
              ...TASKS_RULE,
              terms: ['build', 'sbom'],
              more: { pipeline: 'p1', nested: { a: [1, null] } },
            },
          }),
        ],
        policyWarnings: [warning('test.no_test_warnings', 'Test unit had warnings', { term: 'unit' })],
        successes: [success('slsa.source', { rule: TASKS_RULE })],
        policyInput: '{"image":{"ref":"cart"}}',
      }),
      component('search', {
        findings: [
          finding('builtin.policy.evaluation', 'THROTTLED', {
            outcome: 'undetermined',
            message: 'registry.test/task/init: the registry answered 429 Too Many Requests',
            hint: 'Run again later.',
          }),
        ],
      }),
      component('mail', { policyInput: '{\n  "image": {}\r\n}' }),
    ],
    { policy: POLICY },
  );
}

/** The text wherever the author of a policy, or of what it quotes, can put one. */
export function hostilePolicyReport(texts: readonly string[] = HOSTILE): Report {
  const components = texts.map((text, index): ComponentResult => {
    const rule: PolicyRuleDetails = {
      title: text,
      description: text,
      solution: text,
      severity: text,
      effectiveOn: text,
      collections: [text],
      dependsOn: [text],
      docsUrl: text,
      terms: [text, text],
      more: JSON.parse(
        JSON.stringify({ [text]: text, ['__proto__']: { polluted: true }, code: text, reason: text }),
      ),
    };
    return component(`c${index}`, {
      findings: [violation(text, text, { rule, term: text, hint: text })],
      policyWarnings: [warning(text, text, { rule, term: text })],
      successes: [success(text, { message: text, rule })],
      policyInput: JSON.stringify({ text }),
    });
  });
  const sources = texts.map((text) => ({ url: text, pinned: text, fingerprint: 'ef'.repeat(32) }));
  return report(components, { policy: { spec: { name: texts.join() }, sources } });
}

/** `count` components of which each violates, warns and passes as many rules as `messages`; no two messages are equal. */
export function hugePolicyReport(count = 2_000, messages = 50): Report {
  const rules = Array.from({ length: messages }, (_, index) => ({
    ...TASKS_RULE,
    title: `Rule number ${index}`,
    description: `${TASKS_RULE.description} `.repeat(5),
  }));
  const components = Array.from({ length: count }, (_, one) =>
    component(`component-${one}`, {
      findings: rules.map((rule, index) =>
        violation(`pkg.rule_${index}`, `Task ${one} of <é> ${index} ${'is too old '.repeat(20)}`, {
          rule,
          term: `t${one}`,
        }),
      ),
      policyWarnings: rules.map((rule, index) =>
        warning(`warn.rule_${index}`, `Warning ${one} ${index}`, { rule }),
      ),
      successes: rules.map((rule, index) => success(`ok.rule_${index}`, { rule })),
    }),
  );
  return report(components, { policy: POLICY });
}
