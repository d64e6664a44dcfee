// `npm start`: the main job on an embedded default. A registry and Sigstore services on this machine, a signed
// release of a dozen components in them, verified over HTTP by the very command that verifies real ones.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../src/report/report.ts';
import { startRegistry } from '../test/support/registry.ts';
import { startSigstore } from '../test/support/sigstore.ts';
import { type DemoSnapshot, pushDemoSnapshot } from './snapshot.ts';

const COMMAND = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const SOME_REJECTED = 1;

/** Writes what a user would have at hand, and returns the command line that uses it. */
async function prepare(folder: string, demo: DemoSnapshot): Promise<string[]> {
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  return [
    ...['verify', '--snapshot', await file('snapshot.json', JSON.stringify(demo.snapshot))],
    ...['--public-key', await file('cosign.pub', demo.publicKeyPem)],
    ...['--certificate-identity', demo.identity.subject],
    ...['--certificate-oidc-issuer', demo.identity.issuer],
    ...['--task-bundle-public-key', await file('tasks.pub', demo.taskBundleKeyPem)],
    ...['--trusted-root', await file('trusted_root.json', demo.trustedRoot)],
    ...['--report', join(folder, 'report.json')],
  ];
}

function verify(folder: string, parameters: readonly string[]): Promise<number | null> {
  // Proofs of a registry that is gone in a second are not for the user's own cache.
  const env = { ...process.env, XDG_CACHE_HOME: folder };
  const child = spawn(process.execPath, [COMMAND, ...parameters], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** The components whose outcome is not what was prepared for them. */
async function findSurprises(folder: string, demo: DemoSnapshot): Promise<string[]> {
  const report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as {
    components: { name: string; outcome: Outcome }[];
  };
  const outcomes = new Map(report.components.map(({ name, outcome }) => [name, outcome]));
  const names = new Set([...outcomes.keys(), ...demo.expected.keys()]);
  return [...names].filter((name) => outcomes.get(name) !== demo.expected.get(name));
}

const folder = await mkdtemp(join(tmpdir(), 'proofgate-demo-'));
const registry = await startRegistry();
const sigstore = await startSigstore();
try {
  const demo = await pushDemoSnapshot(registry, sigstore);
  const parameters = await prepare(folder, demo);
  console.log(`A release in a registry at ${registry.url}. Running:\n`);
  console.log(`  proofgate ${parameters.map((text) => text.replace(`${folder}/`, '')).join(' ')}\n`);
  const code = await verify(folder, parameters);
  const surprises = await findSurprises(folder, demo);
  if (code !== SOME_REJECTED || surprises.length > 0) {
    console.error(
      `The demonstration went wrong: exit code ${code}, unexpected outcome of ${surprises.join(', ') || 'none'}`,
    );
    process.exitCode = 1;
  } else {
    console.log(`\nThis is as it should be: the bad components were found, and the exit code was ${code}.`);
    console.log('For your own images:\n');
    console.log(
      '  npx proofgate verify --public-key cosign.pub registry.example.com/shop/cart@sha256:DIGEST\n',
    );
  }
} finally {
  await Promise.all([registry.close(), sigstore.close()]);
  await rm(folder, { recursive: true });
}
