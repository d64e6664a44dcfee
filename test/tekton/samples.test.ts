// Each sample, run: with images of the test's registry, and with what it names in the test's cluster.
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonReport } from '../interop/command.ts';
import { type RuleText, rego } from '../support/policies.ts';
import { readSample, sampleNames, type TaskUse } from './support/samples.ts';
import { IDENTITY, openScene, type Scene, snapshotOf, TASK_FOLDER } from './support/scene.ts';
import { substitute } from './support/task-definition.ts';
import type { BoundFolder } from './support/task-run.ts';

const RULE: RuleText = { short: 'passes', when: 'false' };

let scene: Scene;
let snapshot: string;
beforeAll(async () => {
  scene = await openScene();
  const { temp, trusted, cluster } = scene;
  snapshot = snapshotOf([await scene.push('acme/cart'), await scene.push('acme/mail')]);
  temp.write('data/snapshot.yaml', snapshot);
  for (const name of ['cosign.pub', 'tasks.pub']) temp.write(`data/${name}`, trusted.publicPem);
  temp.write('data/policy.rego', rego(RULE));
  const policy = { sources: [{ policy: ['/workspace/data/policy.rego'] }] };
  cluster.putKey('shop', 'cosign-public-key', trusted.publicPem);
  cluster.putPolicy('shop', 'release-policy', policy);
  cluster.putPolicy('enterprise-contract-service', 'default', policy);
});
afterAll(() => scene?.close());

/** The sample's parameters, with images that are there and a trust root of the test's own. */
async function paramsOf({ spec, params, pipelineParams }: TaskUse): Promise<Record<string, string>> {
  const variables = new Map(
    [...pipelineParams].map(([name, fallback]) => [`params.${name}`, fallback ?? snapshot] as const),
  );
  const given = substitute(params, variables);
  if (spec !== undefined) return given;
  const isKeyless = params.CERTIFICATE_OIDC_ISSUER === IDENTITY.issuer;
  const isInline = params.IMAGES?.includes('{') ?? false;
  return {
    POLICY_CONFIGURATION: '',
    PUBLIC_KEY: '',
    ...given,
    ...(isInline ? { IMAGES: snapshot } : {}),
    ...(isKeyless ? { IMAGES: snapshotOf([await scene.push('acme/keyless', scene.keyless)]) } : {}),
    TRUSTED_ROOT: '/workspace/data/trusted_root.json',
  };
}

/** Folders of this machine in place of the sample's volumes; those of one name are one. */
class Volumes {
  readonly #folders = new Map<string, string>();

  async open(volume: string): Promise<string> {
    const folder = this.#folders.get(volume) ?? (await scene.openFolder(randomUUID()));
    this.#folders.set(volume, folder);
    return folder;
  }
}

async function workspacesOf(use: TaskUse, volumes: Volumes): Promise<Record<string, BoundFolder>> {
  const bound: Record<string, BoundFolder> = use.spec === undefined ? { ...scene.workspaces } : {};
  for (const [workspace, volume] of Object.entries(use.workspaces)) {
    if (workspace !== 'data') bound[workspace] = { folder: await volumes.open(volume) };
  }
  const { dockerconfig } = bound;
  if (dockerconfig !== undefined) writeFileSync(join(dockerconfig.folder, 'config.json'), '{"auths": {}}');
  return bound;
}

async function run(name: string): Promise<Volumes> {
  const volumes = new Volumes();
  for (const use of readSample(join(TASK_FOLDER, 'samples', name))) {
    const request = { params: await paramsOf(use), workspaces: await workspacesOf(use, volumes) };
    const outcome = await scene.run(use.spec === undefined ? request : { ...request, spec: use.spec });
    expect(outcome, outcome.log).toMatchObject({ succeeded: true });
    for (const code of outcome.codes) expect(code).toBe(0);
  }
  return volumes;
}

describe('the samples', () => {
  it.each(sampleNames(TASK_FOLDER).filter((name) => name !== 'pipeline-matrix.yaml'))(
    '%s verifies a release',
    async (name) => {
      await run(name);
    },
  );

  it('pipeline-matrix.yaml makes one report of those of the shards, each of which took its part', async () => {
    const folder = await (await run('pipeline-matrix.yaml')).open(
      'shared/reports/$(context.pipelineRun.uid)',
    );
    const namesIn = (file: string): string[] => {
      const report: JsonReport = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      return report.components.map(({ name }) => name);
    };
    const parts = [1, 2, 3].map((index) => namesIn(`report-${index}-of-3.json`));
    expect(parts.map((names) => names.length).toSorted()).toEqual([0, 1, 1]);
    expect(parts.flat().toSorted()).toEqual(['part-0', 'part-1']);
    expect(namesIn('report.json')).toEqual(['part-0', 'part-1']);
  });
});
