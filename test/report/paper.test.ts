import { describe, expect, it } from 'vitest';
import wrapAnsi from 'wrap-ansi';
import { clean, toPaper, toText } from '../../src/report/paper.ts';
import { HOSTILE } from './support/reports.ts';

const paper = toPaper({ color: false, width: 40 });

describe('paper', () => {
  it.each([
    'a few words that are more than forty columns together, and then some more of them',
    `a registry.test/shop/cart@sha256:${'0f'.repeat(32)} in the middle of a sentence`,
    `registry.test/shop/cart@sha256:${'0f'.repeat(32)}`,
    'naïve Käse über Straße und Straße und Straße und Straße',
    `${'x'.repeat(40)} ${'y'.repeat(40)}`,
    `${'x'.repeat(20)} ${'y'.repeat(19)} ${'z'.repeat(20)}`,
    'short',
    '',
    '日本語 の 文 は 幅 が 倍 に なる 日本語 の 文 は 幅 が 倍 に なる',
  ])('wraps %j as a terminal would, words and references whole', (text) => {
    expect(paper.wrap(text, '')).toEqual(wrapAnsi(text, 40, { hard: false }).split('\n'));
  });

  it('puts the indent before every line, within the width', () => {
    const lines = paper.wrap('one two three four five six seven eight nine ten eleven', '    ');
    expect(lines).toEqual(['    one two three four five six seven', '    eight nine ten eleven']);
  });

  it('loses no word', () => {
    const text = Array.from({ length: 300 }, (_, index) => 'w'.repeat(1 + ((index * 7) % 60))).join(' ');
    const cut = clean(text);
    expect(paper.wrap(text, '  ').join(' ').replaceAll(/ +/g, ' ').trim()).toBe(cut);
  });

  it('bounds a text before it looks at it, and after', () => {
    expect(clean('\u0000'.repeat(10_000_000)).length).toBeLessThanOrEqual(2000);
    expect(clean('😀'.repeat(5_000)).isWellFormed()).toBe(true);
  });

  it('never gives a line that commands a runner, wherever the wrap falls', () => {
    for (const text of HOSTILE) {
      for (let width = 20; width < 60; width += 1) {
        const wrapped = toText(
          toPaper({ color: false, width }).wrap(`Reason: ${text} ::error::x ##[error]y`, '  '),
        );
        expect(wrapped).not.toMatch(/^\s*::|##\[/m);
        expect(wrapped).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }
    }
  });
});
