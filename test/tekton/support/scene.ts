// What the task's tests run on: the real docker-registry with signed images, a cluster's API, the trusted root in a `data`
// workspace, and one call that runs the Task as it stands in the catalogue.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { JsonReport } from '../../interop/command.ts';
import { type RealRegistry, type RegistryProtection, startRealRegistry } from '../../interop/registry.ts';
import { requireTool } from '../../interop/scene.ts';
import { pushImage } from '../../support/images.ts';
import { generateKey } from '../../support/keys.ts';
import { startCluster } from '../../support/kubernetes.ts';
import { provenanceV1 } from '../../support/provenance.ts';
import { startRegistry } from '../../support/registry.ts';
import { attestImage, byIdentity, byKey, type Signer, signImage } from '../../support/signing.ts';
import { startSigstore } from '../../support/sigstore.ts';
import { tempDirectory } from '../../support/temp.ts';
import { ROOT } from './build.ts';
import { Containers, giveAway } from './containers.ts';
import { copyRepository } from './copy-repository.ts';
import { readTask, type TaskSpec } from './task-definition.ts';
import { type BoundFolder, runTask, type TaskRunResult } from './task-run.ts';

export const TASK_FOLDER = join(ROOT, 'tekton/task/proofgate-verify/0.1');
export const TASK_FILE = join(TASK_FOLDER, 'proofgate-verify.yaml');
export const IDENTITY = {
  subject: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
};

export interface RunRequest {
  /** In place of the Task of the catalogue; then the scene gives no parameters. */
  readonly spec?: TaskSpec;
  /** Over those of the scene: the trusted key and root, no policy. */
  readonly params?: Readonly<Record<string, string>>;
  readonly workspaces?: Readonly<Record<string, BoundFolder>>;
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly onStart?: (container: string, step: string) => void;
}

/** A run, and what is read from it. */
export interface TaskOutcome extends TaskRunResult {
  /** Exit codes of `verify` and `assert`. */
  readonly codes: readonly (number | undefined)[];
  readonly testOutput: TestOutput;
  /** Undefined: none was written to the steps' home. */
  readonly report: TaskReport | undefined;
  readonly log: string;
}

interface TestOutput {
  readonly result: string;
  readonly successes: number;
  readonly failures: number;
  readonly note?: string;
}

export interface TaskReport extends JsonReport {
  readonly usage: {
    readonly registries: readonly { readonly requests: number }[];
    readonly peakRssBytes: number;
  };
  readonly cache?: { readonly hit: string };
  readonly warnings?: readonly { readonly metadata: { readonly code: string } }[];
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

export async function openScene() {
  const temp = tempDirectory();
  const { folder, name: image } = inject('built');
  const containers = new Containers(folder);
  const registryFolder = join(temp.path, 'registry');
  mkdirSync(registryFolder);
  const program = requireTool('docker-registry').path;
  const registries: RealRegistry[] = [await startRealRegistry({ program, folder: registryFolder })];
  const [registry] = registries as [RealRegistry];
  const [studio, sigstore, cluster] = await Promise.all([startRegistry(), startSigstore(), startCluster()]);
  const [trusted, stranger] = [generateKey(), generateKey()];
  const task = readTask(TASK_FILE);

  /** A folder that the task's user may write in. */
  const openFolder = async (name: string): Promise<string> => {
    const path = join(temp.path, name);
    mkdirSync(path);
    await giveAway(path);
    return path;
  };

  /** Pushes an image, signed and attested, and returns its reference. */
  const push = async (repository: string, signer: Signer = byKey(trusted)): Promise<string> => {
    const pushed = pushImage(studio, repository, { tag: 'v1' });
    const signed = { signer, sigstore, layout: 'legacy' } as const;
    await signImage(studio, repository, pushed, signed);
    await attestImage(studio, repository, pushed, { ...signed, ...provenanceV1({ tasks: [] }) });
    await copyRepository(repository, studio.host, registry.host);
    return `${registry.host}/${repository}@${pushed.digest}`;
  };

  const data = await openFolder('data');
  temp.write('data/trusted_root.json', sigstore.trustedRootJson);
  const workspaces = { data: { folder: data } };

  const defaults = {
    POLICY_CONFIGURATION: '',
    PUBLIC_KEY: trusted.publicPem,
    TRUSTED_ROOT: 'trusted_root.json',
  };

  const run = async ({ spec, ...request }: RunRequest = {}): Promise<TaskOutcome> => {
    const params = spec === undefined ? { ...defaults, ...request.params } : (request.params ?? {});
    const definition = spec === undefined ? task : { spec };
    const finished = await runTask(containers, {
      task: definition,
      image,
      workspaces,
      pod: cluster,
      ...request,
      params,
    });
    const { 'report.json': json } = finished.home;
    return {
      ...finished,
      codes: finished.steps.map(({ exitCode }) => exitCode),
      testOutput: JSON.parse(finished.results.TEST_OUTPUT ?? 'null'),
      report: json === undefined ? undefined : JSON.parse(json),
      log: finished.steps.map(({ output }) => output).join('\n'),
    };
  };

  /** The same content behind TLS and a password. */
  const openProtected = async (protection: RegistryProtection): Promise<RealRegistry> => {
    const secured = await startRealRegistry({ program, folder: registryFolder, protection });
    registries.push(secured);
    return secured;
  };

  return {
    temp,
    image,
    task,
    containers,
    cluster,
    trusted,
    registry,
    workspaces,
    strangers: byKey(stranger),
    keyless: byIdentity(IDENTITY.subject, IDENTITY.issuer),
    openFolder,
    push,
    run,
    openProtected,
    async close() {
      for (const one of registries) await one[Symbol.asyncDispose]();
      await Promise.all([studio.close(), sigstore.close()]);
      cluster[Symbol.dispose]();
      temp.remove();
    },
  };
}

/** A snapshot of these images, as the parameter IMAGES takes it. */
export function snapshotOf(images: readonly string[]): string {
  const components = images.map((containerImage, position) => ({ name: `part-${position}`, containerImage }));
  return JSON.stringify({ application: 'shop', components });
}
