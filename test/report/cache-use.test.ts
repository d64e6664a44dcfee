import { describe, expect, it } from 'vitest';
import { renderCacheUse, renderDuration } from '../../src/report/figures.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { renderText } from '../../src/report/text.ts';
import { mixedReport, verifiedReport } from './support/reports.ts';

describe('what the cache saved', () => {
  it('is said in the summary and on the terminal: how many proofs, how old, how many requests', () => {
    const words = '(the oldest listed 2 h 30 min ago), all verified again; 6 requests saved';
    expect(renderCacheUse(mixedReport())).toMatch(/^proofs of 1 of \d+ components from the cache /);
    expect(renderSummary(mixedReport())).toContain('6 requests saved');
    expect(renderText(mixedReport(), { color: false, width: 300 })).toContain(words);
  });

  it('is not mentioned when no proofs are kept', () => {
    expect(renderSummary(verifiedReport())).not.toContain('Cache');
    expect(renderText(verifiedReport(), { color: false, width: 300 })).not.toContain('cache');
  });

  it('names ages of a day in hours', () => {
    expect(renderDuration(23 * 3_600_000 + 59 * 60_000)).toBe('23 h 59 min');
  });
});
