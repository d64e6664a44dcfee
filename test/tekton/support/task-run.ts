// Runs a Task as Tekton does, without a cluster: parameters, workspaces, results, `when`, `onError`, and each step as
// a container that is shut in as the step says.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Containers, giveAway } from './containers.ts';
import {
  substitute,
  type TaskDefinition,
  type TaskSpec,
  type TaskStep,
  type Variables,
  variablesIn,
  withTemplate,
} from './task-definition.ts';

/** A workspace: a folder of this machine in place of a volume. */
export interface BoundFolder {
  readonly folder: string;
  readonly readOnly?: boolean;
}

export interface TaskRunOptions {
  readonly task: Pick<TaskDefinition, 'spec'>;
  readonly params: Readonly<Record<string, string>>;
  /** Those that are missing are not bound. */
  readonly workspaces?: Readonly<Record<string, BoundFolder>>;
  /** ConfigMaps of the namespace: their data. */
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What Kubernetes gives every pod: where its API is, and the folder of the service account. */
  readonly pod?: { readonly environment: Readonly<Record<string, string>>; readonly folder: string };
  /** What the image is called here: the task's own name cannot be pulled in a test. */
  readonly image: string;
  /** Told the container's name of each step that starts. */
  readonly onStart?: (container: string, step: string) => void;
}

export interface StepResult {
  readonly name: string;
  /** Undefined: it was skipped. */
  readonly exitCode: number | undefined;
  readonly output: string;
}

export interface TaskRunResult {
  readonly succeeded: boolean;
  readonly steps: readonly StepResult[];
  readonly results: Readonly<Record<string, string>>;
  /** Files that are left in the home folder that the steps share. */
  readonly home: Readonly<Record<string, string>>;
}

/** Tekton's limit for what a task's results weigh together (its termination message). */
const MAX_RESULT_BYTES = 4096;

/** @throws Error for what Tekton's admission would refuse: a missing parameter or workspace, one that nobody knows */
export async function runTask(containers: Containers, options: TaskRunOptions): Promise<TaskRunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'proofgate-task-'));
  try {
    return await new TaskRun(containers, options, folder).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class TaskRun {
  readonly #containers: Containers;
  readonly #options: TaskRunOptions;
  readonly #folder: string;
  readonly #spec: TaskSpec;

  constructor(containers: Containers, options: TaskRunOptions, folder: string) {
    this.#containers = containers;
    this.#options = options;
    this.#folder = folder;
    this.#spec = resolveVariables(options);
  }

  async run(): Promise<TaskRunResult> {
    const steps: StepResult[] = [];
    await this.#makeFolders();
    let hasFailed = false;
    for (const own of this.#spec.steps) {
      if (hasFailed || !isWanted(own)) {
        steps.push({ name: own.name, exitCode: undefined, output: '' });
        continue;
      }
      const result = await this.#runStep(withTemplate(own, this.#spec.stepTemplate));
      steps.push(result);
      hasFailed = result.exitCode !== 0 && own.onError !== 'continue';
    }
    const home = readTexts(join(this.#folder, 'home'));
    return { succeeded: !hasFailed, steps, results: this.#readResults(), home };
  }

  async #runStep(step: TaskStep): Promise<StepResult> {
    const name = `step-${step.name}-${randomUUID()}`;
    const started = this.#containers.run(name, [
      ...securityFlags(step),
      ...memoryFlags(step),
      ...this.#environmentOf(step).flatMap(({ name: variable, value }) => ['--env', `${variable}=${value}`]),
      ...this.#mounts(step).flatMap((mount) => ['--volume', mount]),
      ...(step.command === undefined ? [] : ['--entrypoint', JSON.stringify(step.command)]),
      this.#options.image,
      ...(step.args ?? []),
    ]);
    this.#options.onStart?.(name, step.name);
    const { exitCode, output } = await started;
    const status = join(this.#folder, 'steps', `step-${step.name}`);
    mkdirSync(status);
    writeFileSync(join(status, 'exitCode'), String(exitCode));
    return { name: step.name, exitCode, output };
  }

  #environmentOf({ env = [] }: TaskStep): NonNullable<TaskStep['env']> {
    const given = Object.entries(this.#options.pod?.environment ?? {});
    return [...given.map(([name, value]) => ({ name, value })), ...env];
  }

  /** Tekton's own places, the workspaces that are bound, and the step's volumes. */
  #mounts(step: TaskStep): string[] {
    const { workspaces = {}, pod } = this.#options;
    const declared = this.#spec.workspaces ?? [];
    return [
      ...(pod === undefined ? [] : [`${pod.folder}:/var/run/secrets/kubernetes.io/serviceaccount:ro`]),
      `${join(this.#folder, 'results')}:/tekton/results`,
      `${join(this.#folder, 'home')}:/tekton/home`,
      `${join(this.#folder, 'steps')}:/tekton/steps:ro`,
      ...declared.flatMap(({ name, readOnly: always }) => {
        const bound = workspaces[name];
        if (bound === undefined) return [];
        return `${bound.folder}:/workspace/${name}${bound.readOnly || always ? ':ro' : ''}`;
      }),
      ...(step.volumeMounts ?? []).map(
        ({ name, mountPath, readOnly }) =>
          `${join(this.#folder, 'volumes', name)}:${mountPath}${readOnly ? ':ro' : ''}`,
      ),
    ];
  }

  async #makeFolders(): Promise<void> {
    for (const name of ['results', 'home', 'steps', 'volumes']) mkdirSync(join(this.#folder, name));
    for (const { name, configMap } of this.#spec.volumes ?? []) {
      const folder = join(this.#folder, 'volumes', name);
      mkdirSync(folder);
      if (configMap !== undefined) this.#writeConfigMap(configMap, folder);
    }
    await giveAway(this.#folder);
  }

  #writeConfigMap({ name, optional, items = [] }: ConfigMapVolume, folder: string): void {
    const data = this.#options.configMaps?.[name];
    if (data === undefined && optional !== true) throw new Error(`there is no ConfigMap ${name}`);
    for (const { key, path } of items) {
      const text = data?.[key];
      if (text !== undefined) writeFileSync(join(folder, path), text);
      else if (optional !== true) throw new Error(`the ConfigMap ${name} has no ${key}`);
    }
  }

  #readResults(): Record<string, string> {
    const results = readTexts(join(this.#folder, 'results'));
    const known = new Set(this.#spec.results.map((result) => result.name));
    const weight = Object.entries(results).reduce((sum, [name, value]) => {
      if (!known.has(name)) throw new Error(`a step wrote the unknown result ${name}`);
      return sum + name.length + Buffer.byteLength(value);
    }, 0);
    if (weight > MAX_RESULT_BYTES)
      throw new Error(`the results weigh ${weight} bytes: Tekton fails such a task`);
    return results;
  }
}

type ConfigMapVolume = NonNullable<NonNullable<TaskSpec['volumes']>[number]['configMap']>;

/** Parameters first, then the rest: a parameter may name a workspace, as in Tekton. */
function resolveVariables(options: TaskRunOptions): TaskSpec {
  const { spec } = options.task;
  const parameters = parametersOf(options);
  const places = placesOf(options);
  for (const name of variablesIn(spec)) {
    if (!parameters.has(name) && !places.has(name))
      throw new Error(`the task uses $(${name}), which is not there`);
  }
  return substitute(substitute(spec, parameters), places);
}

function parametersOf({ task, params }: TaskRunOptions): Variables {
  const variables = new Map<string, string>();
  for (const { name, default: fallback } of task.spec.params) {
    const value = params[name] ?? fallback;
    if (value === undefined) throw new Error(`the parameter ${name} is missing`);
    variables.set(`params.${name}`, value);
  }
  for (const name of Object.keys(params)) {
    if (!variables.has(`params.${name}`)) throw new Error(`the task knows no parameter ${name}`);
  }
  return variables;
}

function placesOf({ task: { spec }, workspaces = {} }: TaskRunOptions): Variables {
  const variables = new Map<string, string>();
  for (const { name } of spec.results) variables.set(`results.${name}.path`, `/tekton/results/${name}`);
  for (const { name } of spec.steps)
    variables.set(`steps.step-${name}.exitCode.path`, `/tekton/steps/step-${name}/exitCode`);
  for (const { name, optional } of spec.workspaces ?? []) {
    const isBound = workspaces[name] !== undefined;
    if (!isBound && optional !== true) throw new Error(`the workspace ${name} is missing`);
    variables.set(`workspaces.${name}.bound`, String(isBound));
    variables.set(`workspaces.${name}.path`, isBound ? `/workspace/${name}` : '');
  }
  for (const name of Object.keys(workspaces)) {
    if (!variables.has(`workspaces.${name}.path`)) throw new Error(`the task knows no workspace ${name}`);
  }
  return variables;
}

function isWanted({ when = [] }: TaskStep): boolean {
  return when.every(({ input, operator, values }) => values.includes(input) === (operator === 'in'));
}

function securityFlags({ securityContext = {} }: TaskStep): string[] {
  const { runAsNonRoot, runAsUser = 0, runAsGroup = 0, capabilities } = securityContext;
  if (runAsNonRoot === true && runAsUser === 0) throw new Error('the step would run as root');
  return [
    '--user',
    `${runAsUser}:${runAsGroup}`,
    ...(securityContext.readOnlyRootFilesystem === true ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(securityContext.allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : []),
    ...(capabilities?.drop ?? []).flatMap((capability) => ['--cap-drop', capability]),
  ];
}

function memoryFlags({ computeResources }: TaskStep): string[] {
  const limit = computeResources?.limits?.memory;
  return limit === undefined ? [] : ['--memory', limit.replace(/i$/, '')];
}

function readTexts(folder: string): Record<string, string> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]));
}
