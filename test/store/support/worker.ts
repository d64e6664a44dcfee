// One process of several on one directory. It reads and writes what all of them do, compares every answer with the
// truth, and tells its parent each step, so that the parent can end it in the middle of one.
//
//   worker.ts <root> <seed> <steps> [stuck]
import { readSync } from 'node:fs';
import { ProofIndex } from '../../../src/store/proof-index.ts';
import { collect, piecesOf } from './sources.ts';
import { type Content, content, Dice, HOUR_MS, openStore, record } from './stores.ts';

export interface WorkerReport {
  readonly hits: number;
  readonly misses: number;
  readonly kept: number;
  readonly wrong: readonly string[];
  readonly warnings: readonly string[];
}

const BLOBS: readonly Content[] = [0, 1, 900, 5000, 70_000, 300_000, 900_000].map((size, index) =>
  content(`shared ${index}`, size),
);
const RECORDS = Array.from({ length: 6 }, (_, index) => record(`shared record ${index}`));
const FRESH = { nowMs: (RECORDS[0]?.listedAtMs ?? 0) + HOUR_MS, maxAgeMs: 24 * HOUR_MS };

const [root = '', seed = '1', steps = '1', mode] = process.argv.slice(2);
const warnings: string[] = [];
const wrong: string[] = [];
const counts = { hits: 0, misses: 0, kept: 0 };

const blobs = await openStore(root, { warnings });
const proofs = new ProofIndex(blobs.directory);
tell('ready');
// Until the parent has done with the directory what it means to do.
readSync(0, Buffer.alloc(1));
if (mode === 'stuck') await fillForEver();
const dice = new Dice(Number(seed));
for (let step = 0; step < Number(steps); step += 1) {
  await takeStep();
  tell('step');
}
tell(JSON.stringify({ ...counts, wrong, warnings } satisfies WorkerReport));

async function takeStep(): Promise<void> {
  const { digest, bytes } = dice.pick(BLOBS);
  const proof = dice.pick(RECORDS);
  const size = bytes.length;
  const choice = dice.roll(12);
  if (choice < 4) return judge(await blobs.read(digest, { size }), bytes);
  if (choice < 6) return count(await blobs.write(digest, bytes));
  if (choice < 8)
    return judge(await collect(blobs.stream(digest, size, () => piecesOf(bytes, 50_000))), bytes);
  if (choice < 9) return count(await proofs.write(proof));
  if (choice < 11) {
    const found = await proofs.read(proof.repository, proof.digest, FRESH);
    return judge(found && Buffer.from(JSON.stringify(found)), Buffer.from(JSON.stringify({ ...proof })));
  }
  // So that the others meet misses, and files that vanish under them.
  await blobs.directory.remove(blobs.directory.paths.blob(digest));
}

function judge(found: Buffer | undefined, truth: Buffer): void {
  if (found === undefined) counts.misses += 1;
  else if (sameText(found, truth)) counts.hits += 1;
  else wrong.push(`${found.length} bytes instead of ${truth.length}`);
}

/** Records come back with their keys in another order. */
function sameText(found: Buffer, truth: Buffer): boolean {
  return found.equals(truth) || (found[0] === 0x7b && sorted(found) === sorted(truth));
}

function sorted(json: Buffer): string {
  return [...json.toString()].sort().join('');
}

function count(isKept: boolean): void {
  if (isKept) counts.kept += 1;
}

/** A transfer that stops in the middle, for ever. */
async function fillForEver(): Promise<never> {
  const { digest, bytes } = content('never finished', 10_000);
  const half = async function* () {
    yield bytes.subarray(0, 5000);
    await blobs.directory.sweep();
    tell('stuck');
    await new Promise(() => setInterval(() => {}, 1000));
  };
  await collect(blobs.stream(digest, bytes.length, half));
  throw new Error('it ended');
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
