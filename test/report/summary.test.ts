import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../src/report/summary.ts';
import {
  HOSTILE,
  hostileReport,
  hugeReport,
  mixedReport,
  report,
  verifiedReport,
} from './support/reports.ts';

const MAX_BYTES = 900 * 1024;

function toHtml(markdown: string): string {
  return micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });
}

/** In their order, but for the spans that keep GitHub from linking. */
function toTags(html: string): string[] {
  return [...html.replace(/<\/?span>/g, '').matchAll(/<[^>]*>/g)].map(([tag]) => tag);
}

function linesOf(markdown: string, pattern: RegExp): string[] {
  return markdown.split('\n').filter((line) => pattern.test(line));
}

describe('the job summary', () => {
  const mixed = renderSummary(mixedReport());

  it('starts with the result and the counts', () => {
    expect(mixed.split('\n').slice(0, 3)).toEqual([
      '## ❌ Proofgate: rejected',
      '',
      '**5 of 12 components rejected, 1 undetermined, 6 verified**',
    ]);
    expect(renderSummary(verifiedReport())).toMatch(
      /^## ✅ Proofgate: verified\n\n\*\*all 2 components verified\*\*/,
    );
    expect(renderSummary(report([]))).toMatch(
      /^## ⚠️ Proofgate: undetermined\n\n\*\*no component was looked at\*\*/,
    );
  });

  it('says what to look at and what to do before it lists anything', () => {
    expect(linesOf(mixed, /^#/)).toEqual([
      '## ❌ Proofgate: rejected',
      '### What to look at',
      '#### ❌ Image signature is not trusted · <code>NO_SIGNATURE</code> · 2 components',
      '#### ❌ Task bundle signature is not trusted · <code>SIGNER_MISMATCH</code> · 2 components',
      '#### ❌ Image signature is not trusted · <code>SIGNER_MISMATCH</code> · 1 component',
      '#### ⚠️ Could not check the access to the image · <code>THROTTLED</code> · 1 component',
      '### Components (12)',
      '### Task bundles (2)',
      '### Warnings',
      '### Requests',
    ]);
    expect(linesOf(mixed, /What to do/)[1]).toBe(
      '> <b>What to do:</b> Build with a version of the task that is signed with tasks.pub.',
    );
  });

  it('has a row for each component, the ones to look at first', () => {
    const rows = linesOf(mixed, /^\| [a-z0-9-]+ \| <code>/);
    expect(rows.map((row) => row.split(' ')[1])).toEqual([
      'payments',
      'invoices',
      'ledger',
      'mail',
      'queue',
      'gateway',
      'cart',
      'checkout',
      'catalog',
      'search',
      'shop',
      'shop-arm64',
    ]);
    expect(rows[0]).toMatch(/❌ rejected \| {2}\| Image signature is not trusted: NO_SIGNATURE \|$/);
    expect(rows[7]).toMatch(/✅ verified \| <code>key cosign\.pub<\/code> \| {2}\|$/);
  });

  it('maps task bundles to the components that used them', () => {
    expect(linesOf(mixed, /tasks\/.*❌ rejected/)[0]).toMatch(/\| mail, queue \|$/);
    expect(linesOf(mixed, /tasks\/.*✅ verified/)[0]).toMatch(/\| cart, mail \|$/);
  });

  it('has the request ledger', () => {
    expect(mixed).toContain('| <code>quay.test</code> | 7 | 200 × 1, 429 × 5, error × 1 | 4 | 1.2 KiB |');
    expect(mixed).toContain(
      'Shared between components: 52 lookups and 31 verifications. Took 3.4 s, peak memory 121 MiB.',
    );
  });

  it('names the evidence that was looked at, and the trust root', () => {
    expect(mixed).toContain('  - legacy layer 0: key does not match');
    expect(mixed).toContain('trust: public good (root cdcdcdcdcdcd…)');
  });

  it.each(HOSTILE.filter((text) => text.trim() !== ''))(
    'renders %j as text: the tags are those of a harmless one',
    (text) => {
      const tags = (one: string) => toTags(toHtml(renderSummary(hostileReport([one]))));
      expect(tags(text)).toEqual(tags('x'));
    },
  );

  it('renders all hostile texts at once with whole rows and one heading', () => {
    const html = toHtml(renderSummary(hostileReport()));
    for (const row of html.match(/<tr>[\s\S]*?<\/tr>/g) ?? [])
      expect([4, 5]).toContain(row.match(/<t[hd]/g)?.length);
    expect(html.match(/<h4>/g)).toHaveLength(1);
  });

  it.each([
    ['as many long texts as there are', hugeReport(5_000, 2_000), MAX_BYTES],
    ['hostile texts', hostileReport(), 20_000],
    ['hardly any room', mixedReport(), 1_500],
    ['room for nothing but the headline', mixedReport(), 100],
    ['no room', mixedReport(), 10],
  ])('stays within its bytes: %s', (_, one, maxBytes) => {
    expect(Buffer.byteLength(renderSummary(one, maxBytes))).toBeLessThanOrEqual(maxBytes);
  });

  it('stays within any number of bytes', () => {
    for (let maxBytes = 0; maxBytes < 5_000; maxBytes += 29) {
      expect(Buffer.byteLength(renderSummary(mixedReport(), maxBytes))).toBeLessThanOrEqual(maxBytes);
    }
  });

  it('leaves out verified components first, then says how many', () => {
    const summary = renderSummary(hugeReport(5_000, 100));
    expect(Buffer.byteLength(summary)).toBeGreaterThan(MAX_BYTES * 0.7);
    expect(linesOf(summary, /^\| component-\d+ .*❌ rejected/)).toHaveLength(500);
    const verified = linesOf(summary, /^\| component-\d+ .*✅ verified/).length;
    const undetermined = linesOf(summary, /^\| component-\d+ .*⚠️ undetermined/).length;
    expect(verified).toBeGreaterThan(0);
    expect(summary).toContain(
      `_${(5_000 - 500 - undetermined - verified).toLocaleString('en-US')} more components: see the report._`,
    );
    expect(summary).toContain('### Requests');
    expect(summary).toContain('<sub>Proofgate');
  });

  it('gives findings room before verified rows', () => {
    const summary = renderSummary(mixedReport(), 4_500);
    expect(linesOf(summary, /^- <b>/)).toHaveLength(5 + 2);
    expect(linesOf(summary, /shop\/.*✅ verified/)).toHaveLength(2);
    expect(summary).toContain('_4 more components: see the report._');
  });

  it('counts the findings that did not fit', () => {
    const summary = renderSummary(hugeReport(5_000, 2_000));
    const shown = linesOf(summary, /^- <b>component-/).length;
    const total = 500 + Math.floor(4_999 / 11) - Math.floor(4_999 / 110);
    expect(summary).toContain(`_${(total - shown).toLocaleString('en-US')} more findings: see the report._`);
  });
});
