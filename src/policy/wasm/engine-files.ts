// Reads the engine that is shipped beside the bundles: OPA as WebAssembly, and the Go toolchain's JavaScript that runs it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { ProofgateError } from '../../base/errors.ts';
import { boundMemory } from './memory-bound.ts';

export const WASM_FILE = 'rego.wasm.br';
export const GO_FILE = 'wasm_exec.js';
/** As `sha256sum` writes it, of `rego.wasm` before its compression and of `wasm_exec.js`. */
export const CHECKSUMS_FILE = 'SHA256SUMS';

/** 33 MB today. What is larger is not what was built here. */
const MAX_WASM_BYTES = 100_000_000;

/** May be handed to other threads: the module's code is shared. */
export interface EngineFiles {
  readonly module: WebAssembly.Module;
  /** Text of wasm_exec.js. */
  readonly goScript: string;
  /** Most that one instance's memory grows to. */
  readonly memoryBytes: number;
}

/**
 * Reads, checks and compiles the engine; the caller keeps the result, this takes a second.
 * @param folder dist/policy, wherever it lies
 * @throws ProofgateError `INTERNAL` when a file is missing, or is not the one that was built
 */
export async function readEngine(folder: string, memoryBytes: number): Promise<EngineFiles> {
  try {
    const [compressed, go, list] = await Promise.all([
      readFile(join(folder, WASM_FILE)),
      readFile(join(folder, GO_FILE)),
      readFile(join(folder, CHECKSUMS_FILE), 'utf8'),
    ]);
    const wasm = await promisify(brotliDecompress)(compressed, { maxOutputLength: MAX_WASM_BYTES });
    checkSum(list, 'rego.wasm', wasm);
    checkSum(list, GO_FILE, go);
    const module = await WebAssembly.compile(boundMemory(wasm, memoryBytes) as Uint8Array<ArrayBuffer>);
    return { module, goScript: go.toString('utf8'), memoryBytes };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new ProofgateError('INTERNAL', `cannot load the policy engine in ${folder}: ${cause}`, {
      cause: error,
      hint: 'The installation is incomplete or was changed: install Proofgate anew.',
    });
  }
}

function checkSum(list: string, name: string, bytes: Buffer): void {
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (!list.split('\n').includes(`${sum}  ${name}`)) {
    throw new Error(`${name} has SHA-256 ${sum}, which is not the one in ${CHECKSUMS_FILE}`);
  }
}
