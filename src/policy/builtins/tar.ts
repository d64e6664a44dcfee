// Archives of strangers, entry by entry in constant memory. Nothing is ever written to a disk: names are only compared.
// What comes after an archive's end is not part of it, as for whoever unpacks images.
import { Header, Parser, type ReadEntry } from 'tar';
import { causeText } from '../../verify/attempt.ts';
import { compressionOf, MAX_FILE_BYTES } from './content.ts';
import { MalformedContent, tooLarge, unreadable } from './content-error.ts';

/** Of one archive: images have some ten thousand files. */
const MAX_ENTRIES = 2_000_000;
/** Of a header that is longer than a block: names. */
const MAX_HEADER_BYTES = 1024 * 1024;
const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);

export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/** Gets a file's whole content. */
export type TarSink = (bytes: Buffer) => void;

/**
 * Shows every entry to `choose`; the content of a file goes to what that returns, if anything.
 * @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE`, `POLICY_FAILED` (others may read it); what `source` and `choose` throw
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  choose: (entry: TarEntry) => TarSink | undefined,
): Promise<void> {
  const archive = new ArchiveReader(choose);
  for await (const chunk of source) archive.write(chunk);
  archive.end();
}

class ArchiveReader {
  readonly #choose: (entry: TarEntry) => TarSink | undefined;
  readonly #parser: Parser;
  #count = 0;
  #isBegun = false;
  #isEnded = false;
  #sawZeros = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(choose: (entry: TarEntry) => TarSink | undefined) {
    this.#choose = choose;
    this.#parser = new Parser({
      maxMetaEntrySize: MAX_HEADER_BYTES,
      onReadEntry: (entry) => this.#attempt(() => this.#take(entry)),
      // What the parser would skip, another reader would not: the archive is refused.
      onwarn: (code, message, data) => {
        if (code !== 'TAR_ENTRY_INFO') this.#fail(toRefusal(`${code}: ${causeText(message)}`, data));
      },
    });
    this.#parser.on('ignoredEntry', ({ meta }) => {
      if (meta) this.#fail(tooLarge(`a header in an archive has more than ${MAX_HEADER_BYTES} bytes`));
    });
    this.#parser.on('nullBlock', () => {
      this.#sawZeros = true;
    });
    this.#parser.on('eof', () => {
      this.#isEnded = true;
    });
  }

  write(chunk: Uint8Array): void {
    if (this.#isEnded || chunk.length === 0) return;
    // The parser would decompress again, and without bounds.
    if (!this.#isBegun && compressionOf(chunk) !== 'none') throw toTwiceCompressed(chunk);
    this.#isBegun = true;
    this.#parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#throwFailure();
  }

  end(): void {
    this.#parser.end();
    this.#throwFailure();
  }

  #take(entry: ReadEntry): void {
    this.#count += 1;
    if (this.#count > MAX_ENTRIES) throw tooLarge(`an archive has more than ${MAX_ENTRIES} entries`);
    if (this.#sawZeros) throw new MalformedContent('an entry follows zeros');
    const kind = FILES.has(entry.type) ? 'file' : entry.type === 'Directory' ? 'directory' : 'other';
    const sink = this.#choose({ name: entry.path, kind });
    if (sink === undefined || kind !== 'file') {
      entry.resume();
      return;
    }
    const { size } = entry;
    if (size > MAX_FILE_BYTES) {
      const name = JSON.stringify(entry.path.slice(0, 200));
      throw tooLarge(`the file ${name} has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    }
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => void chunks.push(chunk));
    entry.on('end', () => this.#attempt(() => sink(Buffer.concat(chunks))));
  }

  /** Errors must not pass through the parser. */
  #attempt(work: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** A header whose checksum is right is one to every reader, whatever this parser has against it. */
function toRefusal(why: string, data: unknown): Error {
  const header = data !== null && typeof data === 'object' && 'header' in data ? data.header : undefined;
  const isValid = header instanceof Header && header.cksumValid;
  return isValid ? unreadable(`a header in an archive cannot be read: ${why}`) : new MalformedContent(why);
}

/** The name of an archive's first entry may begin like compressed content. */
function toTwiceCompressed(chunk: Uint8Array): Error {
  const isTar = Buffer.from(chunk.subarray(257, 262)).toString('latin1') === 'ustar';
  return isTar
    ? unreadable('the first name in an archive cannot be read')
    : new MalformedContent('compressed twice');
}
