// The command with a policy, as its users start it: with the engine that is shipped.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEntry } from './support/entry.ts';
import { matching } from './support/faults.ts';
import { type RuleText, rego } from './support/policies.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';
import { type Gate, openGate } from './validate/support/gate.ts';

const PASSES: RuleText = { short: 'passes', when: 'false' };
const FIRES: RuleText = { short: 'fires', message: '"no luck"', custom: { solution: 'Be lucky.' } };

let gate: Gate;
let temp: TempDirectory;
let image: string;
let files = 0;

beforeAll(async () => {
  gate = await openGate();
  temp = tempDirectory();
  image = await gate.push('app');
});
afterAll(async () => {
  await gate.close();
  temp.remove();
});

const file = (name: string, text: string) => {
  files += 1;
  return temp.write(`${files}-${name}`, text);
};
const policy = (...rules: RuleText[]) =>
  file('policy.json', JSON.stringify({ sources: [{ policy: [file('main.rego', rego(...rules))] }] }));
const verify = (...parameters: string[]) =>
  runEntry('src/cli.ts', [
    ...['verify', image, '--ignore-rekor', '--cache', 'false'],
    ...['--public-key', file('cosign.pub', gate.key.publicPem), ...parameters],
  ]);

describe('proofgate verify --policy', () => {
  it('passes what policies have nothing against, and writes each output that was asked for', async () => {
    const yaml = join(temp.path, 'report.yaml');
    const appstudio = join(temp.path, 'appstudio.json');
    const outputs = ['--output', `yaml=${yaml}`, '--output', `appstudio=${appstudio}`];
    const finished = await verify('--policy', policy(PASSES), ...outputs);
    expect(finished).toMatchObject({ code: 0, stderr: expect.not.stringContaining('policy') });
    expect(JSON.parse(readFileSync(appstudio, 'utf8'))).toMatchObject({ result: 'SUCCESS', failures: 0 });
    expect(readFileSync(yaml, 'utf8')).toContain('main.passes');
  });

  it('fails for a violation, and says which rule and what to do', async () => {
    const finished = await verify('--policy', policy(PASSES, FIRES));
    expect(finished.code).toBe(1);
    for (const part of ['main.fires', 'no luck', 'Be lucky.']) expect(finished.stdout).toContain(part);
    expect((await verify('--policy', policy(FIRES), '--strict=false')).code).toBe(0);
  });

  it('takes a policy that does not compile for bad input, and names file and line', async () => {
    const broken = file('broken.rego', 'package main\nimport rego.v1\ndeny contains "x" if nonsense(1)\n');
    const finished = await verify('--policy', JSON.stringify({ sources: [{ policy: [broken] }] }));
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain('nothing was looked at');
    expect(finished.stderr).toContain('broken.rego:3');
  });

  it('leaves open what could not be evaluated', async () => {
    const blob = gate.registry.putBlob('data', 'x');
    gate.registry.faults.push(matching(/\/v2\/data\//, { kind: 'status', status: 403 }));
    const looks = { short: 'looks', when: `ec.oci.blob("${gate.registry.host}/data@${blob.digest}") == "y"` };
    const finished = await verify('--policy', policy(looks));
    expect(finished.code).toBe(3);
    expect(finished.stdout).toContain('Could not check the policy');
  });

  it('ends when it is interrupted while policies compute', async () => {
    const slow = {
      short: 'slow',
      when: 'count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i == j]) == 1',
    };
    const parameters = ['verify', image, '--ignore-rekor', '--cache', 'false', '--policy', policy(slow)];
    const key = ['--public-key', file('cosign.pub', gate.key.publicPem)];
    gate.registry.clearLog();
    const finished = await runEntry('src/cli.ts', [...parameters, ...key], {
      onStart: (child) => {
        let isInterrupted = false;
        gate.registry.faults.push(({ path }) => {
          // A second one would end it at once.
          if (!isInterrupted && path.endsWith('.att')) isInterrupted = child.kill('SIGTERM');
          return undefined;
        });
      },
    });
    expect(finished.code).toBe(3);
    expect(finished.stdout).toContain('SIGTERM');
  });
});
