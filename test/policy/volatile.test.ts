import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { parsePolicyConfig, type VolatileCriterion } from '../../src/policy/config.ts';
import { appliesTo, isActive } from '../../src/policy/volatile.ts';
import { COMPONENT, instant } from './support/rules.ts';

function entry(text: Record<string, unknown>): VolatileCriterion {
  const spec = { sources: [{ policy: ['p'], volatileConfig: { exclude: [{ value: 'cve', ...text }] } }] };
  const found = parsePolicyConfig(JSON.stringify(spec), 'test').sources[0]?.volatileConfig?.exclude[0];
  if (found === undefined) throw new Error('no entry');
  return found;
}

const OTHER_DIGEST = digestOf('another');

describe('a volatile entry', () => {
  it.each([
    [{}, true],
    [{ effectiveOn: '2026-06-01T00:00:00Z' }, true],
    [{ effectiveOn: '2026-06-01T00:00:01Z' }, false],
    [{ effectiveUntil: '2026-06-01T00:00:00Z' }, true],
    [{ effectiveUntil: '2026-05-31T23:59:59Z' }, false],
    [{ effectiveOn: '2026-05-01', effectiveUntil: '2026-07-01' }, true],
    [{ effectiveOn: '2026-07-01', effectiveUntil: '2026-05-01' }, false],
    // A date is its midnight: the day itself is not part of it any more.
    [{ effectiveUntil: '2026-06-01' }, true],
  ])('with %j is active at midnight of June 1st: %s', (dates, active) => {
    expect(isActive(entry(dates), instant('2026-06-01T00:00:00Z').ms)).toBe(active);
  });

  it('that ends on a date has ended in the course of that day', () => {
    expect(isActive(entry({ effectiveUntil: '2026-06-01' }), instant('2026-06-01T00:00:01Z').ms)).toBe(false);
  });

  it('of no scope is for every component', () => {
    expect(appliesTo(entry({}), COMPONENT)).toBe(true);
  });

  it.each(['imageRef', 'imageDigest'])('with %s is for that very manifest', (key) => {
    expect(appliesTo(entry({ [key]: COMPONENT.digest }), COMPONENT)).toBe(true);
    expect(appliesTo(entry({ [key]: OTHER_DIGEST }), COMPONENT)).toBe(false);
  });

  it.each([
    ['registry.test/shop/cart', true],
    ['registry.test/shop/cart2', false],
    ['registry.test/shop', false],
    ['other.test/shop/cart', false],
  ])('with imageUrl %s is for a component of that repository: %s', (imageUrl, applies) => {
    expect(appliesTo(entry({ imageUrl }), COMPONENT)).toBe(applies);
  });

  it('finds images of Docker Hub by every name of it', () => {
    const component = { ...COMPONENT, repository: { registry: 'docker.io', name: 'library/redis' } };
    expect(appliesTo(entry({ imageUrl: 'index.docker.io/library/redis' }), component)).toBe(true);
    expect(appliesTo(entry({ imageUrl: 'docker.io/redis' }), component)).toBe(true);
  });

  const { digest } = COMPONENT;
  it.each([
    ['the component itself', 'cart', true],
    ['a child of its index', `cart-${digest}-arm64`, true],
    ['a child without architecture', `cart-${digest}-noarch-0`, true],
    ['a component that starts alike', 'cart-v2', false],
    ['a child of another component', `cartography-${digest}-arm64`, false],
    ['a component that is called like a child of another image', `cart-${OTHER_DIGEST}-arm64`, false],
    ['a name that ends with the digest', `cart-${digest}-`, false],
    ['a name with a space after it', `cart-${digest}-arm64 x`, false],
  ])('with componentNames is for %s', (_what, name, applies) => {
    expect(appliesTo(entry({ componentNames: ['other', 'cart'] }), { ...COMPONENT, name })).toBe(applies);
  });
});
