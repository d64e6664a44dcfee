import { describe, expect, it } from 'vitest';
import { parseStatement } from '../../src/verify/statement.ts';
import { describeTask, distinctTasks, findTasks } from '../../src/verify/task-bundles.ts';
import type { Verified } from '../../src/verify/verifier.ts';

const HEX = 'b'.repeat(64);
const OTHER = 'c'.repeat(64);

// Only the verifier makes a Verified; what is tested here is how its statement is read.
function asVerified(predicateType: string, predicate: unknown): Verified {
  const subject = [{ name: 'app', digest: { sha256: 'a'.repeat(64) } }];
  const json = { _type: 'https://in-toto.io/Statement/v0.1', subject, predicateType, predicate };
  const statement = parseStatement(Buffer.from(JSON.stringify(json)));
  return { claim: { type: 'statement', statement } } as unknown as Verified;
}

function tasksV1(dependencies: unknown[]) {
  return findTasks(
    asVerified('https://slsa.dev/provenance/v1', {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa',
        externalParameters: {},
        resolvedDependencies: dependencies,
      },
      runDetails: { builder: { id: 'https://tekton.dev/chains/v2' } },
    }),
  );
}

function tasksV02(more: object) {
  return findTasks(
    asVerified('https://slsa.dev/provenance/v0.2', {
      builder: { id: 'https://tekton.dev/chains/v2' },
      buildType: 'tekton.dev/v1beta1/PipelineRun',
      ...more,
    }),
  );
}

const content = (spec: object) => Buffer.from(JSON.stringify({ spec })).toString('base64');
const bundles = (value: unknown) => ({ resolver: 'bundles', params: [{ name: 'bundle', value }] });

describe('tasks that provenance names', () => {
  it('v1: a dependency named task or pipelineTask with an oci URI and a digest is a pinned bundle', () => {
    const dependencies = ['task', 'pipelineTask'].map((name) => ({
      name,
      uri: `oci://r.example/of/${name.toLowerCase()}`,
      digest: { sha256: HEX },
    }));
    expect(tasksV1(dependencies).map(describeTask)).toEqual([
      `r.example/of/task@sha256:${HEX}`,
      `r.example/of/pipelinetask@sha256:${HEX}`,
    ]);
  });

  it('v1: dependencies of other kinds are not tasks', () => {
    const dependencies = [
      { name: 'inputs/result', uri: 'git+https://git.example/a', digest: { sha1: 'ab' } },
      { uri: 'oci://r.example/base', digest: { sha256: HEX } },
    ];
    expect(tasksV1(dependencies)).toEqual([]);
  });

  it('v1: a dependency that carries only the TaskRun is read from its content', () => {
    const dependency = {
      name: 'pipelineTask',
      content: content({ taskRef: bundles(`r.example/t:1@sha256:${HEX}`) }),
    };
    expect(tasksV1([dependency]).map(describeTask)).toEqual([`r.example/t@sha256:${HEX}`]);
  });

  it('v0.2: old and new references to bundles are both read', () => {
    const tasks = [
      { name: 'a', ref: { name: 'a', bundle: `r.example/a@sha256:${HEX}` } },
      { name: 'b', ref: bundles(`r.example/b:2@sha256:${HEX}`) },
    ];
    expect(tasksV02({ buildConfig: { tasks } }).map(describeTask)).toEqual([
      `r.example/a@sha256:${HEX}`,
      `r.example/b@sha256:${HEX}`,
    ]);
  });

  it('v0.2: provenance of a single TaskRun names its bundle as the source of its configuration', () => {
    const [task] = tasksV02({
      buildType: 'tekton.dev/v1beta1/TaskRun',
      invocation: { configSource: { uri: 'r.example/clone', digest: { sha256: HEX }, entryPoint: 'clone' } },
    });
    expect(task).toMatchObject({ type: 'bundle', reference: `r.example/clone@sha256:${HEX}` });
  });

  it('a bundle by tag is unpinned, never resolved by us', () => {
    expect(tasksV02({ buildConfig: { tasks: [{ ref: bundles('r.example/b:2') }] } })).toEqual([
      { type: 'unpinned', reference: 'r.example/b:2' },
    ]);
  });

  it.each([
    ['a task of the cluster', { name: 'clone', kind: 'Task' }],
    [
      'a task through the git resolver',
      { resolver: 'git', params: [{ name: 'url', value: 'https://git.example/x' }] },
    ],
    ['an inline task', null],
    ['a bundle that is no text', bundles(7)],
    ['a bundle that is no reference', bundles('Not A Reference')],
  ])('%s cannot be verified, and says so', (_, ref) => {
    expect(tasksV02({ buildConfig: { tasks: [{ name: 'clone', ref }] } })).toMatchObject([
      { type: 'unverifiable' },
    ]);
  });

  it('a dependency whose content is not a TaskRun cannot be verified', () => {
    const broken = Buffer.from('not json').toString('base64');
    expect(tasksV1([{ name: 'task', content: broken }])).toMatchObject([{ type: 'unverifiable' }]);
  });

  it('a task from git by URI cannot be verified', () => {
    expect(
      tasksV1([{ name: 'task', uri: 'git+https://git.example/x.git', digest: { sha1: 'ab' } }]),
    ).toMatchObject([{ type: 'unverifiable' }]);
  });

  it('a URI and a digest set that disagree are not resolved in favour of either', () => {
    const dependency = { name: 'task', uri: `oci://r.example/t@sha256:${HEX}`, digest: { sha256: OTHER } };
    expect(tasksV1([dependency])).toMatchObject([{ type: 'unverifiable' }]);
  });

  it('the same bundle under two tags is one bundle', () => {
    const tasks = ['1', '2'].map((tag) => ({ ref: bundles(`r.example/t:${tag}@sha256:${HEX}`) }));
    expect(distinctTasks(tasksV02({ buildConfig: { tasks } }))).toHaveLength(1);
  });

  it('a statement that is not provenance names no tasks', () => {
    expect(findTasks(asVerified('https://cyclonedx.org/bom', {}))).toEqual([]);
  });

  it('a provenance with absurdly many tasks is refused rather than cut', () => {
    const tasks = Array.from({ length: 10_001 }, () => ({ ref: { name: 'x' } }));
    expect(() => tasksV02({ buildConfig: { tasks } })).toThrowError(
      expect.objectContaining({ code: 'STATEMENT_INVALID' }),
    );
  });
});
