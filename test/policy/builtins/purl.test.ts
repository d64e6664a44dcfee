// Package URLs, compared with what github.com/package-url/packageurl-go v0.1.3 made of them.
import { describe, expect, test } from 'vitest';
import { callPurl } from '../../../src/policy/builtins/purl.ts';
import cases from '../fixtures/purls.json' with { type: 'json' };

describe('package URLs', () => {
  test.each(cases)('$purl is read as Go reads it', ({ purl, parsed }) => {
    expect(callPurl('ec.purl.parse', purl)).toEqual(parsed ?? undefined);
    expect(callPurl('ec.purl.is_valid', purl)).toBe(parsed !== null);
  });

  test.each([42, null, true, ['pkg:npm/a'], { purl: 'pkg:npm/a' }, undefined])('%j is none', (argument) => {
    expect(callPurl('ec.purl.is_valid', argument)).toBe(false);
    expect(callPurl('ec.purl.parse', argument)).toBeUndefined();
  });

  test('a user, a port or an address in the place of the type is refused', () => {
    for (const purl of ['pkg://user@npm/a', 'pkg://npm:80/a', 'pkg://[::1]/../npm/a']) {
      expect(callPurl('ec.purl.is_valid', purl)).toBe(false);
    }
  });

  test('keys that are special in JavaScript are keys like others', () => {
    const parsed = callPurl('ec.purl.parse', 'pkg:generic/constructor?__proto__=a&constructor=b');
    expect(parsed).toMatchObject({
      name: 'constructor',
      qualifiers: [
        { key: '__proto__', value: 'a' },
        { key: 'constructor', value: 'b' },
      ],
    });
  });

  test('a megabyte of separators takes no time', () => {
    const started = performance.now();
    for (const part of ['/', '%2F', '@', '&', '#', '?', '%zz']) {
      callPurl('ec.purl.parse', `pkg:generic/a?b=1#x${part.repeat(300_000)}y`);
      callPurl('ec.purl.parse', `pkg:generic/${part.repeat(300_000)}y`);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('another name is undefined', () => {
    expect(callPurl('ec.purl.other', 'pkg:npm/a')).toBeUndefined();
  });
});
