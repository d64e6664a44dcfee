// Builds as a Tekton pipeline leaves them in a registry: image, provenance with tasks, parameters and results, task
// bundles, SBOM and scan reports. Enough for every release policy to find what it looks for.
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { pushImage, pushTaskBundle } from '../support/images.ts';
import type { Provenance } from '../support/provenance.ts';
import { SLSA_V1, SLSA_V02 } from '../support/provenance.ts';
import type { TestRegistry } from '../support/registry.ts';
import type { WireDescriptor } from '../support/registry-store.ts';
import { STATEMENT_V1, STATEMENT_V01 } from '../support/signing.ts';
import { type SbomFormat, sbomOf } from './sboms.ts';

export interface BuildOptions {
  readonly name: string;
  readonly provenance: 'v0.2' | 'v1';
  readonly sbom: SbomFormat;
  readonly packages: number;
  /** What is wrong with it; nothing by default. */
  readonly flaws?: ReadonlySet<Flaw>;
}

/** `labels`: none of the required ones · `tests`: one failed · `cves`: a critical one that has a fix · `tasks`: one unpinned. */
export type Flaw = 'labels' | 'tests' | 'cves' | 'tasks' | 'hermetic' | 'base';

export interface Build {
  readonly repository: string;
  readonly image: WireDescriptor;
  readonly provenance: Provenance;
  /** Attested beside the provenance. */
  readonly sbom: Provenance;
}

interface Task {
  readonly name: string;
  readonly bundle: string;
  readonly params: Readonly<Record<string, string>>;
  readonly results: Readonly<Record<string, string>>;
}

const REVISION = 'b'.repeat(40);
const SOURCE = 'https://git.test/acme/app';
const LABELS = {
  architecture: 'x86_64',
  'build-date': '2026-01-01T00:00:00Z',
  description: 'An application',
  vendor: 'Acme',
  maintainer: 'Acme <acme@registry.test>',
  summary: 'An application',
};

/** Pushes everything but signatures and attestations. */
export function pushBuild(registry: TestRegistry, options: BuildOptions): Build {
  const { name, flaws = new Set() } = options;
  const repository = `acme/${name}`;
  const labels = flaws.has('labels') ? { Name: name } : LABELS;
  const image = pushImage(registry, repository, { tag: 'v1', labels });
  const sbom = sbomOf(options.sbom, name, options.packages);
  const tasks = tasksOf(registry, repository, image, sbom.predicate, options);
  const provenance = options.provenance === 'v1' ? toV1(tasks) : toV02(tasks);
  return { repository, image, provenance, sbom };
}

function tasksOf(
  registry: TestRegistry,
  repository: string,
  image: WireDescriptor,
  sbom: unknown,
  { flaws = new Set() }: BuildOptions,
): readonly Task[] {
  const own = `${registry.host}/${repository}`;
  const blob = (content: unknown) => registry.putBlob(repository, JSON.stringify(content));
  const report = pushReport(registry, repository, flaws.has('cves'));
  const outcome = (result: string, failures: number) =>
    JSON.stringify({ result, timestamp: '1767225600', successes: 3, failures, warnings: 0, note: '' });
  const processed = JSON.stringify({ image: { pullspec: `${own}:v1`, digests: [image.digest] } });
  const base = flaws.has('base') ? 'shady.test/base' : 'registry.redhat.io/ubi9';
  return [
    toTask(registry, 'git-clone', { url: SOURCE, revision: 'main' }, { commit: REVISION, url: SOURCE }),
    toTask(
      registry,
      'buildah',
      { IMAGE: `${own}:v1`, HERMETIC: String(!flaws.has('hermetic')), DOCKERFILE: './Dockerfile' },
      {
        IMAGE_URL: `${own}:v1`,
        IMAGE_DIGEST: image.digest,
        SBOM_BLOB_URL: `${own}@${blob(sbom).digest}`,
        BASE_IMAGES_DIGESTS: `${base}@sha256:${'c'.repeat(64)}`,
      },
      flaws.has('tasks'),
    ),
    toTask(
      registry,
      'clair-scan',
      { 'image-digest': image.digest },
      {
        TEST_OUTPUT: outcome('SUCCESS', 0),
        IMAGES_PROCESSED: processed,
        REPORTS: JSON.stringify({ [image.digest]: report.digest }),
      },
    ),
    toTask(
      registry,
      'sast-snyk-check',
      {},
      { TEST_OUTPUT: flaws.has('tests') ? outcome('FAILURE', 2) : outcome('WARNING', 0) },
    ),
  ];
}

function pushReport(registry: TestRegistry, repository: string, isBad: boolean): WireDescriptor {
  const found = (name: string, severity: string, fixed: string) => ({
    name,
    normalized_severity: severity,
    fixed_in_version: fixed,
    issued: '2025-12-01T00:00:00Z',
  });
  const vulnerabilities = {
    1: found('CVE-2025-0001', 'Medium', '1.2'),
    2: found('CVE-2025-0002', 'High', ''),
    ...(isBad ? { 3: found('CVE-2025-0003', 'Critical', '2.0') } : {}),
  };
  const layer = registry.putBlob(repository, JSON.stringify({ vulnerabilities }));
  const config = registry.putBlob(repository, '{}');
  return registry.putManifest(repository, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.redhat.clair-report+json', ...layer }],
  });
}

function toTask(
  registry: TestRegistry,
  name: string,
  params: Readonly<Record<string, string>>,
  results: Readonly<Record<string, string>>,
  isUnpinned = false,
): Task {
  const repository = `tasks/task-${name}`;
  const { digest } = pushTaskBundle(registry, repository, [name], { tag: '0.1' });
  const bundle = `${registry.host}/${repository}:0.1${isUnpinned ? '' : `@${digest}`}`;
  return { name, bundle, params, results };
}

function refOf({ name, bundle }: Task): object {
  const params = Object.entries({ name, bundle, kind: 'task' }).map(([key, value]) => ({ name: key, value }));
  return { kind: 'Task', resolver: 'bundles', params };
}

function resultsOf({ results }: Task): object[] {
  return Object.entries(results).map(([name, value]) => ({ name, type: 'string', value }));
}

function labelsOf({ name }: Task): Readonly<Record<string, string>> {
  const kind: Readonly<Record<string, string>> =
    name === 'buildah' ? { 'build.appstudio.redhat.com/build_type': 'docker' } : {};
  return { 'tekton.dev/pipelineTask': name, 'tekton.dev/task': name, ...kind };
}

function toV02(tasks: readonly Task[]): Provenance {
  return {
    statementType: STATEMENT_V01,
    predicateType: SLSA_V02,
    predicate: {
      builder: { id: 'https://tekton.dev/chains/v2' },
      buildType: 'tekton.dev/v1/PipelineRun',
      invocation: {
        configSource: {},
        parameters: { 'git-url': SOURCE, revision: REVISION },
        environment: { labels: { 'pipelines.openshift.io/runtime': 'generic' } },
      },
      buildConfig: {
        tasks: tasks.map((task) => ({
          name: task.name,
          ref: refOf(task),
          status: 'Succeeded',
          startedOn: '2026-01-01T00:00:00Z',
          finishedOn: '2026-01-01T00:05:00Z',
          steps: [
            { entryPoint: 'build', environment: { container: 'build', image: 'oci://registry.redhat.io/x' } },
          ],
          invocation: { parameters: task.params, environment: { labels: labelsOf(task) } },
          results: resultsOf(task),
        })),
      },
      metadata: { buildStartedOn: '2026-01-01T00:00:00Z', buildFinishedOn: '2026-01-01T00:05:00Z' },
      materials: [{ uri: `git+${SOURCE}.git`, digest: { sha1: REVISION } }],
    },
  };
}

function toV1(tasks: readonly Task[]): Provenance {
  const toDependency = (task: Task) => {
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: `run-${task.name}`, labels: labelsOf(task) },
      spec: {
        taskRef: refOf(task),
        params: Object.entries(task.params).map(([name, value]) => ({ name, value })),
      },
      status: { results: resultsOf(task), steps: [{ name: 'build', imageID: 'registry.redhat.io/x' }] },
    };
    const [uri = '', digest] = task.bundle.split('@sha256:');
    return {
      name: 'pipelineTask',
      uri: `oci://${uri.replace(/:[^:/]+$/, '')}`,
      ...(digest === undefined ? {} : { digest: { sha256: digest } }),
      content: Buffer.from(JSON.stringify(run)).toString('base64'),
    };
  };
  return {
    statementType: STATEMENT_V1,
    predicateType: SLSA_V1,
    predicate: {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa-tekton',
        externalParameters: {
          runSpec: { pipelineRef: { name: 'build' }, params: [{ name: 'git-url', value: SOURCE }] },
        },
        internalParameters: { labels: { 'pipelines.openshift.io/runtime': 'generic' } },
        resolvedDependencies: [
          ...tasks.map(toDependency),
          { name: 'inputs/result', uri: `git+${SOURCE}.git`, digest: { sha1: REVISION } },
        ],
      },
      runDetails: {
        builder: { id: 'https://tekton.dev/chains/v2' },
        metadata: {
          invocationId: 'b5c1f3f0-0000-4000-8000-000000000001',
          startedOn: '2026-01-01T00:00:00Z',
          finishedOn: '2026-01-01T00:05:00Z',
        },
        byproducts: [],
      },
    },
  };
}
