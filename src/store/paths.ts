// Where everything lies in a store's directory. No other file computes a path of it.
//
//   <root>/v1/blobs/<algorithm>/<first 2 hex digits>/<hex>     content, named by its digest
//   <root>/v1/proofs/<first 2 hex digits>/<hex>.json           what is known of a subject, named by its hash
//   <root>/v1/tmp/<name>                                       files that are still being written
import nativePath, { type PlatformPath } from 'node:path';
import { type Digest, digestAlgorithm, digestHex, isDigest } from '../base/digest.ts';

/** Part of every path: another format never meets the files of this one. */
const FORMAT = 'v1';
const KEY = /^[0-9a-f]{64}$/;

/** Names are lower-case hex, digits and dashes: the same on file systems that ignore case, and never a reserved name. */
export class StorePaths {
  readonly root: string;
  readonly blobs: string;
  readonly proofs: string;
  readonly temporary: string;
  readonly #path: PlatformPath;

  constructor(root: string, path: PlatformPath = nativePath) {
    this.#path = path;
    this.root = root;
    this.blobs = path.join(root, FORMAT, 'blobs');
    this.proofs = path.join(root, FORMAT, 'proofs');
    this.temporary = path.join(root, FORMAT, 'tmp');
  }

  blob(digest: Digest): string {
    const hex = digestHex(digest);
    return this.#path.join(this.blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }

  /** `key` is 64 hex digits. */
  proof(key: string): string {
    return this.#path.join(this.proofs, key.slice(0, 2), `${key}.json`);
  }

  temporaryFile(name: string): string {
    return this.#path.join(this.temporary, name);
  }

  /** The digest of the blob whose place `path` is, if it is one's. */
  digestAt(path: string): Digest | undefined {
    const [algorithm, , hex] = this.#path.relative(this.blobs, path).split(this.#path.sep);
    const digest = `${algorithm}:${hex}`;
    return isDigest(digest) && this.blob(digest) === path ? digest : undefined;
  }

  /** Whether `path` is a record's place. */
  isProof(path: string): boolean {
    const key = this.#path.basename(path, '.json');
    return KEY.test(key) && this.proof(key) === path;
  }

  /** The directories from below the root down to `directory`, outermost first. */
  chain(directory: string): readonly string[] {
    const names = this.#path.relative(this.root, directory).split(this.#path.sep);
    return names.map((_, index) => this.#path.join(this.root, ...names.slice(0, index + 1)));
  }

  /** A path as it is shown to the user, below the root. */
  shown(path: string): string {
    return this.#path.relative(this.root, path);
  }
}
