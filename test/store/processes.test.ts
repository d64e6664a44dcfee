import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { parseRecord } from '../../src/store/proof-record.ts';
import { tempDirectory } from '../support/temp.ts';
import { fillUp, secondPath, smallDisk, turnReadOnly } from './support/mounts.ts';
import { WorkerProcess } from './support/processes.ts';
import { Dice, MIB, openStore } from './support/stores.ts';

const SEED = 4711;
const STEPS = 400;
const KILLS = 12;

test('processes on one directory, of which some die, one may only read and two have a full disk: no wrong byte, no torn file', async () => {
  using temp = tempDirectory();
  const cache = join(temp.path, 'cache');
  await openStore(cache);
  using second = secondPath(cache, join(temp.path, 'second'));
  using disk = smallDisk(join(temp.path, 'disk'), MIB);
  const dice = new Dice(SEED);
  const start = (root: string, seed: number) => new WorkerProcess({ root, seed, steps: STEPS });
  const survivors = [1, 2, 3, 4].map((seed) => start(cache, seed));
  const reader = start(second.path, 5);
  const poor = [6, 7].map((seed) => start(disk.path, seed));
  await Promise.all([...survivors, reader, ...poor].map((worker) => worker.until('ready')));
  turnReadOnly(second);
  fillUp(disk);
  const watcher = watch(cache);
  for (const worker of [...survivors, reader, ...poor]) worker.go();
  await Promise.all([dieAgainAndAgain(cache, dice, 100), dieAgainAndAgain(cache, dice, 200)]);

  const reports = await Promise.all(survivors.map((worker) => worker.report()));
  const read = await reader.report();
  const { files, torn } = await watcher.stop();
  expect(torn).toEqual([]);
  expect(files).toBeGreaterThan(100);
  for (const report of reports) {
    expect(report).toMatchObject({ wrong: [], warnings: [] });
    expect(Math.min(report.hits, report.misses, report.kept)).toBeGreaterThan(0);
  }
  expect(read.wrong).toEqual([]);
  expect(read.hits).toBeGreaterThan(0);
  expect(read.warnings.filter((text) => !text.includes('EROFS'))).toEqual([]);
  expect(read.warnings.length).toBeGreaterThan(0);
  for (const worker of poor) {
    expect(await worker.report()).toMatchObject({ wrong: [], warnings: [expect.stringContaining('ENOSPC')] });
  }

  const after = await openStore(cache);
  expect(readdirSync(after.directory.paths.temporary)).toEqual([]);
  expect(await after.verify()).toEqual([]);
}, 60_000);

test('what a dead process was writing is cleared by the next one, and what a living one writes is not', async () => {
  using temp = tempDirectory();
  const cache = join(temp.path, 'cache');
  const [dead, living] = [1, 2].map(
    (seed) => new WorkerProcess({ root: cache, seed, steps: 1, isStuck: true }),
  );
  if (dead === undefined || living === undefined) throw new Error('two processes are needed');
  dead.go();
  living.go();
  await Promise.all([dead.until('stuck'), living.until('stuck')]);
  const left = () => readdirSync(join(cache, 'v1/tmp'));
  expect(left()).toHaveLength(2);
  await dead.kill();
  const store = await openStore(cache);
  expect(left()).toHaveLength(1);
  await living.kill();
  await store.prune({ keep: new Set(), reachable: new Set() });
  expect(left()).toEqual([]);
});

/** Processes one after the other, each killed after some steps. */
async function dieAgainAndAgain(root: string, dice: Dice, seed: number): Promise<void> {
  for (let death = 0; death < KILLS / 2; death += 1) {
    const worker = new WorkerProcess({ root, seed: seed + death, steps: 1_000_000 });
    worker.go();
    await worker.until('step', 1 + dice.roll(40));
    await worker.kill();
  }
}

/** Reads whatever appears under a final name, again and again: each file is whole from its first moment. */
function watch(cache: string): { stop(): Promise<{ files: number; torn: string[] }> } {
  let isOn = true;
  let files = 0;
  const torn = new Set<string>();
  const look = (path: string) => {
    const bytes = readIfThere(path);
    if (bytes === undefined) return;
    files += 1;
    const isWhole = path.endsWith('.json')
      ? parseRecord(bytes) !== undefined
      : digestOf(bytes).endsWith(basename(path));
    if (!isWhole) torn.add(path);
  };
  const round = async () => {
    while (isOn) {
      for (const top of ['v1/blobs', 'v1/proofs']) listIfThere(join(cache, top)).forEach(look);
      await nextTurn();
    }
  };
  const rounds = round();
  return {
    async stop() {
      isOn = false;
      await rounds;
      return { files, torn: [...torn] };
    },
  };
}

function listIfThere(top: string): string[] {
  const entries = ifThere<Dirent[]>(() => readdirSync(top, { recursive: true, withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function readIfThere(path: string): Buffer | undefined {
  return ifThere(() => readFileSync(path));
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
