import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { cutText, fitLines } from '../../src/report/cut.ts';
import {
  defuseWorkflowCommand,
  escapeMarkdown,
  toMarkdownCode,
  toVisibleLine,
} from '../../src/report/escape.ts';
import { HOSTILE } from './support/reports.ts';

describe('visible text', () => {
  it('is one line without controls, bidirectional overrides, zero-width or tag characters', () => {
    for (const text of HOSTILE) expect(toVisibleLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  });

  it('writes out what would move the cursor or turn the reading direction', () => {
    expect(toVisibleLine('\u001b[31mred \u202eder\u0000')).toBe('\\u{1b}[31mred \\u{202e}der\\u{0}');
    expect(toVisibleLine(' a\r\n\tb ')).toBe('a b');
    expect(toVisibleLine('naïve 日本 😀')).toBe('naïve 日本 😀');
  });
});

describe('workflow commands', () => {
  it.each([
    ['::error::x', ': :error::x'],
    ['   ::set-output name=a::b', '   : :set-output name=a::b'],
    ['x ##[error]y', 'x # #[error]y'],
    ['###[a]', '## #[a]'],
    ['crate::module [::1]:5000 a::b', 'crate::module [::1]:5000 a::b'],
  ])('%j becomes %j', (line, safe) => {
    expect(defuseWorkflowCommand(line)).toBe(safe);
  });
});

describe('Markdown', () => {
  it.each(HOSTILE)('%j is text: no link, image, heading, list, table cell or tag of its own', (text) => {
    const cell = escapeMarkdown(text);
    const frames = ['@', '- @', '> @', '<b>@</b>: x', '| a | b |\n|---|---|\n| @ | @ |'];
    const table = `| a | b |\n|---|---|\n| ${cell} | ${toMarkdownCode(text)} |`;
    for (const frame of frames) {
      const harmless = frame.replaceAll('@', text.trim() === '' ? '' : 'x');
      expect(tagsOf(toHtml(frame.replaceAll('@', () => cell)))).toEqual(tagsOf(toHtml(harmless)));
    }
    // A cell too many would be dropped by the renderer: the text of the cells tells.
    const cells = [...toHtml(table).matchAll(/<td>(.*?)<\/td>/gs)].map(([, inner = '']) => toText(inner));
    expect(cells).toEqual([toVisibleLine(text), toVisibleLine(text)]);
    expect(toText(toHtml(cell))).toBe(toVisibleLine(text));
  });

  it('splits what GitHub would turn into mentions and issues after rendering, and keeps digests whole', () => {
    const html = toHtml(escapeMarkdown('ping @octocat, see #12, $x$, app@sha256:0f @sha256:x'));
    expect(html).toBe(
      '<p>ping <span>@</span>octocat, see <span>#</span>12, <span>$</span>x<span>$</span>, app@sha256:0f <span>@</span>sha256:x</p>',
    );
  });
});

describe('cutting', () => {
  it('never leaves half a surrogate pair, and never exceeds the limit', () => {
    for (let limit = 0; limit <= 12; limit += 1) {
      const cut = cutText('a😀b😀😀c😀', limit);
      expect(cut.length).toBeLessThanOrEqual(limit);
      expect(cut.isWellFormed()).toBe(true);
    }
    expect(cutText('abc', 3)).toBe('abc');
    expect(cutText('abcd', 3)).toBe('ab…');
  });

  it('keeps the head of a list in bytes and counts the rest', () => {
    expect(fitLines(['é', 'abc', 'd'], 7)).toEqual({ lines: ['é', 'abc'], leftOut: 1, bytes: 7 });
    expect(fitLines(['abc', 'd'], 3)).toEqual({ lines: [], leftOut: 2, bytes: 0 });
  });
});

function toHtml(markdown: string): string {
  return micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });
}

/** Tags in their order, but for the spans that keep GitHub from linking. */
function tagsOf(html: string): string[] {
  return [...html.replace(/<\/?span>/g, '').matchAll(/<[^>]*>/g)].map(([tag]) => tag);
}

function toText(html: string): string {
  const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
  return html
    .replace(/<[^>]+>/g, '')
    .replace(/&(?:amp|lt|gt|quot);/g, (entity) => entities[entity] ?? entity);
}
