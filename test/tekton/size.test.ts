// That the limits of memory in the definition are enough: a release of 200 components, and what the threads are sized by.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReleaseServer } from '../bench/release-server.ts';
import { type RuleText, rego } from '../support/policies.ts';
import { ROOT } from './support/build.ts';
import { openScene, type Scene } from './support/scene.ts';

const COMPONENTS = 200;
const MIB = 2 ** 20;
const RULE: RuleText = { short: 'passes', when: 'false' };

let scene: Scene;
let server: ReleaseServer;
beforeAll(async () => {
  scene = await openScene();
  server = await ReleaseServer.start({
    components: COMPONENTS,
    delayMs: 0,
    layout: 'bundle',
    signer: 'keyless',
  });
});
afterAll(async () => {
  server?.[Symbol.dispose]();
  await scene?.close();
});

describe(`a release of ${COMPONENTS} components`, () => {
  const verify = async (POLICY_CONFIGURATION: string) => {
    const { snapshot, subject, issuer, trustedRoot } = server.release;
    scene.temp.write('data/release.json', JSON.stringify(snapshot));
    scene.temp.write('data/release_root.json', trustedRoot);
    const params = {
      IMAGES: 'release.json',
      TRUSTED_ROOT: 'release_root.json',
      CERTIFICATE_IDENTITY: subject,
      CERTIFICATE_OIDC_ISSUER: issuer,
      POLICY_CONFIGURATION,
    };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0] });
    expect(outcome.report?.components).toHaveLength(COMPONENTS);
    return (outcome.report?.usage.peakRssBytes ?? Number.NaN) / MIB;
  };

  it('needs a fifth of the limit without a policy', async () => {
    const peak = await verify('');
    console.log(`peak without a policy: ${peak.toFixed(0)} MiB`);
    expect(peak).toBeLessThan(220);
  });

  it('stays within the limit with a policy in two threads', async () => {
    scene.temp.write('data/policy.rego', rego(RULE));
    const peak = await verify(JSON.stringify({ sources: [{ policy: ['/workspace/data/policy.rego'] }] }));
    console.log(`peak with a policy: ${peak.toFixed(0)} MiB`);
    expect(peak).toBeLessThan(1024);
  });
});

describe('the limit of memory', () => {
  it.each([
    { memory: 1024, threads: 2 },
    { memory: 600, threads: 1 },
  ])('of $memory MiB means $threads threads at most', async ({ memory, threads }) => {
    const script = `const { readMachine, sizesFor } = await import('/src/policy/wasm/sizing.ts');
      const machine = readMachine();
      console.log(JSON.stringify({ machine, sizes: sizesFor({ ...machine, cores: 8 }) }));`;
    const { output } = await scene.containers.run(`sizing-${memory}`, [
      ...['--memory', `${memory}m`, '--user', '65532:65532', '--read-only'],
      ...['--volume', `${join(ROOT, 'src')}:/src:ro`, '--entrypoint', '/nodejs/bin/node'],
      ...[scene.image, '--input-type=module', '--eval', script],
    ]);
    const { machine, sizes } = JSON.parse(output);
    expect({ memory: machine.memoryBytes, threads: sizes.threads }).toEqual({
      memory: memory * MIB,
      threads,
    });
  });
});
