// A large release from a registry on a bad day, by the command as a process of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProofgateResult, runProofgate } from '../bench/contenders.ts';
import { ReleaseServer } from '../bench/release-server.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const TRUSTED = 1960;
const STRANGERS = 40;
const TASK_BUNDLES = 40;
const ONE_IN = 100;
/** What a pod with a limit of 512 MiB leaves room for. */
const MAX_RSS_BYTES = 350_000_000;
const VARIANT = { layout: 'bundle', signer: 'key' } as const;

let server: ReleaseServer;
let temp: TempDirectory;
let cacheDirectory: string;

beforeAll(async () => {
  temp = tempDirectory();
  cacheDirectory = join(temp.path, 'proofs');
  mkdirSync(cacheDirectory);
  server = await ReleaseServer.start({
    ...VARIANT,
    components: TRUSTED,
    strangers: STRANGERS,
    taskBundles: TASK_BUNDLES,
    delayMs: 0,
    faults: { oneIn: ONE_IN, seed: 20_261_121 },
  });
}, 120_000);

afterAll(() => {
  server?.[Symbol.dispose]();
  temp?.remove();
});

test(`${TRUSTED + STRANGERS} components, one in ${ONE_IN} requests fails: each verdict as without faults, in little memory`, async () => {
  const run = await verify(() => true);
  const { requests, failed } = await server.requests();
  expect(failed).toBeGreaterThan(requests / ONE_IN / 2);
  expect(verdictsOf(run)).toEqual({ verified: TRUSTED, rejected: STRANGERS });
  for (const { name, outcome } of run.components)
    expect(outcome, name).toBe(name.startsWith('stranger') ? 'rejected' : 'verified');
  expect(run.peakRssBytes).toBeLessThan(MAX_RSS_BYTES);
}, 120_000);

test('what verified verifies again without a single request', async () => {
  const run = await verify((name) => !name.startsWith('stranger'));
  expect((await server.requests()).requests).toBe(0);
  expect(verdictsOf(run)).toEqual({ verified: TRUSTED });
  expect(run.peakRssBytes).toBeLessThan(MAX_RSS_BYTES);
}, 120_000);

/** The components of these names; their proofs are kept for the next. */
function verify(isWanted: (name: string) => boolean): Promise<ProofgateResult> {
  const { snapshot } = server.release;
  const components = snapshot.components.filter(({ name }) => isWanted(name));
  const release = { ...server.release, snapshot: { ...snapshot, components } };
  const command = join(import.meta.dirname, '../../dist/cli/index.js');
  return runProofgate({
    variant: VARIANT,
    release,
    temp,
    command,
    cacheDirectory,
    verifiesTaskBundles: true,
  });
}

function verdictsOf({ components }: ProofgateResult): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of components) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
