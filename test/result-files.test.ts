import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inBatches, writeOutputFile } from '../src/output-file.ts';
import type { OutputOptions } from '../src/output-options.ts';
import { OUTPUT_FORMATS, type OutputRequest } from '../src/report/formats.ts';
import { renderStandardOutput, writeResultFiles } from '../src/result-files.ts';
import { policyReport } from './report/support/policies.ts';
import { whole } from './report/support/reports.ts';
import { tempDirectory } from './support/temp.ts';

const nothing: OutputOptions = { report: undefined, junit: undefined, sarif: undefined, output: [] };
const wanting = (...output: OutputRequest[]): OutputOptions => ({ ...nothing, output });

describe('result files', () => {
  it('are written in every format, and say what standard output would', () => {
    using temp = tempDirectory();
    const folder = temp.path;
    const requests = OUTPUT_FORMATS.map((format) => ({ format, path: join(folder, 'deep', format) }));
    expect(writeResultFiles(wanting(...requests), policyReport())).toEqual([]);
    for (const { format, path } of requests) {
      const printed = renderStandardOutput(wanting({ format, path: '-' }), policyReport());
      expect(readFileSync(path, 'utf8')).toBe(whole(printed ?? []));
      expect(readFileSync(path, 'utf8')).not.toBe('');
    }
    expect(readdirSync(join(folder, 'deep')).sort()).toEqual([...OUTPUT_FORMATS].sort());
  });

  it('are the three of old beside them', () => {
    using temp = tempDirectory();
    const folder = temp.path;
    const [report, junit, sarif, yaml] = ['r', 'j', 's', 'y'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    const options = { report, junit, sarif, output: [{ format: 'yaml', path: yaml }] as const };
    expect(writeResultFiles(options, policyReport())).toEqual([]);
    expect(JSON.parse(readFileSync(report, 'utf8')).result).toBe('rejected');
    expect(readFileSync(junit, 'utf8')).toContain('<testsuites');
    expect(JSON.parse(readFileSync(sarif, 'utf8')).version).toBe('2.1.0');
    expect(readFileSync(yaml, 'utf8')).toContain('result: "rejected"\n');
  });

  it('go to standard output for "-", where nothing else does', () => {
    expect(renderStandardOutput(nothing, policyReport())).toBeUndefined();
    expect(renderStandardOutput(wanting({ format: 'json', path: 'file' }), policyReport())).toBeUndefined();
    expect(whole(renderStandardOutput({ ...nothing, report: '-' }, policyReport()) ?? [])).toMatch(/^\{\n/);
    expect(writeResultFiles(wanting({ format: 'json', path: '-' }), policyReport())).toEqual([]);
  });

  it('have colours on a terminal, and never in a file', () => {
    using temp = tempDirectory();
    const path = join(temp.path, 'text');
    const terminal = renderStandardOutput(wanting({ format: 'text', path: '-' }), policyReport(), {
      color: true,
    });
    expect(whole(terminal ?? [])).toContain('\u001b[');
    writeResultFiles(wanting({ format: 'text', path }), policyReport());
    expect(readFileSync(path, 'utf8')).not.toContain('\u001b');
  });

  it('that cannot be written are told, and keep no other from being written', () => {
    using temp = tempDirectory();
    const folder = temp.path;
    mkdirSync(join(folder, 'taken'));
    const [bad, good] = [join(folder, 'taken'), join(folder, 'good')];
    const options = wanting({ format: 'yaml', path: bad }, { format: 'appstudio', path: good });
    expect(writeResultFiles(options, policyReport()).map(({ code }) => code)).toEqual(['UNWRITABLE_FILE']);
    expect(readFileSync(good, 'utf8')).toContain('"result":"FAILURE"');
  });
});

describe('an output file', () => {
  it('stays as it was, and leaves nothing beside it, when a document breaks off', () => {
    using temp = tempDirectory();
    const folder = temp.path;
    const path = join(folder, 'report');
    writeFileSync(path, 'old');
    const pieces = function* () {
      yield 'x'.repeat(300_000);
      throw new Error('a defect');
    };
    expect(() => writeOutputFile(path, pieces())).toThrow(
      expect.objectContaining({ code: 'UNWRITABLE_FILE' }),
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['report']);
  });

  it('is written in batches that lose no piece', () => {
    const pieces = Array.from({ length: 10_000 }, (_, index) => `${index} ${'x'.repeat(index % 100)}\n`);
    const batches = [...inBatches(pieces)];
    expect(batches.join('')).toBe(pieces.join(''));
    expect(batches.length).toBeLessThan(5);
    expect([...inBatches([])]).toEqual([]);
  });
});
