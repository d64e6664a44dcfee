import { describe, expect, it } from 'vitest';
import { isInEffect, isOldNews, parseEffectiveOn } from '../../src/policy/effective-on.ts';
import { instant } from './support/rules.ts';

describe('a date from which a rule holds', () => {
  it.each([
    ['2026-07-01T00:00:00Z', '2026-07-01T00:00:00Z'],
    ['2026-07-01', '2026-07-01T00:00:00Z'],
    ['2025-5-01T00:00:00Z', '2025-05-01T00:00:00Z'],
    ['2025-5-1', '2025-05-01T00:00:00Z'],
    ['2026-07-01 9:30:00', '2026-07-01T09:30:00Z'],
    ['2026-07-01t09:30:00.25+02:00', '2026-07-01T09:30:00.25+02:00'],
  ])('%s, as YAML has it, is the moment %s', (written, text) => {
    expect(parseEffectiveOn(written)).toEqual({ text, instant: instant(text) });
  });

  it.each([undefined, null, ''])('is none when METADATA says %s', (written) => {
    expect(parseEffectiveOn(written)).toBeUndefined();
  });

  it.each([
    'soon',
    '2099-02-30T00:00:00Z',
    '2099-13-01',
    '2099-01-01T00:00:00 CET',
    '2099-01-01T25:00:00Z',
    ' 2099-01-01',
    '2099',
    4070908800,
    ['2099-01-01'],
    { year: 2099 },
    true,
  ])('that cannot be read (%j) postpones nothing', (written) => {
    const parsed = parseEffectiveOn(written);
    expect(parsed).toBeDefined();
    expect(parsed?.instant).toBeUndefined();
    expect(isInEffect(parsed, instant('1990-01-01T00:00:00Z'))).toBe(true);
  });

  it('is in effect only after its moment, to the nanosecond', () => {
    const date = parseEffectiveOn('2026-07-01T00:00:00Z');
    expect(isInEffect(date, instant('2026-07-01T00:00:00Z'))).toBe(false);
    expect(isInEffect(date, instant('2026-07-01T00:00:00.000000001Z'))).toBe(true);
    expect(isInEffect(date, instant('2026-06-30T23:59:59.999999999Z'))).toBe(false);
    expect(isInEffect(undefined, instant('1990-01-01T00:00:00Z'))).toBe(true);
  });

  it('is no news once it is more than 90 days past', () => {
    const date = { text: '2026-01-01T00:00:00Z', instant: instant('2026-01-01T00:00:00Z') };
    expect(isOldNews(date, instant('2026-04-01T00:00:00Z'))).toBe(false);
    expect(isOldNews(date, instant('2026-04-01T00:00:01Z'))).toBe(true);
    expect(isOldNews({ text: 'long ago' }, instant('2026-04-01T00:00:01Z'))).toBe(false);
  });
});
