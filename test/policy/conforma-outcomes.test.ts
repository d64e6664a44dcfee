// What Conforma's acceptance tests promise of outcomes (features/validate_image.feature), on rules of our own.
import { describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import { parsePolicyConfig } from '../../src/policy/config.ts';
import { criteriaFor } from '../../src/policy/criteria.ts';
import type { Instant } from '../../src/policy/effective-time.ts';
import type { PolicyRule } from '../../src/policy/engine.ts';
import { mergeVerdicts } from '../../src/policy/outcome.ts';
import type { PolicyVerdict } from '../../src/policy/verdict.ts';
import { COMPONENT, instant, judge, lines, NOW, type Results, rule } from './support/rules.ts';

/** What a source group says in the policy, its rules, and what they find. */
interface Source {
  readonly says?: object;
  readonly rules: readonly PolicyRule[];
  readonly finds?: Results;
}

function validate(sources: readonly Source[], component = COMPONENT, at: Instant = NOW): PolicyVerdict {
  const spec = { sources: sources.map(({ says }) => ({ policy: ['policy'], ...says })) };
  const config = parsePolicyConfig(JSON.stringify(spec), 'test');
  return mergeVerdicts(
    config.sources.map((group, index) => {
      const { rules = [], finds = {} } = sources[index] ?? {};
      return judge(rules, finds, criteriaFor(group, config.configuration, component, NOW.ms), at);
    }),
  );
}

function refusalCode(act: () => unknown): string | undefined {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof ProofgateError ? thrown.code : String(thrown);
  }
  return undefined;
}

const PASSES: Source = { rules: [rule('main.deny', { short_name: 'acceptor' }, { path: 'allow.rego' })] };
const REJECTS: Source = {
  rules: [rule('main.deny', { short_name: 'rejector', collections: ['A'] }, { path: 'reject.rego' })],
  finds: {
    'main.deny': [{ msg: 'Always fails', code: 'main.rejector', effective_on: '2022-01-01T00:00:00Z' }],
  },
};
const WARNS: Source = { rules: [rule('main.warn')], finds: { 'main.warn': ['Has a warning'] } };
const FUTURE: Source = {
  rules: [rule('main.deny')],
  finds: { 'main.deny': [{ msg: 'Fails in 2099', effective_on: '2099-01-01T00:00:00Z' }] },
};

const FILTERED: Source = {
  rules: [
    rule('filtering.deny', { short_name: 'pass' }),
    rule('filtering.deny', { short_name: 'fail' }),
    rule('filtering.deny', { short_name: 'stamped_pass', collections: ['stamps'] }),
    rule('filtering.deny', { short_name: 'stamped_fail', collections: ['stamps'] }),
  ],
  finds: {
    'filtering.deny': [
      { msg: 'fail', code: 'filtering.fail' },
      { msg: 'stamped', code: 'filtering.stamped_fail', collections: ['stamps'] },
    ],
  },
};

describe('Conforma, on time and severity', () => {
  it('a deny that holds from 2099 on is a warning that says so', () => {
    const verdict = validate([FUTURE]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.warnings[0]?.message).toContain('2099-01-01T00:00:00Z');
  });

  it('the same deny is a violation in 2100', () => {
    expect(lines(validate([FUTURE], COMPONENT, instant('2100-01-01')).violations)).toEqual(['Fails in 2099']);
  });

  it('the time of an attestation decides in the same way, for this component alone', () => {
    const built = instant('2099-06-01T08:00:00Z');
    expect(validate([FUTURE], COMPONENT, built).violations).toHaveLength(1);
    expect(validate([FUTURE], { ...COMPONENT, name: 'other' }).violations).toEqual([]);
  });

  it('severity turns a deny into a warning, and a warn into a violation', () => {
    const rules = [rule('main.deny'), rule('main.warn')];
    const both = (to: string) => [
      { msg: `${to} to warning`, severity: 'warning' },
      { msg: `${to} to failure`, severity: 'failure' },
    ];
    const verdict = validate([{ rules, finds: { 'main.deny': both('deny'), 'main.warn': both('warn') } }]);
    expect(lines(verdict.violations)).toEqual(['deny to failure', 'warn to failure']);
    expect(lines(verdict.warnings)).toEqual(['deny to warning', 'warn to warning']);
  });
});

describe('Conforma, on source groups', () => {
  it('three groups give what each of them gives', () => {
    const verdict = validate([PASSES, REJECTS, WARNS]);
    expect(lines(verdict.violations)).toEqual(['main.rejector | Always fails']);
    expect(lines(verdict.warnings)).toEqual(['Has a warning']);
    expect(lines(verdict.successes)).toEqual(['main.acceptor | Pass']);
  });

  it('the same policies in one group give the same', () => {
    const rules = [PASSES, REJECTS, WARNS].flatMap((source) => source.rules);
    const one = { rules, finds: { ...REJECTS.finds, ...WARNS.finds } };
    expect(validate([one])).toEqual(validate([PASSES, REJECTS, WARNS]));
  });

  it('one policy with two sets of data gives both results', () => {
    const rules = [rule('main.deny')];
    const verdict = validate([
      { rules, finds: { 'main.deny': ['Failure due to spam'] } },
      { rules, finds: { 'main.deny': ['Failure due to ham'] } },
    ]);
    expect(lines(verdict.violations)).toEqual(['Failure due to ham', 'Failure due to spam']);
  });

  it('a group without deny and warn rules is an error, also beside one that has some', () => {
    const empty = { rules: [rule('main.allow')] };
    expect(refusalCode(() => validate([empty]))).toBe('POLICY_EMPTY');
    expect(refusalCode(() => validate([PASSES, empty]))).toBe('POLICY_EMPTY');
  });

  it('ten components and ten groups with data of their own do not mix', () => {
    const names = Array.from({ length: 10 }, (_, index) => `component-${index}`);
    for (const name of names) {
      const groups = names.map((data) => ({
        rules: [rule('main.deny', { short_name: 'x' })],
        finds: { 'main.deny': [{ msg: `${name} with ${data}`, code: 'main.x' }] },
      }));
      const verdict = validate(groups, { ...COMPONENT, name });
      expect(verdict.violations.map((violation) => violation.message)).toEqual(
        names.map((data) => `${name} with ${data}`),
      );
    }
  });
});

describe('Conforma, on what a violation says', () => {
  it('links of the documentation are text, and the advice names rule and term', () => {
    const description = 'This rule xref:sith.adoc#commandments[will always] xref:attachment$x.yml[fail]';
    const rules = [
      rule('main.deny', { short_name: 'plain', solution: 'None' }, { title: 'Plain', description }),
      rule('main.deny', { short_name: 'termed' }, { title: 'Termed', description }),
    ];
    const { violations } = validate([
      {
        rules,
        finds: {
          'main.deny': [
            { msg: 'plain', code: 'main.plain' },
            { msg: 'one', code: 'main.termed', term: 'term1' },
            { msg: 'two', code: 'main.termed', term: ['term2', 'term3'] },
          ],
        },
      },
    ]);
    expect(violations.map(({ rule: { title } }) => title)).toEqual(['Plain', 'Termed', 'Termed']);
    expect(violations[0]?.rule.solution).toBe('None');
    const said = violations.map((violation) => violation.rule.description);
    expect(said.every((text) => text?.startsWith('This rule will always fail. '))).toBe(true);
    expect(said.map((text) => text?.match(/"main[^"]*"/g))).toEqual([
      ['"main.plain"'],
      ['"main.termed:term1"'],
      ['"main.termed:term2"', '"main.termed:term3"'],
    ]);
  });

  it('results that depend on reported ones are left out, whatever class both have', () => {
    const rules = [
      rule('pkg.deny', { short_name: 'fails' }),
      rule('pkg.warn', { short_name: 'warns' }),
      rule('pkg.deny', { short_name: 'passes_after_failure', depends_on: 'pkg.fails' }),
      rule('pkg.warn', { short_name: 'passes_after_warning', depends_on: ['pkg.warns'] }),
      rule('pkg.deny', { short_name: 'fails_after_warning', depends_on: 'pkg.warns' }),
      rule('pkg.warn', { short_name: 'warns_after_failure', depends_on: 'pkg.fails' }),
    ];
    const result = (name: string) => ({ msg: name, code: `pkg.${name}` });
    const verdict = validate([
      {
        rules,
        finds: {
          'pkg.deny': [result('fails'), result('fails_after_warning')],
          'pkg.warn': [result('warns'), result('warns_after_failure')],
        },
      },
    ]);
    expect(lines(verdict.violations)).toEqual(['pkg.fails | fails']);
    expect(lines(verdict.warnings)).toEqual(['pkg.warns | warns']);
    expect(verdict.successes).toEqual([]);
  });

  it('a rule is a success once, and not beside its violation', () => {
    const verdict = validate([FILTERED]);
    expect(lines(verdict.successes)).toEqual(['filtering.pass | Pass', 'filtering.stamped_pass | Pass']);
  });

  it('a boolean deny is refused', () => {
    const rules = [rule('unsupported.deny', undefined, { kind: 'complete', type: 'boolean' })];
    expect(refusalCode(() => validate([{ rules }]))).toBe('BAD_POLICY');
  });
});

describe('Conforma, on include and exclude', () => {
  it.each([
    [{ include: ['@stamps'] }, ['filtering.stamped_fail'], ['filtering.stamped_pass']],
    [{ include: ['@stamps'], exclude: ['filtering.stamped_fail'] }, [], ['filtering.stamped_pass']],
    [{ include: ['*', 'filtering.pass'], exclude: ['filtering'] }, [], ['filtering.pass']],
    [
      { exclude: ['filtering.fail', 'filtering.stamped_pass'] },
      ['filtering.stamped_fail'],
      ['filtering.pass'],
    ],
  ])('%j filters violations and successes', (config, violations, successes) => {
    const verdict = validate([{ ...FILTERED, says: { config } }]);
    expect(verdict.violations.map(({ code }) => code)).toEqual(violations);
    expect(verdict.successes.map(({ code }) => code)).toEqual(successes);
    expect(verdict.warnings).toEqual([]);
  });

  it('holds for its own source group alone', () => {
    const verdict = validate([
      {
        ...FILTERED,
        says: { config: { include: ['@stamps', 'filtering.pass'], exclude: ['filtering.stamped_fail'] } },
      },
      { ...REJECTS, says: { config: { exclude: ['filtering'] } } },
    ]);
    expect(lines(verdict.violations)).toEqual(['main.rejector | Always fails']);
  });

  it('warns of an include that matches nothing, and passes', () => {
    const config = { include: ['main', 'mail'] };
    const verdict = validate([{ ...PASSES, says: { config } }]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.warnings).toHaveLength(1);
    expect(verdict.warnings[0]?.message).toContain('"mail"');
  });

  const excluding = (scope: object) => ({
    ...REJECTS,
    rules: [...REJECTS.rules, ...PASSES.rules],
    says: { volatileConfig: { exclude: [{ value: 'main.rejector', ...scope }] } },
  });
  const { digest } = COMPONENT;

  it.each([
    ['for the digest of an image', { imageRef: digest }, COMPONENT],
    ['for an image by imageDigest', { imageDigest: digest }, COMPONENT],
    ['for a repository', { imageUrl: 'registry.test/shop/cart' }, COMPONENT],
    ['for a component', { componentNames: ['cart'] }, COMPONENT],
    [
      'for a child of the index of a component',
      { componentNames: ['cart'] },
      { ...COMPONENT, name: `cart-${digest}-arm64` },
    ],
  ])('can be volatile: %s', (_what, scope, component) => {
    expect(validate([excluding(scope)], component).violations).toEqual([]);
  });

  it.each([
    ['another digest', { imageRef: `sha256:${'0'.repeat(64)}` }],
    ['another repository', { imageUrl: 'registry.test/shop/other' }],
    ['another component', { componentNames: ['checkout'] }],
    ['a time that is over', { imageRef: digest, effectiveUntil: '2026-05-31T00:00:00Z' }],
    ['a time to come', { imageRef: digest, effectiveOn: '2026-07-01T00:00:00Z' }],
  ])('does not hold for %s', (_what, scope) => {
    expect(lines(validate([excluding(scope)]).violations)).toEqual(['main.rejector | Always fails']);
  });
});
