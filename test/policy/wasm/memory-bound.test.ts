import { describe, expect, it } from 'vitest';
import { boundMemory, PAGE_BYTES } from '../../../src/policy/wasm/memory-bound.ts';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
// A custom section before, an export of the memory after.
const CUSTOM = [0, 3, 1, 0x78, 5];
const EXPORT = [7, 5, 1, 1, 0x6d, 2, 0];
const moduleWith = (...memory: number[]) =>
  Buffer.from([...HEADER, ...CUSTOM, 5, memory.length, ...memory, ...EXPORT]);

async function maximumOf(wasm: Buffer): Promise<number> {
  const module = await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>);
  const instance = await WebAssembly.instantiate(module, {});
  const memory = instance.exports.m as { grow(pages: number): number };
  let pages = memory.grow(0);
  try {
    for (; pages < 100_000; pages++) memory.grow(1);
  } catch {
    return pages;
  }
  throw new Error('no bound');
}

describe('boundMemory', () => {
  it('gives a memory without a maximum one, in whole pages', async () => {
    expect(await maximumOf(boundMemory(moduleWith(1, 0, 2), 300 * PAGE_BYTES + 1))).toBe(300);
  });

  it('lowers a maximum, and never raises one', async () => {
    expect(await maximumOf(boundMemory(moduleWith(1, 1, 2, 0x90, 3), 20 * PAGE_BYTES))).toBe(20);
    expect(await maximumOf(boundMemory(moduleWith(1, 1, 2, 10), 20 * PAGE_BYTES))).toBe(10);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another version', Buffer.from([...HEADER.slice(0, 4), 2, 0, 0, 0])],
    ['no memory section', Buffer.from([...HEADER, ...CUSTOM])],
    ['no memory', moduleWith(0)],
    ['two memories', moduleWith(2, 0, 1, 0, 1)],
    ['a shared memory', moduleWith(1, 3, 1, 2)],
    ['a memory that starts larger', moduleWith(1, 0, 0x80, 0x80, 1)],
    ['bytes after the memory', moduleWith(1, 0, 1, 0)],
    ['a section that ends outside', Buffer.from([...HEADER, 5, 100, 1, 0, 1])],
    ['a section size that does not end', Buffer.from([...HEADER, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['a cut section', Buffer.from([...HEADER, 5])],
  ])('refuses %s', (_, wasm) => {
    expect(() => boundMemory(wasm, 300 * PAGE_BYTES)).toThrow();
  });
});
