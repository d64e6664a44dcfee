// Whatever anybody does to a cache directory, the verdicts are those of a cold run.
import { cpSync, lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAMAGE } from '../store/support/damage.ts';
import { Dice, filesBelow, MIB, outsideWorld } from '../store/support/stores.ts';
import { pushImage } from '../support/images.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { type Gate, openGate } from '../validate/support/gate.ts';

const SEED = 20_261_121;
const RUNS = 500;
/** Together 2,000 and more. */
const MUTATIONS_A_RUN = 4;

let gate: Gate;
let temp: TempDirectory;

beforeAll(async () => {
  gate = await openGate();
  temp = tempDirectory();
});
afterAll(async () => {
  await gate.close();
  temp.remove();
});

it(`${RUNS * MUTATIONS_A_RUN} mutations change no verdict, and nothing outside`, {
  timeout: 180_000,
}, async () => {
  const verified = [await gate.push('one'), await gate.push('two', { layout: 'legacy' })];
  const unsigned = gate.reference('one', pushImage(gate.registry, 'one', { seed: 'unsigned' }));
  const images = [...verified, unsigned];
  const [pristine, directory] = ['pristine', 'cache'].map((name) => join(temp.path, name)) as [
    string,
    string,
  ];
  mkdirSync(pristine);
  await gate.validate(images, { 'cache-dir': pristine });
  const outside = outsideWorld(temp);
  const dice = new Dice(SEED);
  const files = filesBelow(pristine).map((file) => file.replace(pristine, directory));
  for (let run = 0; run < RUNS; run += 1) {
    rmSync(directory, { recursive: true, force: true });
    cpSync(pristine, directory, { recursive: true });
    const done: string[] = [];
    for (let count = 0; count < MUTATIONS_A_RUN; count += 1) done.push(mutate(files, outside.path, dice));
    const before = outside.look();
    const report = await gate.validate(images, { 'cache-dir': directory });
    const outcomes = report.components.map(({ outcome }) => outcome);
    expect(outcomes, `run ${run}: ${done.join('; ')}`).toEqual(['verified', 'verified', 'rejected']);
    expect(outside.look(), done.join('; ')).toBe(before);
  }
});

/** Does one kind of damage to one file, and says which. */
function mutate(files: readonly string[], outside: string, dice: Dice): string {
  const intact = files.filter(isIntact);
  const path = dice.pick(intact);
  const other = dice.pick(intact.filter((file) => file !== path));
  const name = dice.pick(Object.keys(DAMAGE));
  DAMAGE[name]?.(path, { secret: join(outside, 'secret'), outside, other, dice });
  return `${name} at ${basename(path)}`;
}

/** What earlier damage has made a pipe, a link or 2 GB long would only hold up the one who does the damage. */
function isIntact(path: string): boolean {
  try {
    const found = lstatSync(path);
    return found.isFile() && found.size < MIB && realpathSync(path) === path;
  } catch {
    return false;
  }
}
