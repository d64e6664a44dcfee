import { describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import type { PolicyRule } from '../../src/policy/engine.ts';
import { mergeVerdicts, toVerdict } from '../../src/policy/outcome.ts';
import { describeRules } from '../../src/policy/rule-description.ts';
import { MAX_RESULT_LENGTH, MAX_RESULTS, parseResults } from '../../src/policy/rule-result.ts';
import type { PolicyMessage } from '../../src/report/report.ts';
import { criteria, instant, type Judged, judge, lines, NOW, type Results, rule } from './support/rules.ts';

function refusal(act: () => unknown): ProofgateError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof ProofgateError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

/** One annotated rule `main.deny` with the code `main.x`, and a second one that passes. */
const RULES = [rule('main.deny', { short_name: 'x' }), rule('main.warn', { short_name: 'y' })];
const deny = (...results: unknown[]): Judged => judge(RULES, { 'main.deny': results });
const warn = (...results: unknown[]): Judged => judge(RULES, { 'main.warn': results });

describe('a result of deny', () => {
  it('is a violation, whether it is a text or an object', () => {
    const verdict = deny('Plain', { msg: 'Known', code: 'main.x' });
    expect(lines(verdict.violations)).toEqual(['Plain', 'main.x | Known']);
    expect(verdict.warnings).toEqual([]);
  });

  it.each(['violation', 'deny_release', 'violation_of_law'])('is one under the name %s too', (name) => {
    const verdict = judge([rule(`main.${name}`)], { [`main.${name}`]: ['No'] });
    expect(lines(verdict.violations)).toEqual(['No']);
  });

  it.each([
    ['an unknown code', { code: 'nobody.knows' }],
    ['a code without a package', { code: 'lonely' }],
    ['an empty code', { code: '' }],
    ['a code that is no text', { code: 7 }],
    ['a code that is a list', { code: ['main.x'] }],
    ['a severity that is no text', { severity: true }],
    ['a severity in a list', { severity: ['warning'] }],
    ['an unknown severity', { severity: 'Warning' }],
    ['a date that is no date', { effective_on: 'some day' }],
    ['a date that is a number', { effective_on: 4070908800 }],
    ['a date in a list', { effective_on: ['2099-01-01T00:00:00Z'] }],
    ['a day that there is not', { effective_on: '2099-02-30T00:00:00Z' }],
    ['a date in the past', { effective_on: '2020-01-01T00:00:00Z' }],
    ['terms of all types', { term: [1, null, { a: 1 }, ''] }],
    ['collections that are no list', { collections: { redhat: true } }],
    ['dependencies of its own', { code: 'main.z', depends_on: ['main.z', 'main.x'] }],
    ['a prototype', JSON.parse('{"__proto__": {"severity": "warning"}}')],
    ['an empty message', { msg: '' }],
  ])('stays a violation with %s', (_what, odd) => {
    const other = { msg: 'Other', code: 'main.x' };
    const verdict = deny({ msg: 'Message', ...odd }, other);
    expect(verdict.violations).toHaveLength(2);
    expect(verdict.warnings).toEqual([]);
  });

  it('never reads as empty', () => {
    expect(lines(deny('').violations)).toEqual(['main.deny gave no message']);
    expect(lines(deny({ msg: '' }).violations)).toEqual(['main.deny gave no message']);
  });
});

describe('severity', () => {
  it('makes a warning of what deny says, and a violation of what warn says', () => {
    const result = (severity: string) => ({ msg: severity, severity });
    const verdict = judge(RULES, {
      'main.deny': [result('warning'), result('failure')],
      'main.warn': [
        { ...result('failure'), msg: 'raised' },
        { ...result('warning'), msg: 'kept' },
      ],
    });
    expect(lines(verdict.violations)).toEqual(['failure', 'raised']);
    expect(lines(verdict.warnings)).toEqual(['kept', 'warning']);
    expect(verdict.violations[0]?.rule.severity).toBe('failure');
  });

  it('of METADATA decides nothing', () => {
    const rules = [rule('main.deny', { short_name: 'x', severity: 'warning' })];
    expect(judge(rules, { 'main.deny': [{ msg: 'No', code: 'main.x' }] }).violations).toHaveLength(1);
  });

  it('raises a warning whatever its date', () => {
    const verdict = warn({ msg: 'Soon', severity: 'failure', effective_on: '2099-01-01T00:00:00Z' });
    expect(lines(verdict.violations)).toEqual(['Soon']);
  });
});

describe('a deny rule that is not in effect yet', () => {
  const later = { msg: 'Fails in 2099.', effective_on: '2099-01-01T00:00:00Z' };

  it('gives a warning that says when that ends', () => {
    const verdict = deny(later);
    expect(verdict.violations).toEqual([]);
    expect(lines(verdict.warnings)).toEqual([
      'Fails in 2099. It becomes a violation on 2099-01-01T00:00:00Z',
    ]);
    expect(verdict.warnings[0]?.rule.effectiveOn).toBe('2099-01-01T00:00:00Z');
  });

  it('gives a violation when the effective time is later', () => {
    const verdict = judge(RULES, { 'main.deny': [later] }, criteria(), instant('2100-01-01'));
    expect(lines(verdict.violations)).toEqual(['Fails in 2099.']);
  });

  it('does not hold at the very moment, and holds after it', () => {
    const at = (text: string) => judge(RULES, { 'main.deny': [later] }, criteria(), instant(text)).violations;
    expect(at('2099-01-01T00:00:00Z')).toEqual([]);
    expect(at('2099-01-01T00:00:00.000000001Z')).toHaveLength(1);
  });

  const dated = (custom: object, result: object, key = 'main.deny') =>
    judge(
      [
        rule(key, { short_name: 'x', ...custom }),
        rule('other.deny', { short_name: 'late', effective_on: '2099-01-01' }),
      ],
      {
        [key]: [{ msg: 'No', code: 'main.x', ...result }],
      },
    );

  it('says so in METADATA, which wins over its results', () => {
    expect(dated({ effective_on: '2099-01-01' }, {}).warnings).toHaveLength(1);
    expect(dated({ effective_on: '2099-01-01' }, { effective_on: '2020-01-01' }).warnings).toHaveLength(1);
    expect(dated({ effective_on: '2020-01-01' }, { effective_on: '2099-01-01' }).violations).toHaveLength(1);
  });

  it('is in effect when METADATA has a date that nobody can read, whatever its results say', () => {
    expect(dated({ effective_on: 'soon' }, { effective_on: '2099-01-01' }).violations).toHaveLength(1);
  });

  it('lends its date to no rule of another package that uses its code', () => {
    const verdict = dated({}, { code: 'other.late' });
    expect(lines(verdict.violations)).toEqual(['other.late | No']);
  });

  it('has no date in the report once it held for 90 days', () => {
    const date = (text: string) => dated({ effective_on: text }, {}).violations[0]?.rule.effectiveOn;
    expect(date('2026-05-01')).toBe('2026-05-01T00:00:00Z');
    expect(date('2026-01-01')).toBeUndefined();
  });

  it('warns of nothing twice: a severity of warning has no date', () => {
    expect(lines(deny({ ...later, severity: 'warning' }).warnings)).toEqual(['Fails in 2099.']);
  });
});

describe('a value that is no list of results', () => {
  it.each([
    ['a boolean', true],
    ['false', false],
    ['null', null],
    ['a text', 'Fails'],
    ['an empty text', ''],
    ['an object', { msg: 'Fails' }],
    ['an empty object', {}],
    ['a list of numbers', [7]],
    ['a list with null', ['Fails', null]],
    ['a list of lists', [['Fails']]],
    ['an object without msg', [{ code: 'main.x' }]],
    ['an object whose msg is no text', [{ msg: ['Fails'] }]],
  ])('fails the evaluation and names the rule: %s', (_what, value) => {
    const error = refusal(() => judge(RULES, { 'main.deny': value }));
    expect(error.code).toBe('POLICY_FAILED');
    expect(error.message).toContain('main.deny');
  });

  it('is no failure when the rule is undefined', () => {
    expect(lines(judge(RULES, { 'main.deny': undefined }).successes)).toEqual([
      'main.x | Pass',
      'main.y | Pass',
    ]);
  });

  it('is missing when the engine forgot the rule, which is no pass', () => {
    const book = describeRules(RULES);
    const values = [{ package: 'main', name: 'warn', value: [] }];
    const error = refusal(() => toVerdict({ book, criteria: criteria(), values, effectiveTime: NOW }));
    expect(error.code).toBe('POLICY_FAILED');
    expect(error.message).toContain('main.deny');
  });
});

describe('bounds', () => {
  it('let as many results pass as is allowed, and not one more', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `No ${index}`);
    expect(deny(...many(MAX_RESULTS - 1)).violations).toHaveLength(MAX_RESULTS - 1);
    expect(refusal(() => deny(...many(MAX_RESULTS + 1))).code).toBe('POLICY_LIMIT');
  });

  it('end the reading of results, however many there are', () => {
    const value = Array(MAX_RESULTS + 1).fill('No');
    expect(refusal(() => parseResults([{ package: 'main', name: 'deny', value }])).code).toBe('POLICY_LIMIT');
  });

  it('hold for all groups together', () => {
    const message: PolicyMessage = { message: 'No', rule: {} };
    const half = { violations: Array(MAX_RESULTS / 2).fill(message), warnings: [], successes: [] };
    expect(mergeVerdicts([half, half]).violations).toHaveLength(MAX_RESULTS);
    expect(refusal(() => mergeVerdicts([half, half, half])).code).toBe('POLICY_LIMIT');
  });

  it('end the evaluation on one gigantic result', () => {
    expect(deny('x'.repeat(MAX_RESULT_LENGTH - 2)).violations).toHaveLength(1);
    expect(refusal(() => deny('x'.repeat(MAX_RESULT_LENGTH - 1))).code).toBe('POLICY_LIMIT');
    expect(refusal(() => deny({ msg: 'x', a: 'x'.repeat(MAX_RESULT_LENGTH) })).code).toBe('POLICY_LIMIT');
  });

  it('end the evaluation on many large results', () => {
    const large = Array.from({ length: 17 }, (_, index) => `${index}${'x'.repeat(MAX_RESULT_LENGTH - 10)}`);
    expect(refusal(() => deny(...large)).code).toBe('POLICY_LIMIT');
  });

  it('end the evaluation on a result that is nested too deeply', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 200_000; depth += 1) nested = [nested];
    expect(refusal(() => deny({ msg: 'No', nested })).code).toBe('POLICY_LIMIT');
  });
});

describe('what the report says of a result', () => {
  it('is what METADATA says, and else what the result says', () => {
    const custom = { short_name: 'x', solution: 'Mend it', collections: ['redhat'], depends_on: ['main.y'] };
    const rules = [rule('main.deny', custom, { title: 'Title' }), rule('main.warn', { short_name: 'y' })];
    const result = {
      msg: 'No',
      code: 'main.x',
      title: 'Mine',
      description: 'My words.',
      solution: 'My solution',
      collections: ['mine'],
      depends_on: ['mine'],
      term: ['b', 'a'],
      severity: 'failure',
      effective_on: '2022-01-01T00:00:00Z',
      digest: 'sha256:0',
    };
    expect(judge(rules, { 'main.deny': [result] }).violations).toEqual([
      {
        code: 'main.x',
        message: 'No',
        term: 'b',
        rule: {
          title: 'Title',
          description:
            'My words. To accept this, add one or more of "main.x:b", "main.x:a" to "exclude" of the policy\'s source.',
          solution: 'Mend it',
          severity: 'failure',
          collections: ['redhat'],
          dependsOn: ['main.y'],
          terms: ['b', 'a'],
          more: { digest: 'sha256:0' },
        },
      },
    ]);
  });

  it('keeps what is of an unexpected type, as it is', () => {
    const odd = { msg: 'No', code: 7, title: ['T'], term: [1, 'a'], effective_on: 'soon', severity: null };
    expect(deny(odd).violations).toEqual([
      {
        message: 'No',
        term: 'a',
        rule: {
          terms: ['a'],
          more: { code: 7, title: ['T'], term: [1, 'a'], effective_on: 'soon', severity: null },
        },
      },
    ]);
  });

  it('keeps a date of METADATA that nobody can read', () => {
    const rules = [rule('main.deny', { short_name: 'x', effective_on: 'soon' })];
    const { violations } = judge(rules, { 'main.deny': [{ msg: 'No', code: 'main.x' }] });
    expect(violations[0]?.rule).toEqual({ more: { effective_on: 'soon' } });
  });

  it('has each term once', () => {
    expect(deny({ msg: 'No', term: ['a', 'a', 'b'] }).violations[0]?.rule.terms).toEqual(['a', 'b']);
  });

  it('names what to exclude, for violations that have a description', () => {
    const described = (result: object, title: string) =>
      judge([rule('main.deny', { short_name: 'x' }, { title, description: 'Why' })], {
        'main.deny': [{ msg: 'No', code: 'main.x', ...result }],
      });
    const advice = (result: object) => described(result, 'T').violations[0]?.rule.description;
    expect(advice({})).toBe('Why. To accept this, add "main.x" to "exclude" of the policy\'s source.');
    expect(advice({ term: 'a' })).toContain('add "main.x:a" to');
    expect(advice({ term: Array.from({ length: 11 }, (_, index) => `t${index}`) })).toMatch(
      /"main.x:t9", … to/,
    );
    const [warning] = described({ severity: 'warning' }, 'T').warnings;
    expect(warning?.rule.description).toBe('Why');
    expect(deny({ msg: 'No', code: 'main.x' }).violations[0]?.rule).toEqual({});
  });

  it('advises what does exclude that result', () => {
    const rules = [rule('release.maven.deny', { short_name: 'known' }, { description: 'Why' })];
    const results = {
      'release.maven.deny': [{ msg: 'No', code: 'release.maven.known', term: 'pkg:maven/a@1' }],
    };
    const advice = judge(rules, results).violations[0]?.rule.description ?? '';
    const [, named = ''] = /add ("[^"]+") to/.exec(advice) ?? [];
    const verdict = judge(rules, results, criteria([], [JSON.parse(named)]));
    expect(verdict.violations).toEqual([]);
    expect(lines(verdict.successes)).toEqual(['release.maven.known | Pass']);
  });

  it('is sorted by code, first term and message, in the order of UTF-8', () => {
    const result = (code: string | undefined, term: string | undefined, msg: string) => ({ code, term, msg });
    const sorted = [
      result(undefined, undefined, 'plain'),
      result('a.B', undefined, 'z'),
      result('a.a', undefined, 'z'),
      result('a.a', 'A', 'z'),
      result('a.a', 'a', 'a'),
      result('a.a', 'a', 'b'),
      result('a.a', 'é', 'a'),
      result('a.a', '\uffee', 'a'),
      result('a.a', '😀', 'a'),
      result('a.a.a', undefined, 'a'),
    ];
    const shuffled = [...sorted].reverse();
    expect(lines(deny(...shuffled).violations)).toEqual(
      sorted.map(({ code, term, msg }) => [code, term, msg].filter(Boolean).join(' | ')),
    );
  });
});

describe('successes', () => {
  const rules = [
    rule('a.deny', { short_name: 'one' }, { title: 'One', description: 'Why' }),
    rule('a.deny', {
      short_name: 'two',
      effective_on: '2022-01-01',
      collections: ['c'],
      depends_on: 'b.three',
    }),
    rule('b.warn', { short_name: 'three' }),
    rule('b.deny'),
  ];

  it('are the annotated rules that were evaluated and said nothing', () => {
    expect(judge(rules, { 'a.deny': [{ msg: 'No', code: 'a.one' }] }).successes).toEqual([
      {
        code: 'a.two',
        message: 'Pass',
        rule: { effectiveOn: '2022-01-01T00:00:00Z', collections: ['c'], dependsOn: ['b.three'] },
      },
      { code: 'b.three', message: 'Pass', rule: {} },
    ]);
  });

  it('have the words of METADATA, without advice', () => {
    expect(judge(rules, {}).successes[0]?.rule).toEqual({ title: 'One', description: 'Why' });
  });

  it('are filtered as results are', () => {
    expect(lines(judge(rules, {}, criteria(['a'], ['a.one'])).successes)).toEqual(['a.two | Pass']);
    expect(lines(judge(rules, {}, criteria(['@c'])).successes)).toEqual(['a.two | Pass']);
  });

  it('are sorted', () => {
    expect(lines(judge([...rules].reverse(), {}).successes)).toEqual([
      'a.one | Pass',
      'a.two | Pass',
      'b.three | Pass',
    ]);
  });

  it('need the pipeline intention that the filter ec-policy asks for', () => {
    const intended = [rule('a.deny', { short_name: 'for', pipeline_intention: 'release' }), ...rules];
    const wanted = { ...criteria(), intentions: ['release'] };
    expect(lines(judge(intended, {}, wanted).successes)).toEqual(['a.for | Pass']);
  });

  it('are not claimed for rules that something without a code may have come from', () => {
    const verdict = judge(rules, { 'a.deny': ['No'] });
    expect(lines(verdict.successes)).toEqual(['b.three | Pass']);
  });

  it('are there once, however many bodies a rule has', () => {
    const annotations = [{ scope: 'document', custom: { short_name: 'x' } } as const];
    const bodies = [1, 2].map((row) => rule('main.deny', undefined, { annotations, row }));
    expect(lines(judge(bodies, {}).successes)).toEqual(['main.x | Pass']);
  });
});

describe('an evaluation in which nothing counts', () => {
  it.each<[string, readonly PolicyRule[], Results, readonly string[], readonly string[]]>([
    [
      'no rule that decides',
      [rule('main.allow', undefined, { kind: 'complete', type: 'boolean' })],
      {},
      [],
      [],
    ],
    ['no rule at all', [], {}, [], []],
    ['rules without a short name that said nothing', [rule('main.deny')], {}, [], []],
    ['everything excluded', RULES, { 'main.deny': [{ msg: 'No', code: 'main.x' }] }, ['*'], ['*']],
    ['an include that is misspelt', RULES, { 'main.deny': [{ msg: 'No', code: 'main.x' }] }, ['mian'], []],
  ])('is no pass: %s', (_what, rules, results, include, exclude) => {
    expect(refusal(() => judge(rules, results, criteria(include, exclude))).code).toBe('POLICY_EMPTY');
  });

  it('is no pass either when no include is for this component', () => {
    const nothing = { include: [], exclude: [], intentions: undefined };
    const error = refusal(() => judge(RULES, { 'main.deny': ['No'] }, nothing));
    expect(error.code).toBe('POLICY_EMPTY');
  });
});

describe('include and exclude', () => {
  const rules = [
    rule('main.deny', { short_name: 'x', collections: ['A'] }),
    rule('main.deny', { short_name: 'y' }),
  ];
  const results = {
    'main.deny': [
      { msg: 'x', code: 'main.x', term: 'a' },
      { msg: 'y', code: 'main.y', term: ['a', 'b'] },
      { msg: 'unknown', code: 'other.z' },
      'plain',
    ],
  };

  it.each([
    ['everything', [], [], ['plain', 'main.x | a | x', 'main.y | a | y', 'other.z | unknown']],
    ['a collection of METADATA', ['@A'], [], ['plain', 'main.x | a | x']],
    ['not one rule', [], ['main.y'], ['plain', 'main.x | a | x', 'other.z | unknown']],
    ['not one term', [], ['main.y:b'], ['plain', 'main.x | a | x', 'other.z | unknown']],
    ['not a term of a package', [], ['main:a'], ['plain', 'other.z | unknown']],
    ['only what has no code', ['*'], ['*'], ['plain']],
  ])('decide which violations count: %s', (_what, include, exclude, expected) => {
    expect(lines(judge(rules, results, criteria(include, exclude)).violations)).toEqual(expected);
  });

  it('know a collection that only the result names', () => {
    const found = { 'main.deny': [{ msg: 'No', code: 'main.y', collections: ['B'] }] };
    expect(lines(judge(rules, found, criteria(['@B'])).violations)).toEqual(['main.y | No']);
  });

  it('cannot exclude an empty code', () => {
    const found = { 'main.deny': [{ msg: 'No', code: '' }] };
    expect(lines(judge(rules, found, criteria(['*'], ['*'])).violations)).toEqual(['No']);
  });

  it('warn of an include that matches no rule, and still pass', () => {
    const verdict = judge(RULES, {}, criteria(['*', 'mian']));
    expect(verdict.violations).toEqual([]);
    expect(lines(verdict.warnings)).toEqual(['No rule of the policy matches "mian", which it includes']);
    expect(verdict.successes).toHaveLength(2);
  });

  it('keep what has an unknown code when the filter is ec-policy', () => {
    const intended = [
      rule('main.deny', { short_name: 'x', pipeline_intention: 'release' }),
      ...RULES.slice(1),
    ];
    const wanted = { ...criteria(), intentions: ['release'] };
    const found = { 'main.deny': results['main.deny'], 'main.warn': [{ msg: 'y', code: 'main.y' }] };
    const verdict = judge(intended, found, wanted);
    expect(lines(verdict.violations)).toEqual(['plain', 'main.x | a | x', 'other.z | unknown']);
    expect(verdict.warnings).toEqual([]);
  });
});

describe('exceptions of a policy', () => {
  const rules = [
    rule('main.deny', { short_name: 'x' }),
    rule('main.deny_old', { short_name: 'old' }),
    rule('main.warn_old', { short_name: 'older' }),
    rule('main.exception'),
    rule('other.deny_old', { short_name: 'old' }),
  ];
  const results = {
    'main.deny': [{ msg: 'No', code: 'main.x' }],
    'main.deny_old': [{ msg: 'No', code: 'main.old' }],
    'main.warn_old': [{ msg: 'Hm', code: 'main.older' }],
    'other.deny_old': [{ msg: 'No', code: 'other.old' }],
  };

  it('take back what the rules that they name said, in their own package, and claim no success', () => {
    const verdict = judge(rules, { ...results, 'main.exception': [['old']] });
    expect(lines(verdict.violations)).toEqual(['main.x | No', 'other.old | No']);
    expect([...verdict.warnings, ...verdict.successes]).toEqual([]);
  });

  it('name a violation as they name a deny', () => {
    const violations = [rule('main.violation_old'), rule('main.violation'), rule('main.exception')];
    const found = { 'main.violation_old': ['old'], 'main.violation': ['No'], 'main.exception': [['old']] };
    expect(lines(judge(violations, found).violations)).toEqual(['No']);
  });

  it('name a rule without a suffix by an empty text', () => {
    const verdict = judge(rules, { ...results, 'main.exception': [['', 'x']] });
    expect(lines(verdict.violations)).toEqual(['main.old | No', 'other.old | No']);
  });

  it.each([
    undefined,
    null,
    true,
    'old',
    ['old'],
    [null],
    [[true]],
    [['deny_old']],
    { old: 'old' },
    [[['old']]],
  ])('of another shape (%j) take nothing back', (exception) => {
    const verdict = judge(rules, { ...results, 'main.exception': exception });
    expect(verdict.violations).toHaveLength(3);
  });
});

describe('the groups of a policy', () => {
  const verdict = (name: string): Judged => judge(RULES, { 'main.deny': [{ msg: name, code: 'main.x' }] });

  it('are one verdict, sorted, with repeated entries', () => {
    const merged = mergeVerdicts([verdict('c'), verdict('a'), verdict('b'), verdict('a')]);
    expect(lines(merged.violations)).toEqual(['main.x | a', 'main.x | a', 'main.x | b', 'main.x | c']);
    expect(lines(merged.successes)).toEqual(Array(4).fill('main.y | Pass'));
  });
});
