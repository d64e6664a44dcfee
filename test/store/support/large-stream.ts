// A process that passes a large layer through a store and says how much memory it took.
//
//   large-stream.ts <root> <bytes>
import { createHash } from 'node:crypto';
import { parseDigest } from '../../../src/base/digest.ts';
import { MIB, openStore } from './stores.ts';

export interface MemoryReport {
  readonly transfers: number;
  readonly readBytes: readonly number[];
  /** What the process held at most, beyond what it held before. */
  readonly grownBytes: number;
  readonly warnings: readonly string[];
}

const [root = '', size = '0'] = process.argv.slice(2);
const bytes = Number(size);
const piece = Buffer.alloc(64 * 1024, 'layer');
const pieces = bytes / piece.length;
const warnings: string[] = [];
const digest = nameOf();
const store = await openStore(root, { warnings });
let transfers = 0;

const before = process.memoryUsage().rss;
// One who follows the transfer, and one who waits for the file.
const readBytes = await Promise.all([read(), read()]);
const report: MemoryReport = {
  transfers,
  readBytes,
  grownBytes: process.resourceUsage().maxRSS * 1024 - before,
  warnings,
};
process.stdout.write(JSON.stringify(report));

async function* fetch(): AsyncGenerator<Uint8Array, void, undefined> {
  transfers += 1;
  // As from a socket: each piece is memory of its own.
  for (let index = 0; index < pieces; index += 1) yield Buffer.from(piece);
}

async function read(): Promise<number> {
  let count = 0;
  for await (const chunk of store.stream(digest, bytes, fetch)) count += chunk.length;
  return count;
}

function nameOf() {
  const hash = createHash('sha256');
  const block = Buffer.concat(Array(MIB / piece.length).fill(piece));
  for (let index = 0; index < bytes / MIB; index += 1) hash.update(block);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
