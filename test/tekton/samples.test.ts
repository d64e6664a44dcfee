// Each sample, run: with images of the test's registry, and with what a cluster would give.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RuleText, rego } from '../support/policies.ts';
import { readSample, sampleNames, type TaskUse } from './support/samples.ts';
import { IDENTITY, openScene, type Scene, snapshotOf, TASK_FOLDER } from './support/scene.ts';
import { substitute } from './support/task-definition.ts';
import type { BoundFolder } from './support/task-run.ts';

const RULE: RuleText = { short: 'passes', when: 'false' };

let scene: Scene;
let snapshot: string;
/** What the names in the samples stand for. */
let cluster: Readonly<Record<string, string>>;

beforeAll(async () => {
  scene = await openScene();
  const { temp, trusted } = scene;
  snapshot = snapshotOf([await scene.push('acme/cart'), await scene.push('acme/mail')]);
  temp.write('data/snapshot.yaml', snapshot);
  for (const name of ['cosign.pub', 'tasks.pub']) temp.write(`data/${name}`, trusted.publicPem);
  temp.write('data/policy.rego', rego(RULE));
  cluster = {
    'k8s://shop/cosign-public-key': trusted.publicPem,
    'shop/release-policy': JSON.stringify({ sources: [{ policy: ['/workspace/data/policy.rego'] }] }),
    'enterprise-contract-service/default': '',
  };
});
afterAll(() => scene?.close());

/** The sample's parameters, with images that are there and a trust root of the test's own. */
function paramsOf({ params, pipelineParams }: TaskUse): Record<string, string> {
  const variables = new Map(
    [...pipelineParams].map(([name, fallback]) => [`params.${name}`, fallback ?? snapshot] as const),
  );
  const given = Object.entries(substitute(params, variables)).map(
    ([name, value]) => [name, cluster[value] ?? value] as const,
  );
  const isInline = params.IMAGES?.includes('{') ?? false;
  return {
    POLICY_CONFIGURATION: '',
    PUBLIC_KEY: '',
    ...Object.fromEntries(given),
    ...(isInline ? { IMAGES: snapshot } : {}),
    TRUSTED_ROOT: '/workspace/data/trusted_root.json',
  };
}

async function workspacesOf(name: string, { workspaces }: TaskUse): Promise<Record<string, BoundFolder>> {
  const own = workspaces.filter((workspace) => workspace !== 'data');
  const bound = await Promise.all(
    own.map(
      async (workspace) => [workspace, { folder: await scene.openFolder(`${name}-${workspace}`) }] as const,
    ),
  );
  return { ...scene.workspaces, ...Object.fromEntries(bound) };
}

describe('the samples', () => {
  it.each(sampleNames(TASK_FOLDER))('%s verifies a release', async (name) => {
    for (const use of readSample(join(TASK_FOLDER, 'samples', name))) {
      const params = paramsOf(use);
      if (params.CERTIFICATE_OIDC_ISSUER === IDENTITY.issuer) {
        params.IMAGES = snapshotOf([await scene.push('acme/keyless', scene.keyless)]);
      }
      const workspaces = await workspacesOf(name, use);
      if ('dockerconfig' in workspaces) scene.temp.write(`${name}-dockerconfig/config.json`, '{"auths": {}}');
      const outcome = await scene.run({ params, workspaces });
      expect(outcome, outcome.log).toMatchObject({ succeeded: true, codes: [0, 0] });
    }
  });
});
