import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoSnapshot, pushDemoSnapshot } from '../demo/snapshot.ts';
import { runEntry } from './support/entry.ts';
import type { FaultRule } from './support/faults.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { type SigstoreServices, startSigstore } from './support/sigstore.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';

const CLI = 'src/cli.ts';
const verify = (...parameters: string[]) => runEntry(CLI, ['verify', ...parameters]);

let temp: TempDirectory;
let registry: TestRegistry;
let sigstore: SigstoreServices;
let demo: DemoSnapshot;
/** Whom to trust in the demonstration's release. */
let trust: string[];

beforeAll(async () => {
  temp = tempDirectory();
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  demo = await pushDemoSnapshot(registry, sigstore);
  trust = [
    ...['--public-key', temp.write('cosign.pub', demo.publicKeyPem)],
    ...['--certificate-identity', demo.identity.subject],
    ...['--certificate-oidc-issuer', demo.identity.issuer],
    ...['--trusted-root', temp.write('trusted_root.json', demo.trustedRoot)],
  ];
});
afterAll(async () => {
  await Promise.all([registry.close(), sigstore.close()]);
  temp.remove();
});

function image(name: string): string {
  const component = demo.snapshot.components.find((candidate) => candidate.name === name);
  if (component === undefined) throw new Error(`no component is called ${name}`);
  return component.containerImage;
}

describe('proofgate', () => {
  it('prints its version and its help, with examples and every exit code', async () => {
    const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await runEntry(CLI, ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await verify('--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('Examples:');
    expect(help.stdout).toContain('Exit codes:');
  });

  it.each([[[]], [['verfy']], [['verify', '--public-key']], [['verify', '--install']]])(
    'takes %j for bad input, never for success',
    async (parameters) => {
      const finished = await runEntry(CLI, parameters);
      expect(finished.code).toBe(2);
      expect(finished.stdout).toBe('');
      expect(finished.stderr).not.toBe('');
    },
  );

  it('names every problem of bad input in one go, and sends no request', async () => {
    registry.clearLog();
    const finished = await verify(
      image('api'),
      'Bad/REF',
      '--nonsense',
      '--strict=maybe',
      '--public-key',
      'k8s://a',
    );
    expect(finished.code).toBe(2);
    for (const part of ['Bad/REF', '--nonsense', '"maybe"', 'k8s://'])
      expect(finished.stderr).toContain(part);
    expect(registry.requests).toEqual([]);
  });

  it('does not take an image for the value of a boolean', async () => {
    const finished = await verify('--strict', 'Bad/REF', '--ignore-rekor', 'true', '--strict=false');
    expect(finished.stderr).toContain('Bad/REF');
    expect(finished.stderr).toContain('--strict is given 2 times');
    expect(finished.stderr).not.toContain('neither true nor false');
  });

  it('lets nobody forge a line of its output', async () => {
    const finished = await verify('a\n::error::forged', '--public-key', 'x\u001b[2Jy');
    expect(finished.stderr).not.toContain('\u001b');
    for (const line of finished.stderr.split('\n')) expect(line).not.toMatch(/^\s*::/);
  });
});

describe('proofgate verify', () => {
  it('exits 0 when everything is verified', async () => {
    const finished = await verify(image('api'), ...trust);
    expect(finished.code).toBe(0);
    expect(finished.stdout).toContain('VERIFIED');
  });

  it('exits 1 for something rejected, and 0 when not strict, and reports it all the same', async () => {
    for (const [parameters, code] of [[[], 1] as const, [['--strict=false'], 0] as const]) {
      const finished = await verify(image('exporter'), ...trust, ...parameters);
      expect(finished.code).toBe(code);
      expect(finished.stdout).toContain('REJECTED');
    }
  });

  it('exits 3 for something undetermined, strict or not', async () => {
    const runs = [[], ['--strict=false']].map((parameters) =>
      verify(image('archive'), ...trust, ...parameters),
    );
    for (const finished of await Promise.all(runs)) {
      expect(finished.code).toBe(3);
      expect(finished.stdout).toContain('UNDETERMINED');
    }
  });

  it('exits 3 for something undetermined beside something rejected when it is not strict', async () => {
    const finished = await verify(image('exporter'), image('archive'), ...trust, '--strict=false');
    expect(finished.code).toBe(3);
  });

  it('exits 2 for credentials that cannot be read, and looks at nothing', async () => {
    using folder = tempDirectory();
    folder.write('config.json', '{"auths": "all of them"}');
    const environment = { DOCKER_CONFIG: folder.path };
    registry.clearLog();
    const finished = await runEntry(CLI, ['verify', image('api'), ...trust], { environment });
    expect(finished.code).toBe(2);
    expect(registry.requests).toEqual([]);
  });

  it('writes the report of a whole release in every format, and nothing else', async () => {
    using folder = tempDirectory();
    const snapshot = folder.write('snapshot.json', JSON.stringify(demo.snapshot));
    const paths = ['report.json', 'deep/junit.xml', 'sarif.json'].map((name) => join(folder.path, name));
    const [report = '', junit = '', sarif = ''] = paths;
    const outputs = ['--report', report, '--junit', junit, '--sarif', sarif];
    const finished = await verify('--snapshot', snapshot, ...trust, ...outputs);
    expect(finished.code).toBe(1);
    const parsed: { components: { name: string; outcome: string }[] } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    expect(new Map(parsed.components.map(({ name, outcome }) => [name, outcome]))).toEqual(demo.expected);
    expect(readFileSync(junit, 'utf8')).toContain('<testsuite');
    expect(JSON.parse(readFileSync(sarif, 'utf8'))).toMatchObject({ version: '2.1.0' });
    expect(readdirSync(folder.path).sort()).toEqual(['deep', 'report.json', 'sarif.json', 'snapshot.json']);
  });

  it('prints JSON alone on standard output for --report -, and the text beside it', async () => {
    const finished = await verify(image('api'), ...trust, '--report', '-');
    expect(finished.code).toBe(0);
    expect(JSON.parse(finished.stdout)).toMatchObject({ result: 'verified' });
    expect(finished.stderr).toContain('VERIFIED');
  });

  it('does not exit 0 when a report is lost, and says which', async () => {
    using folder = tempDirectory();
    const occupied = join(folder.write('file', ''), 'report.json');
    const finished = await verify(image('api'), ...trust, '--report', occupied);
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('report.json');
    expect(finished.stdout).toContain('VERIFIED');
  });

  it('does not hang where no folder can be made for a report', async () => {
    const finished = await verify(image('api'), ...trust, '--report', '/proc/nowhere/deep/report.json');
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('cannot write the file');
  });

  it('writes through a symbolic link, and to what is no plain file, without replacing it', async () => {
    using folder = tempDirectory();
    const target = folder.write('target.json', 'old');
    const link = join(folder.path, 'link.json');
    symlinkSync(target, link);
    const finished = await verify(image('api'), ...trust, '--report', link, '--sarif', '/dev/null');
    expect(finished.code).toBe(0);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ result: 'verified' });
  });

  it('paints only where colours are wanted', async () => {
    const painted = async (environment: Record<string, string>) =>
      (await runEntry(CLI, ['verify', image('api'), ...trust], { environment })).stdout.includes('\u001b[');
    expect(await painted({})).toBe(false);
    expect(await painted({ FORCE_COLOR: '1' })).toBe(true);
    expect(await painted({ FORCE_COLOR: '0', NO_COLOR: '' })).toBe(false);
  });

  it('keeps its verdict when nobody reads the text', async () => {
    const piped = await runEntry(CLI, ['verify', image('exporter'), ...trust], {
      onStart: (child) => child.stdout.destroy(),
    });
    expect(piped.code).toBe(1);
  });

  it('never outlasts its timeout', async () => {
    const slow = await startRegistry({ faults: () => ({ kind: 'stall' }) });
    try {
      const finished = await verify(`${slow.host}/shop/api:1`, ...trust, '--timeout', '200ms');
      expect(finished.code).toBe(3);
      expect(finished.stdout).toContain('TIMEOUT');
    } finally {
      await slow.close();
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s with what is known, and exits 3', async (signal) => {
    let kill = () => {};
    const stalled: FaultRule = () => {
      kill();
      return { kind: 'stall' };
    };
    const slow = await startRegistry({ faults: stalled });
    try {
      const finished = await runEntry(CLI, ['verify', `${slow.host}/shop/api:1`, ...trust], {
        onStart: (child) => {
          kill = () => child.kill(signal);
        },
      });
      expect(finished.code).toBe(3);
      expect(finished.stdout).toContain('UNDETERMINED');
    } finally {
      await slow.close();
    }
  });

  it.each([
    ['an exception', 'throw new Error("boom")'],
    ['a rejected promise', 'Promise.reject(new Error("boom"))'],
  ])('does not exit 0, nor as if something were rejected, for %s that nobody catches', async (_, defect) => {
    let strike = () => {};
    const stalled: FaultRule = () => {
      strike();
      return { kind: 'stall' };
    };
    const slow = await startRegistry({ faults: stalled });
    try {
      const module = encodeURIComponent(`process.once("SIGUSR2", () => { ${defect} })`);
      const finished = await runEntry(CLI, ['verify', `${slow.host}/shop/api:1`, ...trust], {
        environment: { NODE_OPTIONS: `--import=data:text/javascript,${module}` },
        onStart: (child) => {
          strike = () => child.kill('SIGUSR2');
        },
      });
      expect(finished.code).toBe(3);
      expect(finished.stderr).toContain('boom');
    } finally {
      await slow.close();
    }
  });
});

describe('proofgate cache', () => {
  const cache = (folder: TempDirectory, ...parameters: string[]) =>
    runEntry(CLI, ['cache', ...parameters, '--cache-dir', folder.path]);

  it('says what is kept, finds what is bad and names it, and prunes to a size', async () => {
    using folder = tempDirectory();
    await verify(image('api'), ...trust, '--cache-dir', folder.path);
    expect((await cache(folder, 'stat')).stdout).toMatch(
      /^1 proof, the oldest listed .* ago\n[5-9] blobs, /m,
    );
    expect((await cache(folder, 'verify')).code).toBe(0);
    const [blob = ''] = readdirSync(folder.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    writeFileSync(blob, 'damage');
    const verified = await cache(folder, 'verify');
    expect(verified.code).toBe(1);
    expect(verified.stdout).toContain(basename(blob));
    expect((await cache(folder, 'prune', '--cache-max-size', '0B')).code).toBe(0);
    expect((await cache(folder, 'stat')).stdout).toContain('0 blobs');
  });

  it('uses the folder of the user when none is named, and says so', async () => {
    using home = tempDirectory();
    const environment = { XDG_CACHE_HOME: home.path };
    await runEntry(CLI, ['verify', image('api'), ...trust], { environment });
    const { stdout, code } = await runEntry(CLI, ['cache', 'stat'], { environment });
    expect(stdout).toContain(join(home.path, 'proofgate'));
    expect(stdout).toContain('1 proof');
    expect(code).toBe(0);
  });

  it('takes a bad size, or no home at all, for bad input', async () => {
    using folder = tempDirectory();
    expect((await cache(folder, 'prune', '--cache-max-size', 'lots')).code).toBe(2);
    expect((await runEntry(CLI, ['cache', 'stat'])).code).toBe(2);
  });
});
