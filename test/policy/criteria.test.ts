import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { parsePolicyConfig } from '../../src/policy/config.ts';
import {
  type Criteria,
  criteriaFor,
  includes,
  pipelineIntentionsOf,
  unmatchedIncludes,
} from '../../src/policy/criteria.ts';
import { describeRules } from '../../src/policy/rule-description.ts';
import { COMPONENT, criteria, NOW, rule } from './support/rules.ts';

/** Of the one source group of a policy, for the component `cart`. */
function read(source: object, configuration?: object, component = COMPONENT): Criteria {
  const text = JSON.stringify({ sources: [{ policy: ['p'], ...source }], configuration });
  const config = parsePolicyConfig(text, 'test');
  const [group] = config.sources;
  if (group === undefined) throw new Error('no group');
  return criteriaFor(group, config.configuration, component, NOW.ms);
}

const PAST = '2026-01-01';
const FUTURE = '2026-12-31';

describe('the criteria of a source group', () => {
  it.each([
    ['nothing', {}],
    ['empty lists', { config: { include: [], exclude: [] } }],
    ['an include that has expired', { volatileConfig: { include: [{ value: 'x', effectiveUntil: PAST }] } }],
    ['an include that is to come', { volatileConfig: { include: [{ value: 'x', effectiveOn: FUTURE }] } }],
  ])('include everything when it says %s', (_what, source) => {
    expect(read(source)).toEqual({ include: ['*'], exclude: [], intentions: undefined });
  });

  it('include everything but what it excludes', () => {
    expect(read({ config: { exclude: ['a'] } })).toMatchObject({ include: ['*'], exclude: ['a'] });
  });

  it('join what is permanent with what is volatile, active, and for this component', () => {
    const include = [
      { value: 'all' },
      { value: 'cart', componentNames: ['cart'] },
      { value: 'other', componentNames: ['other'] },
    ];
    const exclude = [
      { value: 'now', effectiveOn: PAST, effectiveUntil: FUTURE },
      { value: 'past', effectiveUntil: PAST },
      { value: 'image', imageDigest: COMPONENT.digest },
      { value: 'another', imageDigest: digestOf('another') },
      { value: 'repository', imageUrl: 'registry.test/shop/cart' },
    ];
    const source = { config: { include: ['a'], exclude: ['b'] }, volatileConfig: { include, exclude } };
    expect(read(source)).toMatchObject({
      include: ['a', 'all', 'cart'],
      exclude: ['b', 'now', 'image', 'repository'],
    });
  });

  it('include nothing for a component when every include is for others', () => {
    const source = { volatileConfig: { include: [{ value: 'x', componentNames: ['other'] }] } };
    expect(read(source).include).toEqual([]);
  });
});

describe('the deprecated configuration of the whole policy', () => {
  const GLOBAL = { include: ['g'], exclude: ['h'], collections: ['minimal'] };

  it('counts when the group has no lists of its own', () => {
    expect(read({}, GLOBAL)).toMatchObject({ include: ['g', '@minimal'], exclude: ['h'] });
    expect(read({ config: { include: [] } }, GLOBAL)).toMatchObject({ exclude: ['h'] });
  });

  it.each([{ include: ['a'] }, { exclude: ['a'] }])('does not count when the group has %j', (config) => {
    const { include, exclude } = read({ config }, GLOBAL);
    expect([...include, ...exclude]).not.toContain('h');
    expect(include).not.toContain('g');
  });

  it('stays when a volatile entry becomes active', () => {
    const volatileConfig = { exclude: [{ value: 'x' }] };
    expect(read({ volatileConfig }, GLOBAL)).toMatchObject({
      include: ['g', '@minimal'],
      exclude: ['h', 'x'],
    });
  });
});

describe('a result', () => {
  const result = { code: 'test.results', collections: ['minimal', 'redhat'], terms: ['scan'] };

  it.each([
    [['*'], [], true],
    [['*'], ['*'], false],
    [['*'], ['test'], false],
    [['test'], ['*'], true],
    [['test'], ['test'], false],
    [['test'], ['test.*'], false],
    [['@minimal'], ['test'], false],
    [['@minimal', '@redhat'], ['test'], true],
    [['test', 'test'], ['test'], true],
    [['test'], ['test.results'], false],
    [['test.results'], ['test'], true],
    [['test.results'], ['test:scan'], false],
    [['test.results', '*'], ['test:scan'], true],
    [['test.results'], ['test.results:scan'], false],
    [['test.results:scan'], ['test.results'], true],
    [['*'], ['test.results:other'], true],
    [['*'], ['*:scan'], false],
    [['test.results'], ['*:scan'], true],
    [['@other'], [], false],
    [['other'], [], false],
  ])('with includes %j and excludes %j counts: %s', (include, exclude, counted) => {
    expect(includes(criteria(include, exclude), result)).toBe(counted);
  });
});

describe('the pipeline intention of rule data', () => {
  it.each([
    [undefined, []],
    [{}, []],
    [{ pipeline_intention: 'release' }, ['release']],
    [{ pipeline_intention: ['release', 3, 'production'] }, ['release', 'production']],
    [{ pipeline_intention: { release: true } }, []],
  ])('of %j is %j', (ruleData, expected) => {
    expect(pipelineIntentionsOf(ruleData)).toEqual(expected);
  });
});

describe('an include that matches no rule', () => {
  const book = describeRules([rule('test.deny', { short_name: 'results', collections: ['minimal'] })]);

  it('is told, once', () => {
    const wanted = criteria(['tset', '*', '@minimal', 'tset', '@maximal', 'test.results:x', 'test.result']);
    expect(unmatchedIncludes(wanted, book, [])).toEqual(['tset', '@maximal', 'test.result']);
  });

  it('is not told when a result has a code that no rule announced', () => {
    expect(unmatchedIncludes(criteria(['shop']), book, [{ code: 'shop.cart', collections: [] }])).toEqual([]);
  });
});
