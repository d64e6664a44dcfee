// Provenance that tests attest with must name the tasks that it was given, where Tekton Chains names them.
import { expect, test } from 'vitest';
import { provenanceV1, provenanceV02 } from './provenance.ts';

const digest = `sha256:${'b'.repeat(64)}`;
const task = { name: 'build', bundle: `127.0.0.1:5000/tasks/build:0.1@${digest}` };
const material = { uri: 'oci://127.0.0.1:5000/tasks/build', digest: { sha256: 'b'.repeat(64) } };

test.each([
  ['bundle', { name: 'build', bundle: task.bundle, kind: 'Task' }],
  ['resolver', { kind: 'Task', resolver: 'bundles' }],
] as const)('a pipeline run of v0.2 names its bundles by %s and as materials', (refStyle, ref) => {
  const { predicate } = provenanceV02({ tasks: [task], refStyle });
  expect(predicate).toMatchObject({
    buildType: 'tekton.dev/v1beta1/PipelineRun',
    buildConfig: { tasks: [{ name: 'build', ref }] },
    materials: [material, { uri: 'git+https://git.test/acme/app.git' }],
  });
});

test('a task run names its bundle as the source of its configuration', () => {
  const { predicate } = provenanceV02({ tasks: [task], run: 'TaskRun' });
  expect(predicate).toMatchObject({ invocation: { configSource: { ...material, entryPoint: 'build' } } });
});

test('a bundle without a digest is named, and is no material', () => {
  const unpinned = { name: 'build', bundle: '127.0.0.1:5000/tasks/build:0.1' };
  const { predicate } = provenanceV02({ tasks: [unpinned], refStyle: 'bundle' });
  expect(predicate).toMatchObject({ buildConfig: { tasks: [{ ref: unpinned }] } });
  expect(JSON.stringify(predicate.materials)).not.toContain('oci:');
});

test.each([
  ['PipelineRun', 'pipelineTask'],
  ['TaskRun', 'task'],
] as const)('v1 names the tasks of a %s as dependencies called %s', (run, name) => {
  const { predicate } = provenanceV1({ tasks: [task], run });
  expect(predicate).toMatchObject({
    buildDefinition: { resolvedDependencies: [{ ...material, name }, { name: 'inputs/result' }] },
  });
});
