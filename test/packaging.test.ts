import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoSnapshot, pushDemoSnapshot } from '../demo/snapshot.ts';
import { renderLicences } from '../scripts/licences.ts';
import { runAction, runEntry } from './support/entry.ts';
import { rego } from './support/policies.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { type SigstoreServices, startSigstore } from './support/sigstore.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';

const ROOT = dirname(import.meta.dirname);
const BUNDLES = [
  'dist/action/index.js',
  'dist/cli/index.js',
  'dist/cache/index.js',
  'dist/worker/index.js',
] as const;

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const RUNTIME_PACKAGES = readRuntimePackages();

/**
 * The packages whose code is in the bundle, found without asking the bundler: three long lines of code that are in
 * no other package.
 */
function packagesIn(bundle: string): string[] {
  const lines = new Set(linesOf(readBundle(bundle)));
  const found = [...RUNTIME_PACKAGES].map(
    ([root, code]) => [root, code.filter((line) => lines.has(line))] as const,
  );
  const owners = new Map<string, number>();
  for (const line of found.flatMap(([, code]) => code)) owners.set(line, (owners.get(line) ?? 0) + 1);
  return found
    .filter(([, code]) => code.filter((line) => owners.get(line) === 1).length >= 3)
    .map(([root]) => root);
}

/** The program, with what it loads only when it needs it. */
function readBundle(bundle: string): string {
  const names = readdirSync(join(ROOT, dirname(bundle))).filter((name) => name.endsWith('.js'));
  return names.map((name) => read(join(dirname(bundle), name))).join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.length >= 40 && !/^(?:\*|\/[/*]|import |export )/.test(line));
}

/** The distinct long lines of code of each package that the lock file does not call a development one. */
function readRuntimePackages(): Map<string, string[]> {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(read('package-lock.json'));
  const roots = Object.entries(lock.packages)
    .filter(([root, { dev }]) => root !== '' && dev !== true && existsSync(join(ROOT, root)))
    .map(([root]) => root);
  return new Map(
    roots.map((root) => [root, [...new Set(codeFiles(root).flatMap((file) => linesOf(read(file))))]]),
  );
}

function codeFiles(root: string): string[] {
  const names = readdirSync(join(ROOT, root), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /\.[cm]?js$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(root, name));
}

describe('dist/', () => {
  it('holds the bundles and the policy engine, and nothing that they do not need', () => {
    const parts = ['action', 'cache', 'cli', 'licenses.txt', 'policy', 'worker'];
    expect(readdirSync(join(ROOT, 'dist')).sort()).toEqual(parts);
    for (const bundle of BUNDLES) {
      expect(JSON.parse(read(join(dirname(bundle), 'package.json')))).toEqual({ type: 'module' });
    }
  });

  it('can be run by its name: npx proofgate', () => {
    const { bin }: { bin: Record<string, string> } = JSON.parse(read('package.json'));
    expect(bin).toEqual({ proofgate: 'dist/cli/index.js' });
    expect(read('dist/cli/index.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(join(ROOT, 'dist/cli/index.js')).mode & 0o111).toBe(0o111);
  });

  it.each(BUNDLES.slice(0, 3))('has the licence of every package in %s', (bundle) => {
    const licences = read('dist/licenses.txt');
    const packages = packagesIn(bundle);
    expect(packages.length).toBeGreaterThan(20);
    const titles = packages.map((root) => {
      const { name, version }: { name: string; version: string } = JSON.parse(
        read(join(root, 'package.json')),
      );
      return `${name} ${version}`;
    });
    const isListed = (title: string) => `\n${licences}`.includes(`\n${title}\nLicence: `);
    expect(titles.filter((title) => !isListed(title))).toEqual([]);
  });

  it('evaluates policies with no package but the engine', () => {
    expect(packagesIn('dist/worker/index.js')).toEqual([]);
  });

  it('has the licences of those that other tools forget', () => {
    const packages = packagesIn('dist/cli/index.js');
    for (const name of ['undici', '@noble/curves', 'zod', '@sigstore/verify'])
      expect(packages).toContain(`node_modules/${name}`);
  });

  it('has the text of each licence, not only its name', () => {
    const sections = read('dist/licenses.txt').split(/^-{80}$/m);
    for (const section of sections) expect(section.length, section.slice(0, 80)).toBeGreaterThan(500);
  });

  it.each(BUNDLES)('holds no path of the machine that built %s', (bundle) => {
    expect(readBundle(bundle)).not.toContain(ROOT);
  });
});

describe('renderLicences', () => {
  it('fails for a package without a licence text, and names it', () => {
    using temp = tempDirectory();
    temp.write('package.json', JSON.stringify({ name: 'nameless', version: '1.0.0', license: 'WTFPL' }));
    expect(() => renderLicences([temp.path])).toThrow(/nameless 1\.0\.0 \(WTFPL\)/);
  });

  it('gives the standard text, and who holds the rights, to a package that forgot its own', () => {
    using temp = tempDirectory();
    const manifest = { name: 'forgetful', version: '1.0.0', license: 'Apache-2.0', author: 'Jo' };
    temp.write('package.json', JSON.stringify(manifest));
    const text = renderLicences([temp.path]);
    expect(text).toContain('Copyright: Jo');
    expect(text).toContain('END OF TERMS AND CONDITIONS');
  });
});

describe('the bundles, as processes', () => {
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
      'task-bundle-public-key': demo.taskBundleKeyPem,
    };
  });
  afterAll(async () => {
    await Promise.all([registry.close(), sigstore.close()]);
    temp.remove();
  });

  const flags = () => Object.entries(trust).flatMap(([name, value]) => [`--${name}`, value]);
  const imageFlags = (name: string) => [
    demo.snapshot.components.find((component) => component.name === name)?.containerImage ?? '',
    ...flags(),
  ];
  const policyFlags = (when: string) => {
    const policy = temp.write('main.rego', rego({ short: 'fires', when }));
    return ['--policy', JSON.stringify({ sources: [{ policy: [policy] }] })];
  };
  const outcomes = (json: string) => {
    const { components }: { components: { name: string; outcome: string }[] } = JSON.parse(json);
    return new Map(components.map(({ name, outcome }) => [name, outcome]));
  };

  it('verify a whole release as the command', async () => {
    const snapshot = temp.write('snapshot.json', JSON.stringify(demo.snapshot));
    const finished = await runEntry(BUNDLES[1], [
      'verify',
      '--snapshot',
      snapshot,
      ...flags(),
      '--report',
      '-',
    ]);
    expect(finished.code).toBe(1);
    expect(outcomes(finished.stdout)).toEqual(demo.expected);
  });

  it('verify a whole release as the action', async () => {
    const inputs = { ...trust, snapshot: JSON.stringify({ spec: demo.snapshot }) };
    const result = await runAction(BUNDLES[0], inputs, temp.path);
    expect(result.code).toBe(1);
    expect(result.outputs.result).toBe('rejected');
    expect(outcomes(readFileSync(result.outputs.report ?? '', 'utf8'))).toEqual(demo.expected);
    expect(Buffer.byteLength(result.summary)).toBeLessThan(1024 * 1024);
  });

  it('name every problem of bad input', async () => {
    const command = await runEntry(BUNDLES[1], ['verify', 'Bad/REF', '--workers', 'many']);
    expect(command.code).toBe(2);
    const result = await runAction(BUNDLES[0], { images: 'Bad/REF', workers: 'many' }, temp.path);
    expect(result.code).toBe(1);
    for (const text of [command.stderr, result.stdout]) {
      for (const part of ['Bad/REF', 'workers', 'nobody is trusted']) expect(text).toContain(part);
    }
  });

  it('decide by policies, in threads of the engine that lies beside them', async () => {
    const verify = (when: string) =>
      runEntry(BUNDLES[1], ['verify', ...imageFlags('api'), ...policyFlags(when)]);
    expect(await verify('false')).toMatchObject({ code: 0 });
    const rejected = await verify('input.image.ref');
    expect(rejected.code).toBe(1);
    expect(rejected.stdout).toContain('main.fires');
  });

  it('do not load the engine without a policy; with one, they say what is missing', async () => {
    const folder = join(temp.path, 'dist');
    cpSync(join(ROOT, 'dist', 'cli'), join(folder, 'cli'), { recursive: true });
    const entry = relative(ROOT, join(folder, 'cli', 'index.js'));
    expect(await runEntry(entry, ['verify', ...imageFlags('api')])).toMatchObject({ code: 0 });
    const { code, stdout } = await runEntry(entry, ['verify', ...imageFlags('api'), ...policyFlags('false')]);
    expect(code).toBe(3);
    expect(stdout).toContain('cannot load the policy engine');
    expect(stdout).toContain('install Proofgate anew');
  });

  it('install the command for later steps, also when the images are rejected', async () => {
    const image =
      demo.snapshot.components.find((component) => component.name === 'exporter')?.containerImage ?? '';
    const install = () => runAction(BUNDLES[0], { ...trust, images: image, install: 'true' }, temp.path);
    const first = await install();
    expect(first.outputs.result).toBe('rejected');
    expect(first.path).toHaveLength(1);
    const [bin = ''] = first.path;
    const { version }: { version: string } = JSON.parse(read('package.json'));
    // Run by the launcher's own interpreter, as a later step would, with no Node on PATH.
    const launched = launch(join(bin, 'proofgate'), ['--version']);
    expect(launched).toEqual({ code: 0, stdout: `${version}\n` });
    expect(readFileSync(join(bin, 'proofgate.cmd'), 'utf8')).toContain('%~dp0..\\cli\\index.js');
    expect((await install()).path).toEqual([bin]);
    const installed = relative(ROOT, join(dirname(bin), 'cli', 'index.js'));
    const decided = await runEntry(installed, ['verify', ...imageFlags('api'), ...policyFlags('true')]);
    expect(decided.code).toBe(1);
    expect(decided.stdout).toContain('main.fires');
  });

  it('do not believe a command that an earlier job left in the tool cache', async () => {
    const image =
      demo.snapshot.components.find((component) => component.name === 'api')?.containerImage ?? '';
    const install = () => runAction(BUNDLES[0], { ...trust, images: image, install: 'true' }, temp.path);
    const [bin = ''] = (await install()).path;
    const command = join(dirname(bin), 'cli', 'index.js');
    writeFileSync(command, 'process.exit(0)');
    const again = await install();
    expect(again.path).toEqual([bin]);
    expect(readFileSync(command, 'utf8')).toBe(read('dist/cli/index.js'));
  });
});

function launch(program: string, parameters: readonly string[]): { code: number | null; stdout: string } {
  const { status, stdout } = spawnSync(program, parameters, {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
  return { code: status, stdout };
}
