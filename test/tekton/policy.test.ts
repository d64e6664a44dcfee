// Policies in the Task's container.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RuleText, rego } from '../support/policies.ts';
import { openScene, type Scene, snapshotOf } from './support/scene.ts';

const PASSES: RuleText = { short: 'passes', when: 'false' };
const FIRES: RuleText = { short: 'fires', message: '"no luck"', custom: { solution: 'Be lucky.' } };

let scene: Scene;
let image: string;

beforeAll(async () => {
  scene = await openScene();
  image = await scene.push('shop/cart');
});
afterAll(() => scene?.close());

function policyOf(name: string, ...rules: RuleText[]): string {
  scene.temp.write(`data/${name}.rego`, rego(...rules));
  return JSON.stringify({ sources: [{ policy: [`/workspace/data/${name}.rego`] }] });
}

const ruleOf = (outcome: Awaited<ReturnType<Scene['run']>>) =>
  outcome.report?.components[0]?.violations?.find(({ metadata }) => metadata.code === 'main.fires')?.metadata;

describe('POLICY_CONFIGURATION', () => {
  it('is evaluated by the engine in the image', async () => {
    const params = { IMAGES: snapshotOf([image]), POLICY_CONFIGURATION: policyOf('good', PASSES) };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0], testOutput: { result: 'SUCCESS' } });
    expect(outcome.report?.components[0]?.successes?.map(({ metadata }) => metadata.code)).toContain(
      'main.passes',
    );
  });

  it('fails the task by its rules, and INFO=false leaves out what they say of themselves', async () => {
    const POLICY_CONFIGURATION = policyOf('bad', FIRES);
    const long = await scene.run({ params: { IMAGES: snapshotOf([image]), POLICY_CONFIGURATION } });
    expect(long, long.log).toMatchObject({ codes: [1, 1], testOutput: { result: 'FAILURE' } });
    expect(ruleOf(long)).toMatchObject({ title: expect.any(String), solution: 'Be lucky.' });
    const short = await scene.run({
      params: { IMAGES: snapshotOf([image]), POLICY_CONFIGURATION, INFO: 'false' },
    });
    expect(short, short.log).toMatchObject({ codes: [1, 1] });
    expect(ruleOf(short)).toMatchObject({ solution: 'Be lucky.' });
    for (const name of ['title', 'description']) expect(ruleOf(short)).not.toHaveProperty(name);
  });

  it("that is in nobody's cluster is bad input", async () => {
    const params = { IMAGES: snapshotOf([image]), POLICY_CONFIGURATION: 'no-such-file.yaml' };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ codes: [2, 2], testOutput: { result: 'ERROR' } });
  });
});
