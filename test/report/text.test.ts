import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderText } from '../../src/report/text.ts';
import {
  component,
  finding,
  HOSTILE,
  hostileReport,
  hugeReport,
  mixedReport,
  report,
  verifiedReport,
} from './support/reports.ts';

const plain = { color: false, width: 100 };

describe('the text report', () => {
  const mixed = renderText(mixedReport(), plain);

  it('shows findings first and ends with the counts', () => {
    const heads = mixed.split('\n').filter((line) => /^\S/.test(line));
    expect(heads).toEqual([
      '✕ REJECTED  Image signature is not trusted  NO_SIGNATURE, 2 components',
      '✕ REJECTED  Task bundle signature is not trusted  SIGNER_MISMATCH, 2 components',
      '✕ REJECTED  Image signature is not trusted  SIGNER_MISMATCH, 1 component',
      '? UNDETERMINED  Could not check the access to the image  THROTTLED, 1 component',
      '✓ VERIFIED  6 components',
      'Task bundles',
      'Warnings',
      'Cost',
      'REJECTED: 5 of 12 components rejected, 1 undetermined, 6 verified',
    ]);
    expect(mixed.endsWith('6 verified\n')).toBe(true);
  });

  it('names component, image, cause and what to do in every finding', () => {
    expect(mixed).toMatch(
      /\n {2}ledger\n {4}registry\.test\/shop\/ledger@sha256:[0-9a-f]{64}\n {4}signed by .*\n {6}- bundle/,
    );
    expect(mixed).toContain('  What to do: Check who built this image before you trust it.');
    expect(mixed).toContain('  mail, queue\n');
  });

  it('shows the ledger', () => {
    expect(mixed).toContain('  quay.test: 7 requests (200 × 1, 429 × 5, error × 1), 4 retries, 1.2 KiB\n');
    expect(mixed).toContain('  3.4 s, peak memory 121 MiB, shared: 52 lookups and 31 verifications\n');
  });

  it('lists verified components with their signers unless told otherwise', () => {
    expect(mixed).toMatch(
      /\n {2}checkout {4}registry\.test\/shop\/checkout@sha256:[0-9a-f]{12}… {2}key cosign\.pub\n/,
    );
    expect(renderText(mixedReport(), { ...plain, showVerified: false })).not.toContain('checkout  ');
  });

  it('has colours when asked, and the same words', () => {
    const painted = renderText(mixedReport(), { ...plain, color: true });
    expect(painted).toContain('\u001b[');
    expect(stripVTControlCharacters(painted)).toBe(mixed);
    expect(stripVTControlCharacters(mixed)).toBe(mixed);
  });

  it('lets no hostile text move the cursor, change the direction or command a runner', () => {
    const verified = HOSTILE.map((text) => component(text, { containerImage: text }));
    const { components, ...rest } = hostileReport();
    const one = { ...rest, components: [...components, ...verified] };
    const lines = renderText(one, { color: false, width: 40 }).split('\n');
    for (const line of lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(line.trimStart()).not.toMatch(/^::/);
      expect(line).not.toContain('##[');
    }
    expect(lines.filter((line) => line.startsWith('✓ VERIFIED'))).toHaveLength(1);
  });

  it('lets no hostile text begin a line that wrapping made', () => {
    const message = 'x'.repeat(30).concat(' ::error::forged');
    const one = report([
      component('a', { findings: [finding('builtin.image.signature_check', 'NO_SIGNATURE', { message })] }),
    ]);
    const lines = renderText(one, { color: false, width: 36 }).split('\n');
    expect(lines).toContain('    : :error::forged');
  });

  it('wraps prose at the width and never breaks a reference', () => {
    const lines = renderText(mixedReport(), { color: false, width: 60 }).split('\n');
    const prose = lines.filter((line) => line.startsWith(' ') && !/@sha256:|https:/.test(line));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines).toContainEqual(expect.stringMatching(/registry\.test\/shop\/ledger@sha256:[0-9a-f]{64}$/));
  });

  it('is short when all is verified', () => {
    expect(renderText(verifiedReport(), { ...plain, showVerified: false })).toBe(
      'Cost\n  trust: public good\n  12.3 s, peak memory 121 MiB, shared: 0 lookups and 0 verifications\n\nVERIFIED: all 2 components verified\n',
    );
  });

  it('says that nothing was looked at, and never that it is verified', () => {
    expect(renderText(report([]), plain)).toMatch(/\nUNDETERMINED: no component was looked at\n$/);
  });

  it('holds five thousand components', () => {
    expect(renderText(hugeReport(), plain)).toContain('REJECTED: 500 of 5,000 components rejected');
  });
});
