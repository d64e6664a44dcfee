import { mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoSnapshot, pushDemoSnapshot } from '../demo/snapshot.ts';
import { runAction } from './support/entry.ts';
import type { FaultRule } from './support/faults.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { type SigstoreServices, startSigstore } from './support/sigstore.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';

const ACTION = 'src/action.ts';

let temp: TempDirectory;
let registry: TestRegistry;
let sigstore: SigstoreServices;
let demo: DemoSnapshot;
let trust: Record<string, string>;

beforeAll(async () => {
  temp = tempDirectory();
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  demo = await pushDemoSnapshot(registry, sigstore);
  trust = {
    'public-key': demo.publicKeyPem,
    'certificate-identity': demo.identity.subject,
    'certificate-oidc-issuer': demo.identity.issuer,
    'trusted-root': temp.write('trusted_root.json', demo.trustedRoot),
  };
});
afterAll(async () => {
  await Promise.all([registry.close(), sigstore.close()]);
  temp.remove();
});

const run = (inputs: Record<string, string>, options = {}) => runAction(ACTION, inputs, temp.path, options);
const errors = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('::error'));

function image(name: string): string {
  return demo.snapshot.components.find((component) => component.name === name)?.containerImage ?? '';
}

describe('the action', () => {
  it('passes, and says so in every output, when everything is verified', async () => {
    const result = await run({ ...trust, images: image('api') });
    expect(result.code).toBe(0);
    expect(result.outputs).toMatchObject({
      result: 'verified',
      'verified-count': '1',
      'rejected-count': '0',
      'undetermined-count': '0',
    });
    expect(JSON.parse(readFileSync(result.outputs.report ?? '', 'utf8'))).toMatchObject({
      result: 'verified',
    });
    expect(result.summary).toContain('api');
    expect(errors(result.stdout)).toEqual([]);
    expect(result.path).toEqual([]);
  });

  it('fails for a release with something rejected, after all outputs are set', async () => {
    const result = await run({ ...trust, snapshot: JSON.stringify(demo.snapshot) });
    const count = (outcome: string) =>
      String([...demo.expected.values()].filter((value) => value === outcome).length);
    expect(result.code).toBe(1);
    expect(result.outputs).toMatchObject({
      result: 'rejected',
      'verified-count': count('verified'),
      'rejected-count': count('rejected'),
      'undetermined-count': count('undetermined'),
    });
    const report: { components: unknown[] } = JSON.parse(readFileSync(result.outputs.report ?? '', 'utf8'));
    expect(report.components).toHaveLength(demo.expected.size);
    expect(errors(result.stdout).length).toBeGreaterThan(1);
    expect(errors(result.stdout).length).toBeLessThanOrEqual(10);
    expect(errors(result.stdout).at(-1)).toMatch(/^::error::Release rejected: /);
    expect(result.summary).toContain('exporter');
  });

  it('passes for something rejected when it is not strict, and warns', async () => {
    const result = await run({ ...trust, images: image('exporter'), strict: 'false' });
    expect(result.code).toBe(0);
    expect(result.outputs.result).toBe('rejected');
    expect(result.stdout).toMatch(/^::warning::.*strict is false/m);
  });

  it('fails for something undetermined although it is not strict', async () => {
    const result = await run({ ...trust, images: image('archive'), strict: 'false' });
    expect(result.code).toBe(1);
    expect(result.outputs).toMatchObject({ result: 'undetermined', 'undetermined-count': '1' });
  });

  it('names every problem of bad input, asks no registry, and does not call it verified', async () => {
    registry.clearLog();
    const result = await run({
      images: `${image('api')}\nBad/REF`,
      workers: 'many',
      'public-key': 'k8s://a',
    });
    expect(result.code).toBe(1);
    expect(result.outputs).toMatchObject({ result: 'undetermined', 'verified-count': '0' });
    const [error = ''] = errors(result.stdout);
    for (const part of ['images, line 2', 'workers', 'k8s://']) expect(error).toContain(part);
    expect(registry.requests).toEqual([]);
  });

  it('writes the report where it is told to, and fails when it cannot', async () => {
    const path = join(temp.path, 'reports', 'gate.json');
    const written = await run({ ...trust, images: image('api'), report: path });
    expect(written.outputs.report).toBe(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ result: 'verified' });
    const lost = await run({ ...trust, images: image('api'), sarif: join(path, 'sarif.json') });
    expect(lost.code).toBe(1);
    expect(errors(lost.stdout).join()).toContain('A result is lost');
  });

  it('merges the reports of shards, and shows the one that comes of them as its own', async () => {
    const folder = mkdtempSync(join(temp.path, 'shards-'));
    const images = `${image('api')}\n${image('exporter')}`;
    for (const index of [1, 2]) {
      const report = join(folder, `${index}.json`);
      const shard = await run({ ...trust, images, shard: `${index}/2`, report, strict: 'false' });
      expect(shard.code).toBe(0);
    }
    const merged = await run({ merge: folder });
    expect(merged.code).toBe(1);
    expect(merged.outputs).toMatchObject({
      result: 'rejected',
      'verified-count': '1',
      'rejected-count': '1',
    });
    expect(JSON.parse(readFileSync(merged.outputs.report ?? '', 'utf8')).components).toHaveLength(2);
    expect(merged.summary).toContain('1 of 2 components rejected');
    expect((await run({ merge: folder, strict: 'false' })).code).toBe(0);
  });

  it('does not call verified what it cannot merge', async () => {
    for (const inputs of [
      { merge: temp.write('none.json', '{}') },
      { merge: temp.path, images: image('api') },
    ]) {
      const result = await run(inputs);
      expect(result.code).toBe(1);
      expect(result.outputs.result).toBe('undetermined');
      expect(errors(result.stdout).join()).toContain('Nothing was merged');
    }
  });

  it('works outside of a runner, without its files', async () => {
    const environment = { GITHUB_STEP_SUMMARY: '', GITHUB_OUTPUT: '', RUNNER_TEMP: '', TMPDIR: temp.path };
    const result = await run({ ...trust, images: image('api') }, { environment });
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('::set-output name=result::verified');
  });

  it('fails a job that is cancelled, with what is known', async () => {
    let kill = () => {};
    const stalled: FaultRule = () => {
      kill();
      return { kind: 'stall' };
    };
    const slow = await startRegistry({ faults: stalled });
    try {
      const onStart = (child: { kill(signal: 'SIGINT'): boolean }) => {
        kill = () => child.kill('SIGINT');
      };
      const result = await run({ ...trust, images: `${slow.host}/shop/api:1` }, { onStart });
      expect(result.code).toBe(1);
      expect(result.outputs).toMatchObject({ result: 'undetermined' });
      expect(result.summary).not.toBe('');
    } finally {
      await slow.close();
    }
  });

  it('keeps the verdict when the command cannot be installed', async () => {
    // Beside the sources there is no bundled command.
    const result = await run({ ...trust, images: image('api'), install: 'true' });
    expect(result.code).toBe(1);
    expect(result.outputs.result).toBe('verified');
    expect(errors(result.stdout).join()).toContain('could not be installed');
    expect(dirname(result.outputs.report ?? '')).toContain(temp.path);
  });
});
