// Runs a Task as Tekton does, without a cluster: parameters, workspaces, results, `when`, `onError`, and each step as
// a container that is shut in as the step says.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Containers } from './containers.ts';
import {
  substitute,
  type TaskDefinition,
  type TaskSpec,
  type TaskStep,
  withTemplate,
} from './task-definition.ts';

export interface TaskRunOptions {
  readonly task: TaskDefinition;
  readonly params: Readonly<Record<string, string>>;
  /** Folders of this machine by workspace; those that are missing are not bound. */
  readonly workspaces?: Readonly<Record<string, { readonly folder: string; readonly readOnly?: boolean }>>;
  /** ConfigMaps of the namespace: their data. */
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What the image is called here: the task's own name cannot be pulled in a test. */
  readonly image: string;
  /** Steps by their containers' names, while they run. */
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
    this.#spec = substitute(options.task.spec, variablesOf(options));
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
    return { succeeded: !hasFailed, steps, results: this.#readResults() };
  }

  async #runStep(step: TaskStep): Promise<StepResult> {
    const name = `task-${process.pid}-${step.name}-${Math.random().toString(36).slice(2)}`;
    const started = this.#containers.run(name, [
      ...securityFlags(step),
      ...memoryFlags(step),
      ...(step.env ?? []).flatMap(({ name: variable, value }) => ['--env', `${variable}=${value}`]),
      ...this.#mounts(step).flatMap((mount) => ['--volume', mount]),
      ...(step.command === undefined ? [] : ['--entrypoint', JSON.stringify(step.command)]),
      this.#options.image,
      ...(step.args ?? []),
    ]);
    this.#options.onStart?.(name, step.name);
    const { exitCode, output } = await started;
    return { name: step.name, exitCode, output };
  }

  /** Tekton's own places, the workspaces that are bound, and the step's volumes. */
  #mounts(step: TaskStep): string[] {
    const { workspaces = {} } = this.#options;
    const volumes = (step.volumeMounts ?? []).flatMap(({ name, mountPath, subPath, readOnly }) => {
      const folder = join(this.#folder, 'volumes', name);
      // A subPath of an optional volume that is not there is an empty folder in Kubernetes.
      const source = subPath === undefined ? folder : join(folder, subPath);
      return `${source}:${mountPath}${readOnly === true ? ':ro' : ''}`;
    });
    return [
      `${join(this.#folder, 'results')}:/tekton/results`,
      `${join(this.#folder, 'home')}:/tekton/home`,
      ...Object.entries(workspaces).map(
        ([name, { folder, readOnly }]) => `${folder}:/workspace/${name}${readOnly === true ? ':ro' : ''}`,
      ),
      ...volumes,
    ];
  }

  async #makeFolders(): Promise<void> {
    const { configMaps = {} } = this.#options;
    for (const name of ['results', 'home']) mkdirSync(join(this.#folder, name), { mode: 0o777 });
    for (const { name, configMap } of this.#spec.volumes ?? []) {
      const folder = join(this.#folder, 'volumes', name);
      mkdirSync(folder, { recursive: true, mode: 0o777 });
      if (configMap === undefined) continue;
      const data = configMaps[configMap.name];
      if (data === undefined && configMap.optional !== true)
        throw new Error(`no ConfigMap ${configMap.name}`);
      for (const { key, path } of configMap.items ?? []) {
        const text = data?.[key];
        if (text !== undefined) writeFileSync(join(folder, path), text);
      }
    }
    await this.#containers.giveAway(this.#folder);
  }

  #readResults(): Record<string, string> {
    const folder = join(this.#folder, 'results');
    const entries = readdirSync(folder).map(
      (name) => [name, readFileSync(join(folder, name), 'utf8')] as const,
    );
    const known = new Set(this.#spec.results.map((result) => result.name));
    for (const [name] of entries)
      if (!known.has(name)) throw new Error(`a step wrote the unknown result ${name}`);
    const weight = entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
    if (weight > MAX_RESULT_BYTES)
      throw new Error(`the results weigh ${weight} bytes: Tekton fails such a task`);
    return Object.fromEntries(entries);
  }
}

function variablesOf({ task, params, workspaces = {} }: TaskRunOptions): ReadonlyMap<string, string> {
  const { spec } = task;
  const variables = new Map<string, string>();
  for (const { name, default: fallback } of spec.params) {
    const value = params[name] ?? fallback;
    if (value === undefined) throw new Error(`the parameter ${name} is missing`);
    variables.set(`params.${name}`, value);
  }
  for (const name of Object.keys(params)) {
    if (!variables.has(`params.${name}`)) throw new Error(`the task knows no parameter ${name}`);
  }
  for (const { name } of spec.results) variables.set(`results.${name}.path`, `/tekton/results/${name}`);
  for (const { name, optional } of spec.workspaces ?? []) {
    const isBound = workspaces[name] !== undefined;
    if (!isBound && optional !== true) throw new Error(`the workspace ${name} is missing`);
    variables.set(`workspaces.${name}.bound`, String(isBound));
    variables.set(`workspaces.${name}.path`, isBound ? `/workspace/${name}` : '');
  }
  return variables;
}

function isWanted({ when = [] }: TaskStep): boolean {
  return when.every(({ input, operator, values }) => values.includes(input) === (operator === 'in'));
}

function securityFlags({ securityContext = {} }: TaskStep): string[] {
  const { runAsUser, runAsGroup, readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } =
    securityContext;
  if (securityContext.runAsNonRoot === true && (runAsUser ?? 0) === 0)
    throw new Error('the step would run as root');
  return [
    ...(runAsUser === undefined ? [] : ['--user', `${runAsUser}:${runAsGroup ?? runAsUser}`]),
    ...(readOnlyRootFilesystem === true ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : []),
    ...(capabilities?.drop ?? []).flatMap((capability) => ['--cap-drop', capability]),
  ];
}

function memoryFlags({ computeResources }: TaskStep): string[] {
  const limit = computeResources?.limits?.memory;
  return limit === undefined ? [] : ['--memory', limit.replace('Gi', 'g').replace('Mi', 'm')];
}
