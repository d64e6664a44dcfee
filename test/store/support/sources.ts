// Where large content comes from in tests: whole, in steps that the test decides, or broken.
import type { Fetch } from '../../../src/store/transfer.ts';
import type { Content } from './stores.ts';

export const PIECE = 1000;

/** All of it, in small pieces; counts how often it was asked. */
export class Source {
  readonly signals: AbortSignal[] = [];
  readonly #content: Content;

  constructor(content: Content) {
    this.#content = content;
  }

  get transfers(): number {
    return this.signals.length;
  }

  readonly fetch: Fetch = (signal) => {
    this.signals.push(signal);
    return piecesOf(this.#content.bytes);
  };
}

export async function* piecesOf(
  bytes: Uint8Array,
  size = PIECE,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Gives pieces only as the test lets it: `give` some bytes, then `end` or `fail`. */
export class SteppedSource {
  readonly signals: AbortSignal[] = [];
  readonly #waiting: ((step: IteratorResult<Uint8Array, undefined> | Error) => void)[] = [];
  readonly #steps: (IteratorResult<Uint8Array, undefined> | Error)[] = [];

  get transfers(): number {
    return this.signals.length;
  }

  readonly fetch: Fetch = (signal) => {
    this.signals.push(signal);
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  };

  give(bytes: Uint8Array): void {
    this.#push({ done: false, value: bytes });
  }

  end(): void {
    this.#push({ done: true, value: undefined });
  }

  fail(error: Error): void {
    this.#push(error);
  }

  #push(step: IteratorResult<Uint8Array, undefined> | Error): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#steps.push(step);
    else waiting(step);
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const step = this.#steps.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
    if (step instanceof Error) throw step;
    return step as IteratorResult<Uint8Array, undefined>;
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
