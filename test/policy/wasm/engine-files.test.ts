import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKSUMS_FILE, GO_FILE, readEngine, WASM_FILE } from '../../../src/policy/wasm/engine-files.ts';

const DIST = join(import.meta.dirname, '..', '..', '..', 'dist', 'policy');
const MEMORY = 500_000_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofgate-engine-'));
  cpSync(DIST, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

describe('readEngine', () => {
  it('refuses WebAssembly in which one byte is another', async () => {
    const wasm = brotliDecompressSync(readFileSync(join(folder, WASM_FILE)));
    wasm[1_000_000] = (wasm[1_000_000] ?? 0) ^ 1;
    writeFileSync(join(folder, WASM_FILE), brotliCompressSync(wasm, fast));
    const read = readEngine(folder, MEMORY);
    await expect(read).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(read).rejects.toThrow(/rego\.wasm has SHA-256/);
  });

  it('refuses a script that was added to', async () => {
    writeFileSync(join(folder, GO_FILE), `${readFileSync(join(folder, GO_FILE), 'utf8')} `);
    await expect(readEngine(folder, MEMORY)).rejects.toThrow(/wasm_exec\.js has SHA-256/);
  });

  it('refuses an empty list of checksums', async () => {
    writeFileSync(join(folder, CHECKSUMS_FILE), '');
    await expect(readEngine(folder, MEMORY)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('does not unpack what grows without end', async () => {
    writeFileSync(join(folder, WASM_FILE), brotliCompressSync(Buffer.alloc(101_000_000), fast));
    const cause = { code: 'ERR_BUFFER_TOO_LARGE' };
    await expect(readEngine(folder, MEMORY)).rejects.toMatchObject({ code: 'INTERNAL', cause });
  });

  it.each([WASM_FILE, GO_FILE, CHECKSUMS_FILE])('names the folder when there is no %s', async (name) => {
    rmSync(join(folder, name));
    await expect(readEngine(folder, MEMORY)).rejects.toThrow(folder);
  });

  it('refuses a memory that the engine cannot start in', async () => {
    await expect(readEngine(folder, 1_000_000)).rejects.toThrow(/bytes of memory to start/);
  });
});
