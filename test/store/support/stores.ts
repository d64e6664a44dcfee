// Stores in directories that vanish, content for them, and a look at everything that lies somewhere.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { type Digest, digestOf } from '../../../src/base/digest.ts';
import { BlobStore } from '../../../src/store/blob-store.ts';
import { ProofIndex } from '../../../src/store/proof-index.ts';
import type { ProofRecord } from '../../../src/store/proof-record.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

export const MIB = 1024 * 1024;
export const HOUR_MS = 60 * 60_000;

export interface TestStore extends Disposable {
  readonly temp: TempDirectory;
  readonly root: string;
  readonly blobs: BlobStore;
  readonly proofs: ProofIndex;
  readonly warnings: string[];
  /** The place of a blob. */
  place(digest: Digest): string;
}

/** A store in `<temp>/cache`; `<temp>` is the world outside of it. */
export async function testStore(
  options: { readonly clock?: Clock; readonly maxBytes?: number } = {},
): Promise<TestStore> {
  const temp = tempDirectory();
  const root = join(temp.path, 'cache');
  const warnings: string[] = [];
  const blobs = await openStore(root, { ...options, warnings });
  return {
    temp,
    root,
    blobs,
    proofs: new ProofIndex(blobs.directory),
    warnings,
    place: (digest) => blobs.directory.paths.blob(digest),
    [Symbol.dispose]: temp.remove,
  };
}

export async function openStore(
  root: string,
  options: { readonly clock?: Clock; readonly maxBytes?: number; readonly warnings?: string[] } = {},
): Promise<BlobStore> {
  const store = await BlobStore.open(root, {
    clock: options.clock ?? systemClock,
    maxBytes: options.maxBytes ?? 512 * MIB,
    warn: (message) => options.warnings?.push(message),
  });
  if (store === undefined) throw new Error(`no store at ${root}: ${options.warnings?.join()}`);
  return store;
}

export interface Content {
  readonly bytes: Buffer;
  readonly digest: Digest;
}

/** Bytes that depend on `name` alone. */
export function content(name: string, size = 1000): Content {
  const seed = createHash('sha256').update(name).digest();
  const bytes = Buffer.alloc(size, seed);
  return { bytes, digest: digestOf(bytes) };
}

export function record(name: string, changes: Partial<ProofRecord> = {}): ProofRecord {
  const { digest, bytes } = content(name);
  const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.length };
  return {
    repository: 'registry.example/team/app',
    digest,
    scope: 'ab'.repeat(32),
    listedAtMs: Date.UTC(2026, 0, 1),
    subject: manifest,
    referrers: [manifest],
    tags: { sig: manifest, att: null },
    blobs: [digest],
    ...changes,
  };
}

/** The same numbers for the same seed: mulberry32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to, and without, `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.roll(choices.length)] as T;
  }
}

/** A directory with files, links among them, that nobody may change; and a description of all that is in it. */
export function outsideWorld(temp: TempDirectory): { readonly path: string; look(): string } {
  const path = join(temp.path, 'outside');
  mkdirSync(path);
  // So old that it would be cleared, were it the store's.
  for (const name of ['outside/secret', 'outside/empty']) {
    const file = temp.write(name, name === 'outside/secret' ? 'the secret of somebody else' : '');
    utimesSync(file, 1000, 1000);
  }
  return { path, look: () => describeTree(path) };
}

/** Names, kinds, sizes, modes, times of change and contents. */
export function describeTree(top: string): string {
  const lines = readdirSync(top, { recursive: true, encoding: 'utf8' }).sort();
  return ['.', ...lines].map((name) => describeFile(top, name)).join('\n');
}

function describeFile(top: string, name: string): string {
  const path = join(top, name);
  const { mode, size, mtimeMs } = lstatSync(path);
  const kind = mode & 0o170000;
  const isFile = kind === 0o100000;
  const text = isFile && size < MIB ? readFileSync(path, 'hex') : kind === 0o120000 ? readlinkSync(path) : '';
  return [name, mode.toString(8), isFile ? size : '', mtimeMs, text].join(' ');
}

/** Every path below `top` that is no directory. */
export function filesBelow(top: string): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
