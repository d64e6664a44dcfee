// README is executed: its commands run, its workflow is parsed, its tables are compared with the code.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OPTIONS } from '../src/options/option-list.ts';
import { parsePolicyConfig } from '../src/policy/config.ts';
import { CHECKS } from '../src/report/checks.ts';
import { pushTaskBundle } from './support/images.ts';
import { provenanceV1 } from './support/provenance.ts';
import { byIdentity, signImage } from './support/signing.ts';
import { tempDirectory } from './support/temp.ts';
import { type Gate, openGate, tasks } from './validate/support/gate.ts';

const ROOT = dirname(import.meta.dirname);
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const ACTION: { inputs: Record<string, unknown>; outputs: Record<string, unknown> } = parse(
  readFileSync(join(ROOT, 'action.yml'), 'utf8'),
);
const blocks = (language: string) =>
  [...README.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) =>
    text.trim(),
  );
const commands = blocks('sh');

/** The rows of the table that starts with this header cell: the cells of each, without back-ticks. */
function tableRows(header: string): string[][] {
  const lines = README.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${header} |`));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
  );
}

/** Not synchronous: the registry that it asks runs in this process. */
async function shell(command: string, cwd: string) {
  using cache = tempDirectory();
  const env = { ...process.env, XDG_CACHE_HOME: cache.path };
  const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

describe('the first two commands', () => {
  it('are the demonstration and the tests, and CI calls the latter word for word', () => {
    expect(commands.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    expect(readFileSync(join(ROOT, '.ci', 'run'), 'utf8')).toMatch(/^npm ci && npm test\b/m);
  });

  it('npm start verifies a release, and ends with the command for real images', async () => {
    const { code, stdout } = await shell('npm start', ROOT);
    expect(stdout).toContain('REJECTED: 2 of 14 components rejected, 1 undetermined, 11 verified');
    expect(stdout.trimEnd().split('\n').at(-1)?.trim()).toBe(commands[2]);
    expect(code).toBe(0);
  });
});

describe('the commands for real images', () => {
  let gate: Gate;
  const SUBJECT = 'https://github.com/shop/cart/.github/workflows/release.yml@refs/tags/v1.0.0';
  const ISSUER = 'https://token.actions.githubusercontent.com';

  beforeAll(async () => {
    gate = await openGate();
  });
  afterAll(async () => {
    await gate.close();
  });

  /** As written, but for the names of the example and the trust root of the services that signed here. */
  function localise(command: string, digest: string): string {
    return command
      .replace('npx proofgate', `${process.execPath} ${join(ROOT, 'dist/cli/index.js')}`)
      .replace('registry.example.com', gate.registry.host)
      .replace('DIGEST', digest)
      .concat(' --trusted-root trusted_root.json');
  }

  it('npx finds the command in a checkout', async () => {
    const { code, stdout } = await shell('npx proofgate --version', ROOT);
    expect(stdout).toContain(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
    expect(code).toBe(0);
  });

  it('verify an image by key', async () => {
    const [, , command = ''] = commands;
    const digest = (await gate.push('shop/cart')).split(':').at(-1) ?? '';
    using temp = tempDirectory();
    temp.write('cosign.pub', gate.key.publicPem);
    temp.write('trusted_root.json', gate.sigstore.trustedRootJson);
    expect(await shell(localise(command, digest), temp.path)).toMatchObject({ code: 0 });
  });

  it('verify a snapshot keyless, with its task bundles, and write the reports', async () => {
    const [, , , command = ''] = commands;
    const bundle = pushTaskBundle(gate.registry, 'tasks/clone', ['clone']);
    const signer = { type: 'key', key: gate.taskKey } as const;
    await signImage(gate.registry, 'tasks/clone', bundle, { ...gate.signed, signer });
    const provenance = provenanceV1({ tasks: tasks(gate.reference('tasks/clone', bundle)) });
    const containerImage = await gate.push('shop/app', { signer: byIdentity(SUBJECT, ISSUER), provenance });
    using temp = tempDirectory();
    writeFileSync(
      join(temp.path, 'snapshot.yaml'),
      `components:\n  - name: app\n    containerImage: ${containerImage}\n`,
    );
    temp.write('tasks.pub', gate.taskKey.publicPem);
    temp.write('trusted_root.json', gate.sigstore.trustedRootJson);
    expect(await shell(localise(command, ''), temp.path)).toMatchObject({ code: 0 });
    const report = JSON.parse(readFileSync(join(temp.path, 'report.json'), 'utf8'));
    expect(report).toMatchObject({ result: 'verified', taskBundles: [{ outcome: 'verified' }] });
    expect(readFileSync(join(temp.path, 'junit.xml'), 'utf8')).toContain('<testsuite');
    expect(JSON.parse(readFileSync(join(temp.path, 'proofgate.sarif'), 'utf8'))).toMatchObject({
      version: '2.1.0',
    });
  });
});

describe('the policy', () => {
  it.each(blocks('yml'))('is one that is read', (content) => {
    expect(parsePolicyConfig(content, 'policy.yaml').sources.length).toBeGreaterThan(0);
  });
});

describe('the workflow', () => {
  it.each(blocks('yaml'))('is one that GitHub accepts, with inputs and outputs that there are', (content) => {
    const { context } = parseWorkflow({ name: 'readme.yml', content }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map((error) => error.message)).toEqual([]);
    const workflow: { jobs: Record<string, { steps: { uses?: string; with?: object }[] }> } = parse(content);
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const ours = steps.filter((step) => step.uses === './');
    expect(ours).not.toEqual([]);
    for (const step of ours) {
      for (const name of Object.keys(step.with ?? {})) expect(ACTION.inputs).toHaveProperty(name);
    }
    for (const [, name = ''] of content.matchAll(/outputs\.([\w-]+)/g))
      expect(ACTION.outputs).toHaveProperty(name);
  });
});

describe('the tables', () => {
  it('list every option with its default, and no other', () => {
    const listed = tableRows('option').map(([name, value]) => [name, value]);
    expect(listed).toEqual(OPTIONS.map((option) => [option.name, option.default]));
  });

  it('list every output of the action', () => {
    expect(tableRows('output').map(([name]) => name)).toEqual(Object.keys(ACTION.outputs));
  });

  it('list every check', () => {
    expect(tableRows('code').map(([code]) => code)).toEqual(Object.keys(CHECKS));
  });
});
