// Zstandard as it comes in layers: any number of frames, some of them to be skipped (RFC 8878, 3.1). Node's decoder ends
// with the first: who stopped there would see half an archive and not know it.
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import { tooLarge } from './content-error.ts';

/** Layers that can be read in part have a frame a file. */
const MAX_FRAMES = 200_000;

/**
 * Ends with `chunks`.
 * @throws what they throw; errors of the codec, with a code that begins with `Z`; ProofgateError `CONTENT_TOO_LARGE`
 */
export async function* decodeZstd(
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new Input(chunks);
  for (let frames = 0; await input.hasMore(); frames += 1) {
    if (frames === MAX_FRAMES) throw tooLarge(`a layer has more than ${MAX_FRAMES} frames`);
    yield* decodeFrame(input);
  }
}

async function* decodeFrame(input: Input): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createZstdDecompress();
  const fed = feed(decoder, input);
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } finally {
    decoder.destroy();
    await fed;
    input.giveBack(decoder.bytesWritten);
  }
}

/** Never rejects: errors of the input are the decoder's. */
async function feed(decoder: ZstdDecompress, input: Input): Promise<void> {
  const state = { isOver: false };
  const over = () => {
    state.isOver = true;
  };
  decoder.once('end', over).once('close', over);
  try {
    while (!state.isOver) {
      const chunk = await input.next(decoder.bytesWritten);
      if (state.isOver) return;
      if (chunk === undefined) {
        decoder.end();
        return;
      }
      if (!decoder.write(chunk)) await untilMoved(decoder);
    }
  } catch (error) {
    decoder.destroy(error as Error);
  }
}

function untilMoved(decoder: ZstdDecompress): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['drain', 'end', 'close', 'error']) decoder.once(event, () => resolve());
  });
}

/** Remembers what a decoder got and may not have used. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #waiting: Uint8Array[] = [];
  #given: Uint8Array[] = [];
  /** Bytes that the decoder has used of what is no longer in `#given`. */
  #dropped = 0;

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  async hasMore(): Promise<boolean> {
    while (this.#waiting.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      if (next.value.length > 0) this.#waiting.push(next.value);
    }
    return true;
  }

  /** @param used bytes that the decoder has used so far */
  async next(used: number): Promise<Uint8Array | undefined> {
    for (let [first] = this.#given; first && this.#dropped + first.length <= used; [first] = this.#given) {
      this.#dropped += first.length;
      this.#given.shift();
    }
    if (!(await this.hasMore())) return undefined;
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) this.#given.push(chunk);
    return chunk;
  }

  /** What the decoder did not use is for the next one. */
  giveBack(used: number): void {
    const [only, ...more] = this.#given;
    const given = only === undefined || more.length > 0 ? Buffer.concat(this.#given) : only;
    const rest = given.subarray(used - this.#dropped);
    if (rest.length > 0) this.#waiting.unshift(rest);
    this.#given = [];
    this.#dropped = 0;
  }
}
