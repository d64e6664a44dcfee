import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { CompiledPolicy, HostFunctions } from '../../src/policy/engine.ts';
import { openEngine } from '../../src/policy/wasm/open-engine.ts';

const FOLDER = join(import.meta.dirname, 'features');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const modules = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.rego'))
  .map((path) => ({ path, text: read(path) }));
/** What a native OPA of the same version says; `npm run test:conforma` holds this very file against one. */
const expected: { package: string; name: string; value: unknown }[] = JSON.parse(read('expected.json'));
const answers: { name: string; args: unknown[]; value?: unknown }[] = JSON.parse(read('answers.json'));
const host: HostFunctions = async (name, args) => {
  const found = answers.find((one) => one.name === name && JSON.stringify(one.args) === JSON.stringify(args));
  if (found === undefined) throw new Error(`nobody expected ${name}(${JSON.stringify(args)})`);
  return found.value;
};

const { engine } = openEngine({ threads: 1, clock: systemClock });
let policy: CompiledPolicy;
beforeAll(async () => {
  const data = JSON.stringify({ config: { policy: { when_ns: 1_790_000_000_000_000_000 } } });
  policy = await engine.compile({ modules, data });
});
afterAll(() => engine.close());

it('evaluates every function and feature that release policies use as a native OPA does', async () => {
  const rules = expected.map(({ package: name, name: rule }) => ({ package: name, name: rule }));
  const { values } = await policy.evaluate(read('input.json'), rules, host);
  expect(values).toEqual(expected);
});

it('lists each rule with its annotations', () => {
  const formats = policy.rules.find(
    (rule) => rule.package === 'features.texts' && rule.annotations.some((one) => one.title === 'Formats'),
  );
  expect(formats).toMatchObject({ name: 'deny', kind: 'set', path: 'texts.rego', row: 15 });
  expect(formats?.annotations.map((annotation) => annotation.scope)).toEqual(['rule', 'package']);
});
