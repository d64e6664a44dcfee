import { describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import type { PolicyRule } from '../../src/policy/engine.ts';
import { describeRules, ruleClassOf } from '../../src/policy/rule-description.ts';
import { instant, rule } from './support/rules.ts';

function refusal(rules: readonly PolicyRule[]): ProofgateError {
  try {
    describeRules(rules);
  } catch (thrown) {
    if (thrown instanceof ProofgateError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

describe("a rule's name", () => {
  it.each([
    ['deny', 'failure'],
    ['violation', 'failure'],
    ['deny_old_2', 'failure'],
    ['violation_a_B', 'failure'],
    ['warn', 'warning'],
    ['warn_soon', 'warning'],
    ['warning', undefined],
    ['denying', undefined],
    ['deny_', undefined],
    ['deny__x', undefined],
    ['_deny', undefined],
    ['Deny', undefined],
    ['deny\n', undefined],
    ['exception', undefined],
  ])('%j makes it %s', (name, expected) => {
    expect(ruleClassOf(name)).toBe(expected);
  });
});

describe('METADATA', () => {
  it('becomes the description of a rule', () => {
    const custom = {
      short_name: 'known',
      effective_on: '2026-5-10',
      solution: 'See xref:ROOT:release/maven.adoc#maven[the list].',
      collections: ['redhat', 7, ''],
      depends_on: 'maven.found',
      pipeline_intention: ['release'],
      failure_msg: '%s',
    };
    const description = 'First, xref:attachment$a.yml[look] and xref:b.adoc#c[see].';
    const book = describeRules([rule('release.maven.deny', custom, { title: 'Known', description })]);
    expect(book.descriptions.get('release.maven.known')).toEqual({
      package: 'release.maven',
      name: 'deny',
      code: 'release.maven.known',
      shortName: 'known',
      title: 'Known',
      description: 'First, look and see.',
      solution: 'See the list.',
      effectiveOn: { text: '2026-05-10T00:00:00Z', instant: instant('2026-05-10') },
      collections: ['redhat'],
      dependsOn: ['maven.found'],
      pipelineIntention: ['release'],
    });
  });

  it('takes a number for a short name, and nothing else', () => {
    const codes = [7, '', null, true, ['x'], { x: 1 }].map(
      (short_name) => describeRules([rule('main.deny', { short_name })]).deciding[0]?.code,
    );
    expect(codes).toEqual(['main.7', ...Array(5).fill('main.deny')]);
  });

  it("of a package is no rule's", () => {
    const annotations = [{ scope: 'package', custom: { short_name: 'all' } } as const];
    const book = describeRules([
      rule('main.deny', undefined, { annotations }),
      rule('main.warn', undefined, { annotations }),
    ]);
    expect(book.descriptions.size).toBe(0);
  });

  it('of scope document describes all bodies of its rule as one', () => {
    const annotations = [{ scope: 'document', custom: { short_name: 'one' } } as const];
    const bodies = [1, 9].map((row) => rule('main.deny', undefined, { annotations, row }));
    expect([...describeRules(bodies).descriptions.keys()]).toEqual(['main.one']);
  });

  it('of the rule itself wins over that of its document', () => {
    const annotations = [
      { scope: 'rule', custom: { short_name: 'own' } },
      { scope: 'document', custom: { short_name: 'shared' } },
    ] as const;
    const book = describeRules([rule('main.deny', undefined, { annotations })]);
    expect([...book.descriptions.keys()]).toEqual(['main.own']);
  });

  it('of a helper makes no rule of it', () => {
    const book = describeRules([rule('main.helper', { short_name: 'x' }, { kind: 'function' })]);
    expect(book).toEqual({ deciding: [], descriptions: new Map(), exceptions: new Set() });
  });

  it('that is hostile to JavaScript reads as nothing', () => {
    const custom = JSON.parse('{"__proto__": {"short_name": "x"}, "constructor": 1}');
    expect(describeRules([rule('main.deny', custom)]).deciding[0]?.code).toBe('main.deny');
  });

  it('keeps a date that nobody can read, so that it postpones nothing', () => {
    const book = describeRules([rule('main.deny', { short_name: 'x', effective_on: 'soon' })]);
    expect(book.descriptions.get('main.x')?.effectiveOn).toEqual({ text: 'soon' });
  });

  it('links to the page of a rule for policies of Conforma only', () => {
    const url = (path: string) =>
      describeRules([rule('release.maven.deny', { short_name: 'known' }, { path })]).descriptions.get(
        'release.maven.known',
      )?.docsUrl;
    const page = 'https://conforma.dev/docs/policy/packages/release_maven.html#maven__known';
    expect(url('oci::quay.io/conforma/release-policy:konflux/policy/release/maven/maven.rego')).toBe(page);
    expect(url('git::https://github.com/conforma/policy//policy/release/maven/maven.rego')).toBe(page);
    expect(url('oci::quay.io/shop/release-policy:1/policy/release/maven/maven.rego')).toBeUndefined();
    expect(url('git::https://github.com/conforma/policy//policy/lib/maven.rego')).toBeUndefined();
  });
});

describe('a rule without a short name', () => {
  it('goes by the code that it writes, or by its own name', () => {
    const { deciding, descriptions } = describeRules([
      rule('a.b.deny', undefined, { literalCode: 'shop.cart' }),
      rule('a.b.warn', { collections: ['x'] }),
    ]);
    expect(deciding.map(({ code, collections }) => [code, collections])).toEqual([
      ['shop.cart', []],
      ['a.b.warn', ['x']],
    ]);
    expect(descriptions.size).toBe(0);
  });
});

describe('a package whose path is no identifier', () => {
  it('is part of codes as policies write them, with dots', () => {
    const { deciding } = describeRules([rule('a.deny'), rule('a.deny', { short_name: 'x' })]);
    expect(deciding.map(({ code }) => code)).toEqual(['a.deny', 'a.x']);
    const odd = { package: 'a["b-c"]["d e"]' };
    const book = describeRules([rule('x.deny', { short_name: 'x' }, odd), rule('x.warn', undefined, odd)]);
    expect(book.deciding.map(({ code }) => code)).toEqual(['a.b-c.d e.x', 'a.b-c.d e.warn']);
    expect(book.deciding[0]?.package).toBe('a["b-c"]["d e"]');
  });
});

describe('two rules of one code', () => {
  it.each(['deny', 'warn'])('are refused, with both places, also when the second is a %s', (name) => {
    const error = refusal([
      rule('main.deny', { short_name: 'x' }, { path: 'one.rego', row: 3 }),
      rule(`main.${name}`, { short_name: 'x' }, { path: 'two.rego', row: 8 }),
    ]);
    expect(error.code).toBe('BAD_POLICY');
    expect(error.message).toContain('main.x');
    expect(error.message).toContain('one.rego:3');
    expect(error.message).toContain('two.rego:8');
  });

  it('are refused when a block of METADATA of a document stands over each', () => {
    const annotations = [{ scope: 'document', custom: { short_name: 'x' } } as const];
    const both = [
      rule('main.deny', undefined, { annotations }),
      rule('main.warn', undefined, { annotations }),
    ];
    expect(refusal(both).code).toBe('BAD_POLICY');
  });

  it('are two when their packages differ', () => {
    const book = describeRules([rule('a.deny', { short_name: 'x' }), rule('b.deny', { short_name: 'x' })]);
    expect([...book.descriptions.keys()]).toEqual(['a.x', 'b.x']);
  });
});

describe('a deciding rule that can give no results', () => {
  it.each([
    ['complete', 'boolean'],
    ['complete', 'string'],
    ['complete', 'number'],
    ['set', 'set[boolean]'],
    ['set', 'set[number]'],
    ['object', 'object[any: any]'],
    ['function', '(any) => boolean'],
  ] as const)('is refused before anything is evaluated: %s %s', (kind, type) => {
    const error = refusal([rule('main.deny', undefined, { kind, type, path: 'bool.rego', row: 5 })]);
    expect(error.code).toBe('BAD_POLICY');
    expect(error.message).toContain('bool.rego:5');
    expect(error.message).toContain('main.deny');
  });

  it.each([
    ['set', 'set[string]'],
    ['set', 'set[object<code: string, msg: string>]'],
    ['set', 'set[any<boolean, string>]'],
    ['complete', 'any'],
    ['complete', 'array[string]'],
    ['complete', 'set[string]'],
  ] as const)('is not one that might: %s %s', (kind, type) => {
    expect(describeRules([rule('main.warn', undefined, { kind, type })]).deciding).toHaveLength(1);
  });

  it('is of no concern when it is a helper', () => {
    const helper = rule('main.is_fine', undefined, { kind: 'complete', type: 'boolean' });
    expect(describeRules([helper]).deciding).toEqual([]);
  });
});
