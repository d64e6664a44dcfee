// The Task's text: against Tekton's schema, the linters, Conforma's names, and its README.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { labelOf } from '../../src/options/option-list.ts';
import { TASK_OPTIONS, UNSUPPORTED } from '../../src/task/task-parameters.ts';
import { ROOT } from './support/build.ts';
import { compileTaskSchema } from './support/crd-schema.ts';
import { readSample, sampleNames } from './support/samples.ts';
import { TASK_FILE, TASK_FOLDER } from './support/scene.ts';
import { readTask, type TaskDefinition, withTemplate } from './support/task-definition.ts';

const TEXT = readFileSync(TASK_FILE, 'utf8');
const README = readFileSync(join(TASK_FOLDER, 'README.md'), 'utf8');
const task = readTask(TASK_FILE);
const { spec } = task;
const steps = spec.steps.map((step) => withTemplate(step, spec.stepTemplate));
const definition = (): TaskDefinition => parse(TEXT);

/** Parameters of Conforma's task `verify-enterprise-contract` 0.1. */
const CONFORMA = [
  'IMAGES POLICY_CONFIGURATION PUBLIC_KEY REKOR_HOST CERTIFICATE_IDENTITY CERTIFICATE_OIDC_ISSUER',
  'CERTIFICATE_IDENTITY_REGEXP CERTIFICATE_OIDC_ISSUER_REGEXP IGNORE_REKOR TUF_MIRROR SSL_CERT_DIR',
  'CA_TRUST_CONFIGMAP_NAME CA_TRUST_CONFIG_MAP_KEY INFO STRICT HOMEDIR EFFECTIVE_TIME ALLOW_PAST_EFFECTIVE_TIME',
  'EXTRA_RULE_DATA POLICY_BUNDLE_DIGEST WORKERS EC_USE_OPA SINGLE_COMPONENT SINGLE_COMPONENT_CUSTOM_RESOURCE',
  'SINGLE_COMPONENT_CUSTOM_RESOURCE_NS RETRY_DURATION RETRY_FACTOR RETRY_JITTER RETRY_MAX_RETRY RETRY_MAX_WAIT',
].flatMap((line) => line.split(' '));

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}`.trim() };
};

describe("Tekton's schema", () => {
  let validate: ValidateFunction;
  beforeAll(() => {
    validate = compileTaskSchema();
  });

  it('takes the Task', () => {
    validate(definition());
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each([
    [
      'a misspelt field of a step',
      (one: TaskDefinition) => Object.assign(one.spec.steps[0] ?? {}, { onErrors: 'continue' }),
    ],
    [
      'a misspelt field of the template',
      (one: TaskDefinition) => Object.assign(one.spec.stepTemplate ?? {}, { environment: [] }),
    ],
    [
      'a field that only another version has',
      (one: TaskDefinition) => Object.assign(one.spec, { resources: {} }),
    ],
    [
      'a number where a text belongs',
      (one: TaskDefinition) => Object.assign(one.spec.params[0] ?? {}, { name: 1 }),
    ],
  ])('refuses %s', (_, damage) => {
    const damaged = definition();
    damage(damaged);
    expect(validate(damaged)).toBe(false);
  });
});

describe('the linters', () => {
  it('tekton-lint has no warning about the Task and its samples', () => {
    const files = ['proofgate-verify.yaml', ...['samples', 'tests'].flatMap((folder) => yamlIn(folder))];
    const found = run(
      join(ROOT, 'node_modules/.bin/tekton-lint'),
      '--max-warnings',
      '0',
      ...files.map((file) => join(TASK_FOLDER, file)),
    );
    expect(found).toEqual({ status: 0, output: '' });
  });

  it('yamllint has nothing to say about any YAML of the catalogue', () => {
    expect(run('yamllint', '--strict', join(ROOT, 'tekton'), join(ROOT, '.tektonlintrc.yaml'))).toEqual({
      status: 0,
      output: '',
    });
  });

  it('shellcheck has nothing to say: no step has a script, and there is one shell script in all', () => {
    expect(TEXT).not.toMatch(/^\s*script:/m);
    for (const { command } of steps) expect(command?.[0]).toBe('/nodejs/bin/node');
    const names = readdirSync(join(ROOT, 'tekton'), { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.endsWith('.sh'))).toEqual([]);
    expect(run('shellcheck', join(ROOT, '.ci/run'))).toEqual({ status: 0, output: '' });
  });
});

function yamlIn(folder: string): string[] {
  return readdirSync(join(TASK_FOLDER, folder)).map((name) => join(folder, name));
}

describe('what reviewers of a catalogue want', () => {
  const { metadata } = parse(TEXT);

  it('a name and a version that are those of the folders', () => {
    expect(
      TASK_FOLDER.endsWith(`/task/${task.metadata.name}/${metadata.labels['app.kubernetes.io/version']}`),
    ).toBe(true);
  });

  it('annotations, a one-line summary, platforms, owners, a changelog', () => {
    expect(Object.keys(metadata.annotations)).toEqual(
      expect.arrayContaining(
        ['pipelines.minVersion', 'categories', 'tags', 'displayName', 'platforms'].map(
          (name) => `tekton.dev/${name}`,
        ),
      ),
    );
    expect(spec.description.split('\n\n')[0]).toMatch(/^.{20,80}\.$/);
    for (const file of ['OWNERS', 'CHANGELOG.md'])
      expect(existsSync(join(TASK_FOLDER, '..', file))).toBe(true);
    expect(Object.keys(parse(readFileSync(join(ROOT, 'tekton/artifacthub-repo.yml'), 'utf8')))).toContain(
      'repositoryID',
    );
    expect(yamlIn('tests')).toContain('tests/run.yaml');
  });

  it('an image with a registry, and no moving tag', () => {
    for (const { image } of steps)
      expect(image).toMatch(/^[\w-]+(?:\.[\w-]+)+\/[\w/-]+(?::\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
    expect(new Set(steps.map(({ image }) => image)).size).toBe(1);
  });

  it('no parameter in a script or in arguments, where it would be read as a part of them', () => {
    for (const { command, args } of steps) expect(JSON.stringify([command, args])).not.toContain('$(');
  });

  it('few steps, which are shut in, with requests and a limit of memory', () => {
    expect(steps.map(({ name }) => name)).toEqual(['verify', 'assert']);
    for (const step of steps) {
      expect(step.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const { requests, limits } = step.computeResources ?? {};
      expect(Object.keys(requests ?? {})).toEqual(['cpu', 'memory']);
      expect(limits?.memory).toBe(requests?.memory);
    }
  });

  it('workspaces that are all optional, and read-only where nothing is written', () => {
    const workspaces = spec.workspaces ?? [];
    expect(workspaces.every(({ optional }) => optional === true)).toBe(true);
    expect(workspaces.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name)).toEqual([
      'cache',
      'reports',
    ]);
  });
});

describe('the parameters', () => {
  const names = spec.params.map(({ name }) => name);

  it("are all of Conforma's, and ours after them", () => {
    expect(names.slice(0, CONFORMA.length)).toEqual(CONFORMA);
  });

  it("reach the program as variables, every one that is not the definition's own", () => {
    const passed = steps[0]?.env?.flatMap(({ name, value }) => {
      const [, parameter] = /^PARAM_(.+)$/.exec(name) ?? [];
      if (parameter !== undefined) expect(value).toBe(`$(params.${parameter})`);
      return parameter ?? [];
    });
    const own = ['HOMEDIR', 'CA_TRUST_CONFIGMAP_NAME', 'CA_TRUST_CONFIG_MAP_KEY'];
    expect(passed?.toSorted()).toEqual(names.filter((name) => !own.includes(name)).sort());
  });

  it('are read by the program, every one', () => {
    const read = [
      ...TASK_OPTIONS.map((option) => labelOf(option, 'task')),
      ...Object.keys(UNSUPPORTED),
      ...['INFO', 'SSL_CERT_DIR', 'HOMEDIR', 'CA_TRUST_CONFIGMAP_NAME', 'CA_TRUST_CONFIG_MAP_KEY'],
      // They say nothing without SINGLE_COMPONENT.
      ...['SINGLE_COMPONENT_CUSTOM_RESOURCE', 'SINGLE_COMPONENT_CUSTOM_RESOURCE_NS'],
    ];
    expect(read.toSorted()).toEqual(names.toSorted());
  });

  it('that are not supported have the one default that is accepted', () => {
    for (const [name, { allowed }] of Object.entries(UNSUPPORTED)) {
      const fallback = spec.params.find((one) => one.name === name)?.default;
      expect(['', ...allowed]).toContain(fallback);
    }
  });

  it('are in the README, with their defaults', () => {
    const rows = README.split('\n').flatMap((line) => {
      const [, name, fallback = ''] = /^\| `([A-Z_]+)` \| (?:`([^`]*)` )?\| \S/.exec(line) ?? [];
      return name === undefined || name === 'TEST_OUTPUT' ? [] : [[name, fallback]];
    });
    expect(rows).toEqual(spec.params.map(({ name, default: fallback = '' }) => [name, fallback]));
    for (const name of Object.keys(UNSUPPORTED).filter((one) => one !== 'EC_USE_OPA')) {
      expect(README).toMatch(new RegExp(`\\| \`${name}\` \\| .*not supported`));
    }
  });

  it('and workspaces and results too', () => {
    for (const { name } of [...(spec.workspaces ?? []), ...spec.results])
      expect(README).toContain(`| \`${name}\` |`);
  });
});

describe.each(sampleNames(TASK_FOLDER))('%s', (name) => {
  const uses = readSample(join(TASK_FOLDER, 'samples', name));

  it('gives parameters and workspaces that there are, and all that it must', () => {
    for (const { spec: own = spec, params, workspaces } of uses) {
      const names = (list: readonly { readonly name: string }[] = []) => list.map((one) => one.name);
      expect(names(own.params)).toEqual(expect.arrayContaining(Object.keys(params)));
      expect(names(own.workspaces)).toEqual(expect.arrayContaining(Object.keys(workspaces)));
      const wanted = own.params.filter((one) => one.default === undefined);
      expect(Object.keys(params)).toEqual(expect.arrayContaining(names(wanted)));
    }
  });

  it('has only steps that are shut in as those of the Task, with its image', () => {
    for (const step of uses.flatMap((use) => use.spec?.steps ?? [])) {
      const [verify] = steps;
      const { image, command, securityContext } = step;
      expect({ image, command, securityContext }).toEqual({
        image: verify?.image,
        command: verify?.command,
        securityContext: verify?.securityContext,
      });
    }
  });

  it('is in the README', () => {
    expect(README).toContain(`[${name}](samples/${name})`);
  });

  it('mounts one claim at most in a pod', () => {
    for (const { claims } of uses) expect(claims.size).toBeLessThanOrEqual(1);
  });
});

it('the run for a cluster uses what there is', () => {
  const [use] = readSample(join(TASK_FOLDER, 'tests/run.yaml'));
  expect(spec.params.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(use?.params ?? {})));
});
