// OPA's own compliance cases through the module that is shipped. They come with OPA's Go module, so this needs Go.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEngine } from '../../src/policy/wasm/engine-files.ts';
import { Runtime } from '../../src/policy/wasm/runtime.ts';
import { type ComplianceCase, runCase } from './compliance-case.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EXCEPTIONS = join(import.meta.dirname, 'compliance-exceptions.json');
/** A policy without `if` or `contains` where v1 asks for them, and the like. */
const IS_OLD_SYNTAX = /^does not compile: .*(?:rego_parse_error|keyword)/;

const folder = findCases();
if (folder === undefined) {
  process.stderr.write('SKIPPED: OPA’s compliance cases, since Go or OPA’s module is not to be had here\n');
}

describe.skipIf(folder === undefined)('OPA’s compliance cases', { timeout: 300_000 }, () => {
  it('pass in Rego v1, but for those that are listed with their reasons', async () => {
    const failures = await runAll('v1');
    expect(failures.count).toBeGreaterThan(2000);
    expect(Object.keys(failures.reasons).sort(), JSON.stringify(failures.reasons, null, 1)).toEqual(
      Object.keys(readExceptions()).sort(),
    );
  });

  it('pass in Rego v0 as far as they are Rego v1 too: the rest is refused for its syntax', async () => {
    const failures = await runAll('v0');
    const wrong = Object.entries(failures.reasons).filter(([, reason]) => !IS_OLD_SYNTAX.test(reason));
    const excepted = readExceptions();
    expect(failures.count - Object.keys(failures.reasons).length).toBeGreaterThan(100);
    expect(wrong.filter(([note]) => !(note in excepted))).toEqual([]);
  });
});

function findCases(): string | undefined {
  try {
    const args = ['list', '-m', '-f', '{{.Dir}}', 'github.com/open-policy-agent/opa'];
    execFileSync('go', ['mod', 'download', 'github.com/open-policy-agent/opa'], { cwd: join(ROOT, 'rego') });
    const module = execFileSync('go', args, { cwd: join(ROOT, 'rego'), encoding: 'utf8' }).trim();
    const cases = join(module, 'v1', 'test', 'cases', 'testdata');
    return existsSync(cases) ? cases : undefined;
  } catch {
    return undefined;
  }
}

function readCases(half: string): ComplianceCase[] {
  const args = ['run', './cases', join(folder ?? '', half)];
  const text = execFileSync('go', args, { cwd: join(ROOT, 'rego'), encoding: 'utf8', maxBuffer: 1 << 28 });
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ComplianceCase);
}

function readExceptions(): Record<string, string> {
  return JSON.parse(readFileSync(EXCEPTIONS, 'utf8')) as Record<string, string>;
}

async function runAll(half: string): Promise<{ count: number; reasons: Record<string, string> }> {
  const cases = readCases(half);
  const files = await readEngine(join(ROOT, 'dist', 'policy'), 1_000_000_000);
  const runtime = await Runtime.start(files);
  const reasons: Record<string, string> = {};
  for (const one of cases) {
    const reason = await runCase(runtime, one);
    if (reason !== undefined) reasons[one.note] = reason;
  }
  return { count: cases.length, reasons };
}
