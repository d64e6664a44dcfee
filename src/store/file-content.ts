// Reading an open file piece by piece, with flat memory.
import { type Digest, type DigestAlgorithm, DigestStream } from '../base/digest.ts';
import type { OpenFile } from './directory.ts';
import { storing } from './faults.ts';

/** Bytes read from a file at once. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * At most the first `size` bytes. The buffer is used again for the next piece.
 * @throws StoreFault; the reason of `signal`
 */
export async function* bytesOf(
  { handle }: OpenFile,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
  for (let position = 0; position < size; ) {
    signal.throwIfAborted();
    const length = Math.min(buffer.length, size - position);
    const taken = await storing(handle.read(buffer, 0, length, position));
    if (taken === 0) return;
    yield buffer.subarray(0, taken);
    position += taken;
  }
}

/** @throws StoreFault; the reason of `signal` */
export async function hashOf(
  file: OpenFile,
  algorithm: DigestAlgorithm,
  signal: AbortSignal,
): Promise<Digest> {
  const hash = new DigestStream(algorithm);
  for await (const chunk of bytesOf(file, file.size, signal)) hash.update(chunk);
  return hash.digest();
}
