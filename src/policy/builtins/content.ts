// What blobs hold: compressed or not, text or structured. Bounded on its way out, because a few bytes can hold a lot.
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProofgateError } from '../../base/errors.ts';
import { parseStructuredText } from '../../base/structured-text.ts';
import { MalformedContent, tooLarge, unreadable } from './content-error.ts';
import { decodeZstd } from './zstd.ts';

const MIB = 1024 * 1024;
/** Of one file that is parsed. */
export const MAX_FILE_BYTES = 16 * MIB;
/** YAML takes a multiple of its size to parse. */
const MAX_YAML_BYTES = 2 * MIB;

export type Compression = 'gzip' | 'zstd' | 'none';

/** By its first bytes, whatever a descriptor says. */
export function compressionOf(start: Uint8Array): Compression {
  const startsWith = (magic: readonly number[]) => magic.every((byte, at) => start[at] === byte);
  if (startsWith([0x1f, 0x8b])) return 'gzip';
  return startsWith([0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : 'none';
}

/**
 * The content without its compression, at most `maxBytes` of it.
 * @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE`; what `source` throws
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of decompressed(source)) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(`a layer has more than ${maxBytes} bytes when it is decompressed`);
    yield chunk;
  }
}

async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const start = await readStart(chunks);
  const whole = startingWith(start, chunks);
  try {
    yield* decode(compressionOf(start), whole);
  } catch (error) {
    throw isCodecError(error)
      ? new MalformedContent('not what its first bytes say', { cause: error })
      : error;
  } finally {
    await whole.return();
  }
}

function decode(
  compression: Compression,
  whole: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return whole;
  if (compression === 'zstd') return decodeZstd(whole);
  // The callback takes the errors; the decoder repeats them to who reads it.
  return pipeline(Readable.from(whole, { objectMode: false }), createGunzip(), () => {});
}

/** Enough bytes to tell by. */
async function readStart(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let start = Buffer.alloc(0);
  while (start.length < 4) {
    const next = await chunks.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  return start;
}

async function* startingWith(
  start: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (start.length > 0) yield start;
    yield* { [Symbol.asyncIterator]: () => chunks };
  } finally {
    await chunks.return?.();
  }
}

function isCodecError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^Z(?:STD)?_/.test(code);
}

/**
 * Content whose digest is checked at its end: nothing that `read` says of it counts before, neither what it found nor
 * that it makes no sense.
 * @throws what `source` throws, before what `read` throws
 */
export async function readToItsEnd<T>(
  source: AsyncIterable<Uint8Array>,
  read: (content: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const iterator = source[Symbol.asyncIterator]();
  const isOver = async () => (await iterator.next()).done === true;
  let outcome: { readonly value: T } | { readonly malformed: MalformedContent };
  try {
    outcome = { value: await read({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }) };
  } catch (error) {
    if (!(error instanceof MalformedContent)) {
      await iterator.return?.();
      throw error;
    }
    outcome = { malformed: error };
  }
  while (!(await isOver()));
  if ('malformed' in outcome) throw outcome.malformed;
  return outcome.value;
}

/** JSON alone, as Go reads it, numbers with all of their digits. @throws MalformedContent */
export function parseJsonContent(bytes: Buffer): unknown {
  return parseContent(bytes, 0);
}

/**
 * JSON in which no object has a key twice: of those, some readers take the last, and some join the values.
 * @param name what errors call it
 * @throws ProofgateError of kind `undetermined`
 */
export function parseUnambiguousJson(bytes: Buffer, name: string): unknown {
  return parseStructuredText(bytes.toString('utf8'), {
    maxBytes: Number.POSITIVE_INFINITY,
    maxYamlBytes: 0,
    numbers: 'native',
    refuse: (why) => unreadable(`${name}: ${why}`),
  });
}

/** JSON or YAML, as Go reads it. @throws MalformedContent; ProofgateError `CONTENT_TOO_LARGE` */
export function parseFile(name: string, bytes: Buffer): unknown {
  if (bytes.length <= MAX_YAML_BYTES) return parseContent(bytes, MAX_YAML_BYTES);
  try {
    return parseContent(bytes, 0);
  } catch (error) {
    if (!(error instanceof MalformedContent)) throw error;
    // Who skipped it would hide it from the policy.
    throw tooLarge(
      `the file ${JSON.stringify(name)} is no JSON, and as YAML longer than ${MAX_YAML_BYTES} bytes`,
    );
  }
}

function parseContent(bytes: Buffer, maxYamlBytes: number): unknown {
  const refuse = (why: string, isLimit = false) =>
    isLimit ? tooLarge(`a file: ${why}`) : new ProofgateError('REGISTRY_PROTOCOL', why);
  const maxBytes = Number.POSITIVE_INFINITY;
  try {
    return parseStructuredText(bytes.toString('utf8'), {
      maxBytes,
      maxYamlBytes,
      numbers: 'exact',
      reader: 'go',
      refuse,
    });
  } catch (error) {
    const isNonsense = error instanceof ProofgateError && error.code === 'REGISTRY_PROTOCOL';
    throw isNonsense ? new MalformedContent('neither JSON nor YAML', { cause: error }) : error;
  }
}
