import { describe, expect, it } from 'vitest';
import { type Matchable, score, toMatchers, weigh } from '../../src/policy/matching.ts';
import { randomFrom, referenceWeight } from './support/reference.ts';

const RESULT = { code: 'test.results', collections: ['minimal'] };
const NESTED = { code: 'release.maven_repos.known', collections: [] };

function weight(criterion: string, result: Matchable = RESULT, terms: readonly string[] = []): number {
  return weigh(criterion, toMatchers(result), terms);
}

describe('the weight of a criterion', () => {
  it.each([
    ['*', 1],
    ['test', 10],
    ['test.*', 10],
    ['@minimal', 10],
    ['*:scan', 101],
    ['test:scan', 110],
    ['test.*:scan', 110],
    ['test.results', 110],
    ['test.results:scan', 210],
  ])('of %s is %i', (criterion, expected) => {
    expect(weight(criterion, RESULT, ['scan'])).toBe(expected);
  });

  it.each([
    '',
    'tes',
    'tests',
    't*',
    'test.result',
    'test.results.',
    '@other',
    'minimal',
    '@minimal:scan',
    'other',
    'test:other',
    'test.results:',
    'test.results:sca',
    'test.results:scan2',
    ':scan',
    '*.results',
    'TEST',
    '__proto__',
    'constructor',
  ])('is nothing when it does not match, as %j', (criterion) => {
    expect(weight(criterion, RESULT, ['scan'])).toBe(0);
  });

  it.each([
    ['maven_repos', 10],
    ['release.maven_repos', 10],
    ['release.maven_repos.*', 10],
    ['maven_repos.known', 110],
    ['release.maven_repos.known', 110],
    ['release.maven_repos.known:t', 210],
    ['release', 0],
    ['repos.known', 0],
  ])('of a nested package may name it or its whole path: %s is %i', (criterion, expected) => {
    expect(weight(criterion, NESTED, ['t'])).toBe(expected);
  });

  it('is met by any of several terms, and counts once', () => {
    expect(weight('test.results:b', RESULT, ['a', 'b', 'c'])).toBe(210);
    expect(weight('test.results:b', RESULT, ['b', 'b'])).toBe(210);
  });

  it('takes everything after the first colon as the term', () => {
    expect(weight('test:quay.io/x:1@sha256:0', RESULT, ['quay.io/x:1@sha256:0'])).toBe(110);
    expect(weight('test:quay.io/x', RESULT, ['quay.io/x:1'])).toBe(0);
  });

  it('goes by the narrower meaning of a name that has two', () => {
    expect(weight('a.a', { code: 'a.a.a', collections: [] })).toBe(110);
  });

  it('asks for a term where there is a colon, also when any would do', () => {
    const matchers = toMatchers(RESULT);
    expect(['test:', 'test:x', '*:'].map((one) => weigh(one, matchers, 'anyTerm'))).toEqual([0, 110, 0]);
  });

  it('of a code with an empty package is that of * alone', () => {
    const code = { code: '.x', collections: [] };
    expect(['', '.*', '.x', '*'].map((one) => weight(one, code))).toEqual([0, 0, 0, 1]);
  });

  it('of a code without a package is that of * alone', () => {
    expect(
      ['*', 'lonely', 'lonely.*', '.lonely'].map((one) => weight(one, { code: 'lonely', collections: [] })),
    ).toEqual([1, 0, 0, 0]);
  });
});

describe('scores', () => {
  it('agree with an independent reading of the documentation, over 20,000 random criteria lists', () => {
    const random = randomFrom(20_260_601);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const some = <T>(make: () => T) => Array.from({ length: Math.floor(random() * 5) }, make);
    const segment = () => pick(['a', 'b', 'c']);
    const criterion = () =>
      pick([
        () => '*',
        () => `@${segment()}`,
        () => [segment(), ...some(segment)].join('.'),
        () => `${[segment(), ...some(segment)].join('.')}.*`,
      ])() + pick(['', '', ':x', ':y:z', ':']);
    let matched = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const result = { code: [segment(), ...some(segment)].join('.'), collections: some(segment) };
      const terms = some(() => pick(['x', 'y:z', 'w']));
      const list = some(criterion);
      const expected = list.reduce((sum, one) => sum + referenceWeight(one, result, terms), 0);
      expect({ result, terms, list, score: score(list, toMatchers(result), terms) }).toEqual({
        result,
        terms,
        list,
        score: expected,
      });
      if (expected > 0) matched += 1;
    }
    expect(matched).toBeGreaterThan(4_000);
  });
});
