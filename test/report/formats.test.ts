import { describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import { OUTPUT_FORMATS, parseOutputRequest, renderOutput } from '../../src/report/formats.ts';
import {
  hostilePolicyReport,
  hugePolicyReport,
  policyReport,
  TASKS_RULE,
  violation,
} from './support/policies.ts';
import { component, report, whole } from './support/reports.ts';

function codeOf(text: string): string {
  try {
    return `read as ${JSON.stringify(parseOutputRequest(text))}`;
  } catch (error) {
    return error instanceof ProofgateError ? error.code : String(error);
  }
}

describe('an output', () => {
  it.each([
    ['json', { format: 'json', path: '-' }],
    ['yaml=-', { format: 'yaml', path: '-' }],
    ['appstudio=/tmp/a=b.json', { format: 'appstudio', path: '/tmp/a=b.json' }],
    ['text=what?.txt', { format: 'text', path: 'what?.txt' }],
    [' summary-markdown=summary.md ', { format: 'summary-markdown', path: 'summary.md' }],
  ])('is read from %j', (text, request) => {
    expect(parseOutputRequest(text)).toEqual(request);
  });

  it.each(['', 'xml', 'JSON', 'json=', '=file', 'constructor', '__proto__=x', 'json report.json'])(
    'is not read from %j',
    (text) => {
      expect(codeOf(text)).toBe('BAD_OPTION');
    },
  );

  it('is refused with settings that would become part of the file name', () => {
    expect(codeOf('text=out.txt?show-successes=true')).toBe('BAD_OPTION');
    expect(codeOf('text?show-successes=true')).toBe('BAD_OPTION');
  });
});

describe('every output', () => {
  it.each(OUTPUT_FORMATS)(
    '%s stands a component of which policies say ten thousand long things',
    (format) => {
      const rule = { ...TASKS_RULE, description: 'd'.repeat(30_000), solution: 's'.repeat(30_000) };
      const findings = Array.from({ length: 10_000 }, (_, index) =>
        violation('a.b', `message ${index}`, { rule }),
      );
      const one = report([component('a', { findings })]);
      let largest = 0;
      for (const piece of renderOutput(format, one, { color: false }))
        largest = Math.max(largest, piece.length);
      expect(largest).toBeLessThan(1024 * 1024);
    },
    60_000,
  );

  it.each(OUTPUT_FORMATS)('%s ends in a line break, whatever there is to tell', (format) => {
    for (const one of [report([]), policyReport(), hostilePolicyReport()]) {
      const text = whole(renderOutput(format, one, { color: false }));
      if (text !== '') expect(text.endsWith('\n')).toBe(true);
    }
  });

  it.each(OUTPUT_FORMATS)(
    '%s comes in small pieces for 2,000 components of which policies say 150 things',
    (format) => {
      const one = huge();
      let [length, largest, before] = [0, 0, performance.now()];
      for (const piece of renderOutput(format, one, { color: false })) {
        length += piece.length;
        largest = Math.max(largest, piece.length);
      }
      expect(largest).toBeLessThan(1024 * 1024);
      expect(length).toBeGreaterThanOrEqual(format === 'policy-input' ? 0 : 90);
      // Half a second to five on a quiet machine: this only tells what is quadratic.
      expect(performance.now() - before).toBeLessThan(60_000);
    },
    120_000,
  );
});

let hugeOnce: ReturnType<typeof hugePolicyReport> | undefined;

function huge() {
  hugeOnce ??= hugePolicyReport();
  return hugeOnce;
}
