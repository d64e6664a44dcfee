import { describe, expect, it } from 'vitest';
import { describeRules } from '../../src/policy/rule-description.ts';
import { selectRules } from '../../src/policy/selection.ts';
import { criteria, rule } from './support/rules.ts';

const RULES = [
  rule('cve.deny', { short_name: 'found', collections: ['minimal'] }),
  rule('cve.deny', { short_name: 'critical' }),
  rule('cve.warn', { short_name: 'medium' }),
  rule('cve.helper'),
  rule('release.maven.deny', { short_name: 'known' }),
  rule('test.deny_slow', { short_name: 'slow' }),
  rule('test.exception', undefined, { kind: 'set' }),
  rule('plain.violation'),
  rule('plain.exception', undefined, { kind: 'function' }),
  rule('lib.exception'),
];

function asked(include: readonly string[], exclude: readonly string[] = [], intentions?: readonly string[]) {
  const wanted = { ...criteria(include, exclude), intentions };
  return selectRules(describeRules(RULES), wanted).map((one) => `${one.package}.${one.name}`);
}

const ALL = [
  'cve.deny',
  'cve.warn',
  'release.maven.deny',
  'test.deny_slow',
  'plain.violation',
  'test.exception',
];

describe('what the engine is asked for', () => {
  it('is every deciding rule once, and the exceptions of their packages', () => {
    expect(asked(['*'])).toEqual(ALL);
  });

  it.each([
    ['a package', ['cve'], [], ['cve.deny', 'cve.warn']],
    ['a rule: its whole package', ['cve.critical'], [], ['cve.deny', 'cve.warn']],
    ['a collection: the packages of its rules', ['@minimal'], [], ['cve.deny', 'cve.warn']],
    ['a rule with a term', ['cve.found:x', 'plain'], [], ['cve.deny', 'cve.warn', 'plain.violation']],
    ['a nested package', ['maven'], [], ['release.maven.deny']],
    ['a nested package by its path', ['release.maven'], [], ['release.maven.deny']],
    ['a package with exceptions', ['test'], [], ['test.deny_slow', 'test.exception']],
    ['a term of anything', ['*:x', 'test'], [], ALL],
  ])('is what is included: %s', (_what, include, exclude, expected) => {
    expect(asked(include, exclude)).toEqual(expected);
  });

  it('is not a package that is excluded whole', () => {
    expect(asked(['*'], ['cve', 'test'])).toEqual(['release.maven.deny', 'plain.violation']);
  });

  it('is a package of which only a term, or one rule, is excluded', () => {
    expect(asked(['cve'], ['cve.found', 'cve.critical'])).toEqual(['cve.deny', 'cve.warn']);
    expect(asked(['cve'], ['cve:x'])).toEqual(['cve.deny', 'cve.warn']);
  });

  it('is everything when nothing is included: what has no code counts in any case', () => {
    expect(asked(['tset'])).toEqual(ALL);
    expect(asked(['*'], ['*'])).toEqual(ALL);
  });

  it('is nothing when no include is for this component', () => {
    const nothing = { include: [], exclude: [], intentions: undefined };
    expect(selectRules(describeRules(RULES), nothing)).toEqual([]);
  });

  it('follows the pipeline intention with the filter ec-policy', () => {
    const rules = [
      rule('a.deny', { short_name: 'x', pipeline_intention: ['release'] }),
      rule('b.deny', { short_name: 'x' }),
    ];
    const packages = (intentions?: readonly string[]) =>
      selectRules(describeRules(rules), { ...criteria(['*']), intentions }).map((one) => one.package);
    expect(packages(undefined)).toEqual(['a', 'b']);
    expect(packages([])).toEqual(['b']);
    expect(packages(['release', 'x'])).toEqual(['a']);
  });
});
