// What dist/policy/ holds: OPA as WebAssembly and what it takes to run it. Built by Go, whose version go.mod pins, so
// that the same sources give the same bytes anywhere.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { CHECKSUMS_FILE, GO_FILE, WASM_FILE } from '../src/policy/wasm/engine-files.ts';
import { renderGoLicences } from './go-licences.ts';

const REGO = join(dirname(import.meta.dirname), 'rego');
export const LICENCES_FILE = 'licenses.txt';

/** What Go makes; the rest of dist/policy/ follows from it. */
export interface RegoBuild {
  readonly wasm: Buffer;
  readonly goScript: Buffer;
  readonly licences: string;
}

/** @throws Error when there is no Go, or not the one that go.mod asks for */
export function buildRego(source = REGO): RegoBuild {
  const folder = mkdtempSync(join(tmpdir(), 'proofgate-rego-'));
  const file = join(folder, 'rego.wasm');
  try {
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid='];
    go(source, 'build', ...flags, '-o', file, '.');
    return {
      wasm: readFileSync(file),
      goScript: readFileSync(join(go(source, 'env', 'GOROOT').trim(), 'lib', 'wasm', 'wasm_exec.js')),
      licences: renderGoLicences((...args) => go(source, ...args)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The version that go.mod pins; undefined when it, or any Go, is not to be had. */
export function pinnedGo(): string | undefined {
  try {
    const [, pinned] = /^toolchain (\S+)$/m.exec(readFileSync(join(REGO, 'go.mod'), 'utf8')) ?? [];
    const version = go(REGO, 'env', 'GOVERSION').trim();
    return version === pinned ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Compresses anew only what is not there already: that takes a minute, and other versions of Node may pack otherwise. */
export function writeRego(folder: string, { wasm, goScript, licences }: RegoBuild): void {
  mkdirSync(folder, { recursive: true });
  if (!unpackRego(folder)?.equals(wasm)) writeFileSync(join(folder, WASM_FILE), compress(wasm));
  writeFileSync(join(folder, GO_FILE), goScript);
  writeFileSync(join(folder, CHECKSUMS_FILE), renderChecksums({ wasm, goScript }));
  writeFileSync(join(folder, LICENCES_FILE), licences);
}

/** Undefined when there is none, or it is damaged. */
export function unpackRego(folder: string): Buffer | undefined {
  try {
    return brotliDecompressSync(readFileSync(join(folder, WASM_FILE)));
  } catch {
    return undefined;
  }
}

export function renderChecksums({ wasm, goScript }: Pick<RegoBuild, 'wasm' | 'goScript'>): string {
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  return `${sum(wasm)}  rego.wasm\n${sum(goScript)}  ${GO_FILE}\n`;
}

function compress(wasm: Buffer): Buffer {
  return brotliCompressSync(wasm, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length,
    },
  });
}

// Settings of this machine that would change the bytes are set here.
function go(folder: string, ...args: string[]): string {
  const env = {
    ...process.env,
    GOOS: 'js',
    GOARCH: 'wasm',
    GOWASM: '',
    CGO_ENABLED: '0',
    GOFLAGS: '',
    GOWORK: 'off',
  };
  return execFileSync('go', args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 1 << 28 });
}
