// Blobs as policies see them: text, JSON, and the files of an archive.
import type { Digest } from '../../base/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import { compressionOf, decompress, parseFile, parseJsonContent } from './content.ts';
import { MalformedContent, malformedAsUndefined, tooLarge } from './content-error.ts';
import type { Lookup } from './lookup.ts';
import { readTar } from './tar.ts';

const MIB = 1024 * 1024;
/** An SBOM of a large image is some ten MiB; a task bundle's layer some KiB. */
const MAX_BLOB_BYTES = 64 * MIB;
/** Of an archive in a blob, without its compression; and of the files asked for, together. */
const MAX_ARCHIVE_BYTES = 1024 * MIB;
export const MAX_FILES_BYTES = 64 * MIB;

export type PinnedReference = Reference & { readonly digest: Digest };

/** `ec.oci.blob`: what is compressed is no text, as in Conforma. */
export async function blobText(lookup: Lookup, reference: PinnedReference): Promise<string | undefined> {
  return (await readPlain(lookup, reference))?.toString('utf8');
}

/** `ec.oci.parsed_blob`: JSON alone. */
export async function parsedBlob(lookup: Lookup, reference: PinnedReference): Promise<unknown> {
  const bytes = await readPlain(lookup, reference);
  return bytes && malformedAsUndefined(async () => parseJsonContent(bytes));
}

/** `ec.oci.blob_files`: by the exact names of an archive's entries; files that are neither JSON nor YAML are left out. */
export async function blobFiles(
  lookup: Lookup,
  reference: PinnedReference,
  paths: readonly string[],
): Promise<unknown> {
  const bytes = await readBlob(lookup, reference);
  if (bytes === undefined) return undefined;
  return malformedAsUndefined(async () => {
    const wanted = new Set(paths);
    const files = new FileCollection();
    await readTar(decompress(chunksOf(bytes), MAX_ARCHIVE_BYTES), ({ name, kind }) =>
      wanted.has(name) && kind === 'file' ? (content) => files.set(name, content) : undefined,
    );
    return files.parse();
  });
}

/** Files by path, bounded together. The last of several with one name counts, as for whoever unpacks the archive. */
export class FileCollection {
  readonly #files = new Map<string, Buffer>();
  #bytes = 0;

  /** @throws ProofgateError `CONTENT_TOO_LARGE` */
  set(path: string, content: Buffer): void {
    this.#bytes += content.length - (this.#files.get(path)?.length ?? 0);
    if (this.#bytes > MAX_FILES_BYTES) {
      throw tooLarge(`the files that a policy asks for have more than ${MAX_FILES_BYTES} bytes`);
    }
    this.#files.set(path, content);
  }

  delete(path: string): void {
    this.#bytes -= this.#files.get(path)?.length ?? 0;
    this.#files.delete(path);
  }

  [Symbol.iterator](): IterableIterator<[string, Buffer]> {
    return this.#files.entries();
  }

  /** What is neither JSON nor YAML is left out. @throws ProofgateError `CONTENT_TOO_LARGE` */
  parse(): Record<string, unknown> {
    const parsed = [...this.#files].flatMap(([path, content]): [string, unknown][] => {
      try {
        return [[path, parseFile(path, content) ?? null]];
      } catch (error) {
        if (error instanceof MalformedContent) return [];
        throw error;
      }
    });
    // Also for a file that is called `__proto__`.
    return Object.fromEntries(parsed);
  }
}

async function readPlain(lookup: Lookup, reference: PinnedReference): Promise<Buffer | undefined> {
  const bytes = await readBlob(lookup, reference);
  return bytes === undefined || compressionOf(bytes) !== 'none' ? undefined : bytes;
}

function readBlob(
  { images, signal }: Lookup,
  { repository, digest }: PinnedReference,
): Promise<Buffer | undefined> {
  return images.findBlob(repository, digest, MAX_BLOB_BYTES, signal);
}

/** In pieces: a decoder's output for one piece is in memory as a whole. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  const step = 64 * 1024;
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}
