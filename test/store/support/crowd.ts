// A process in which thousands use a store at the same moment.
//
//   crowd.ts <root>
import { content, openStore } from './stores.ts';

const warnings: string[] = [];
const store = await openStore(process.argv[2] ?? '', { warnings });
const all = Array.from({ length: 1000 }, (_, index) => content(`of the crowd ${index}`, 100));
const kept = await Promise.all(all.map(({ digest, bytes }) => store.write(digest, bytes)));
const thrice = [...all, ...all, ...all];
const read = await Promise.all(thrice.map(({ digest }) => store.read(digest, { size: 100 })));
const isRight = (bytes: Buffer | undefined, index: number) =>
  bytes?.equals(thrice[index]?.bytes ?? Buffer.alloc(0));
process.stdout.write(
  JSON.stringify({ kept: kept.filter(Boolean).length, read: read.filter(isRight).length, warnings }),
);
