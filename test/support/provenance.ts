// SLSA provenance as Tekton Chains writes it (v0.2 and v1), naming the task bundles of a build.
import { STATEMENT_V1, STATEMENT_V01 } from './signing.ts';

export interface TaskRef {
  /** The task's name in the bundle. */
  readonly name: string;
  /** `host/repository[:tag]@sha256:…`; without a digest the task is unpinned. */
  readonly bundle: string;
}

export interface ProvenanceOptions {
  readonly tasks: readonly TaskRef[];
  /** v0.2: a run of one task, or of a pipeline. Default `PipelineRun`. */
  readonly run?: 'PipelineRun' | 'TaskRun';
  /** v0.2, pipelines: `ref.bundle`, or the bundles resolver with its parameters. Default `resolver`. */
  readonly refStyle?: 'bundle' | 'resolver';
  /** RFC 3339. Default 2026-01-01T00:05:00Z. */
  readonly finishedOn?: string;
}

/** What `attestImage` needs, beside who signs. */
export interface Provenance {
  readonly statementType: string;
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

export const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
export const SLSA_V1 = 'https://slsa.dev/provenance/v1';

const BUILDER = 'https://tekton.dev/chains/v2';
const STARTED_ON = '2026-01-01T00:00:00Z';
const FINISHED_ON = '2026-01-01T00:05:00Z';
const SOURCE = { uri: 'git+https://git.test/acme/app.git', digest: { sha1: 'a'.repeat(40) } };

/** Provenance v0.2 of a Tekton run. */
export function provenanceV02(options: ProvenanceOptions): Provenance {
  const { tasks, run = 'PipelineRun', finishedOn = FINISHED_ON } = options;
  const ofTask = run === 'TaskRun';
  const [first] = tasks;
  const configSource = ofTask && first !== undefined ? { ...toMaterial(first), entryPoint: first.name } : {};
  return {
    statementType: STATEMENT_V01,
    predicateType: SLSA_V02,
    predicate: {
      builder: { id: BUILDER },
      buildType: `tekton.dev/v1beta1/${run}`,
      invocation: { configSource, parameters: {}, environment: {} },
      buildConfig: ofTask ? { steps: [] } : { tasks: tasks.map((task) => toBuildTask(task, options)) },
      metadata: {
        buildStartedOn: STARTED_ON,
        buildFinishedOn: finishedOn,
        completeness: { parameters: false, environment: false, materials: false },
        reproducible: false,
      },
      materials: [...tasks.filter(isPinned).map(toMaterial), SOURCE],
    },
  };
}

/** Provenance v1 of a Tekton run: tasks are resolved dependencies, `task` for a TaskRun, `pipelineTask` otherwise. */
export function provenanceV1({
  tasks,
  run = 'PipelineRun',
  finishedOn = FINISHED_ON,
}: ProvenanceOptions): Provenance {
  const name = run === 'TaskRun' ? 'task' : 'pipelineTask';
  return {
    statementType: STATEMENT_V1,
    predicateType: SLSA_V1,
    predicate: {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa-tekton',
        externalParameters: { runSpec: {} },
        internalParameters: { labels: {} },
        resolvedDependencies: [
          ...tasks.map((task) => ({ ...toMaterial(task), name })),
          { ...SOURCE, name: 'inputs/result' },
        ],
      },
      runDetails: {
        builder: { id: BUILDER },
        metadata: {
          invocationId: 'b5c1f3f0-0000-4000-8000-000000000001',
          startedOn: STARTED_ON,
          finishedOn,
        },
        byproducts: [],
      },
    },
  };
}

function toBuildTask(task: TaskRef, { refStyle = 'resolver', finishedOn = FINISHED_ON }: ProvenanceOptions) {
  const params = Object.entries({ ...task, kind: 'task' }).map(([name, value]) => ({ name, value }));
  const ref =
    refStyle === 'bundle' ? { ...task, kind: 'Task' } : { kind: 'Task', resolver: 'bundles', params };
  return {
    name: task.name,
    ref,
    startedOn: STARTED_ON,
    finishedOn,
    status: 'Succeeded',
    steps: [{ entryPoint: '', arguments: null, environment: { container: 'run' }, annotations: null }],
    invocation: {
      configSource: isPinned(task) ? { ...toMaterial(task), entryPoint: task.name } : {},
      parameters: {},
      environment: { labels: { 'tekton.dev/pipelineTask': task.name } },
    },
    results: [],
  };
}

function isPinned({ bundle }: TaskRef): boolean {
  return bundle.includes('@');
}

/** `oci://host/repository` and the digest; the tag is dropped, as Chains does. */
function toMaterial({ bundle }: TaskRef): { uri: string; digest: Readonly<Record<string, string>> } {
  const [named = '', digest] = bundle.split('@');
  const [algorithm = '', hex = ''] = (digest ?? '').split(':');
  const uri = `oci://${named.replace(/:[^:/]+$/, '')}`;
  return { uri, digest: digest === undefined ? {} : { [algorithm]: hex } };
}
