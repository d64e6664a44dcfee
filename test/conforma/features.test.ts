import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { Oracle } from './oracle.ts';

const FOLDER = join(import.meta.dirname, '../policy/features');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

let temp: TempDirectory;
beforeAll(() => {
  temp = tempDirectory();
});
afterAll(() => temp.remove());

it('a native OPA still says what the expectations of test/policy/features say', async () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.rego'));
  const expected: { package: string; name: string; value: unknown }[] = JSON.parse(read('expected.json'));
  const [values] = await new Oracle(temp.path).ask({
    modules: names.map((path) => ({ path, text: read(path) })),
    data: JSON.stringify({ config: { policy: { when_ns: 1_790_000_000_000_000_000 } } }),
    rules: expected.map(({ package: name, name: rule }) => ({ package: name, name: rule })),
    cases: [{ input: read('input.json'), answers: JSON.parse(read('answers.json')) }],
  });
  expect(values).toEqual(expected.map(({ value }) => value));
}, 300_000);
