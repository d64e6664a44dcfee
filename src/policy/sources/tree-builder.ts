// Files of a source on their way into its SourceTree: what is wanted of them, whether their names are safe, how many and
// how large they may be.
import { createHash } from 'node:crypto';
import type { ProofgateError } from '../../base/errors.ts';
import type { SourceFile, SourceTree } from '../source-tree.ts';
import { badSource, isInside, isWanted, showUrl } from './source-text.ts';
import type { SourceLimits } from './source-tools.ts';

export class TreeBuilder {
  readonly #url: string;
  readonly #folder: string;
  readonly #limits: SourceLimits;
  readonly #files = new Map<string, Buffer>();
  #entries = 0;
  #bytes = 0;

  /** @param folder of the source, whose files alone count; also the path of a single file in it */
  constructor(url: string, folder: string, limits: SourceLimits) {
    this.#url = url;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Counts a folder. @throws ProofgateError `BAD_POLICY` when there are too many, or it is nested too deeply */
  enter(path: string): void {
    this.#count();
    this.#refuseDeeper(path);
  }

  /**
   * The file's path below the folder; undefined when nobody wants it. Counts it.
   * @param path as the source says it
   * @throws ProofgateError `BAD_POLICY` when the name could lead elsewhere, or there are too many
   */
  admit(path: string): string | undefined {
    this.#count();
    // Some say `./name`: that is a spelling, what else is odd is not.
    const name = path.replace(/^(?:\.\/)+/, '');
    if (!isWanted(name)) return undefined;
    if (!isInside(name))
      throw this.#refuse(`the file name ${JSON.stringify(path.slice(0, 160))} is not safe`);
    this.#refuseDeeper(name);
    if (this.#folder === '') return name;
    if (name === this.#folder) return name.slice(name.lastIndexOf('/') + 1);
    return name.startsWith(`${this.#folder}/`) ? name.slice(this.#folder.length + 1) : undefined;
  }

  /** How many bytes the next file may have. @throws ProofgateError `BAD_POLICY` when it has more */
  expect(path: string, size: number): void {
    const { fileBytes, sourceBytes } = this.#limits;
    if (size > fileBytes) throw this.#refuse(`${path} has more than ${fileBytes} bytes`);
    if (this.#bytes + size > sourceBytes) throw this.#refuse(`its files have more than ${sourceBytes} bytes`);
  }

  /** @param path as `admit` gave it @throws ProofgateError `BAD_POLICY` when it is there already, or too large */
  add(path: string, bytes: Buffer): void {
    this.expect(path, bytes.length);
    if (this.#files.has(path)) throw this.#refuse(`it has the file ${path} twice`);
    this.#bytes += bytes.length;
    this.#files.set(path, bytes);
  }

  /** @throws ProofgateError `BAD_POLICY` when there is nothing in it that a policy could use */
  build(pinned: string): SourceTree {
    const at = this.#folder === '' ? '' : ` in ${this.#folder}`;
    if (this.#files.size === 0) throw this.#refuse(`it has no .rego, .json, .yaml or .yml file${at}`);
    const files = [...this.#files].map(([path, bytes]) => ({ path, bytes }));
    files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    return { url: showUrl(this.#url), pinned, fingerprint: fingerprintOf(files), files };
  }

  #count(): void {
    const { files } = this.#limits;
    this.#entries += 1;
    if (this.#entries > files) throw this.#refuse(`it has more than ${files} files and folders`);
  }

  #refuseDeeper(path: string): void {
    const { depth } = this.#limits;
    if (path.split('/').length > depth) throw this.#refuse(`its folders are nested more than ${depth} deep`);
  }

  #refuse(why: string): ProofgateError {
    return badSource(this.#url, why, 'Check the path and the folder that the URL names.');
  }
}

/** Lengths before contents: no two lists of files have one text. */
function fingerprintOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes } of files) {
    hash
      .update(`${Buffer.byteLength(path)} ${bytes.length}\n`)
      .update(path)
      .update(bytes);
  }
  return hash.digest('hex');
}
