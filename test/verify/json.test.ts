import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/verify/json.ts';
import { Dice } from '../store/support/stores.ts';

const parse = (text: string) => parseJson(Buffer.from(text), 1024 * 1024);

describe('parseJson', () => {
  it('reads 128 levels, and not one more', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(parse(nested(128))).toBeInstanceOf(Array);
    expect(() => parse(nested(129))).toThrow(/nested deeper/);
    expect(() => parse(`${'{"a":['.repeat(65)}`)).toThrow(/nested deeper/);
  });

  it.each([
    ['brackets in a text', `"${'['.repeat(500)}"`],
    ['an escaped quote before them', String.raw`"\"${'{'.repeat(500)}"`],
    ['an escaped backslash and an escaped quote', String.raw`"\\\"${'{'.repeat(500)}"`],
    ['a key', `{"${'['.repeat(500)}":1}`],
  ])('%s is no nesting', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('what follows a text that ends in an escaped backslash is nesting', () => {
    expect(() => parse(String.raw`["\\",` + '['.repeat(500))).toThrow(/nested deeper/);
  });

  it('is not held up by a text without end, nor by quotes and backslashes alone', () => {
    for (const text of ['"'.padEnd(1_000_000, '\\'), '"'.repeat(999_999), String.raw`\"`.repeat(500_000)]) {
      const started = performance.now();
      expect(() => parse(text)).toThrow(SyntaxError);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });

  it('counts as a reader of every byte would, whatever the texts hold', () => {
    const dice = new Dice(7);
    for (let round = 0; round < 500; round += 1) {
      const value = randomValue(dice, 1 + dice.roll(40));
      const levels = depthOf(value);
      const wrapped = '['.repeat(128 - levels) + JSON.stringify(value) + ']'.repeat(128 - levels);
      expect(() => parse(wrapped)).not.toThrow();
      if (levels > 0) expect(() => parse(`[${wrapped}]`)).toThrow(/nested deeper/);
    }
  });
});

function randomValue(dice: Dice, levels: number): unknown {
  const text = () =>
    Array.from({ length: dice.roll(12) }, () => dice.pick(['"', '\\', '[', '}', 'é'])).join('');
  let value: unknown = text();
  for (let level = 0; level < levels; level += 1) {
    value = dice.roll(2) === 0 ? [text(), value, text()] : { [text()]: value, '\\"': text() };
  }
  return value;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
