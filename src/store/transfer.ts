// One transfer of a large blob into the store, at its own pace, and the one reader who follows it while the file fills.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Digest, DigestStream, digestAlgorithm } from '../base/digest.ts';
import { untilAborted } from '../base/single-flight.ts';
import { wrongContent } from './checked-content.ts';
import type { StoreDirectory } from './directory.ts';
import { StoreFault, storing } from './faults.ts';
import { CHUNK_BYTES } from './file-content.ts';

/** Brings content from elsewhere. It watches the signal, and bounds its own waiting. */
export type Fetch = (signal: AbortSignal) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

export class Transfer {
  readonly #directory: StoreDirectory;
  readonly #digest: Digest;
  readonly #size: number;
  /** The file that fills, once there is one. */
  #path: string | undefined;
  #written = 0;
  #wake = (): void => {};

  constructor(directory: StoreDirectory, digest: Digest, size: number) {
    this.#directory = directory;
    this.#digest = digest;
    this.#size = size;
  }

  /**
   * Puts the content into the store, if it is the right one.
   * @throws ProofgateError `CONTENT_MISMATCH`, `CONTENT_TRUNCATED`; StoreFault; what `fetch` throws; the signal's reason
   */
  async fill(fetch: Fetch, signal: AbortSignal): Promise<void> {
    await this.#directory.replace(this.#directory.paths.blob(this.#digest), async (file) => {
      this.#path = file.path;
      this.#wake();
      const hash = new DigestStream(digestAlgorithm(this.#digest));
      for await (const chunk of receive(fetch, signal)) {
        hash.update(chunk);
        await this.#write(file.handle, chunk);
      }
      this.#requireRight(hash.digest());
      // Those who wait read this very file: what the disk cannot keep must show before they are told that it is there.
      await storing(file.handle.datasync());
    });
  }

  /**
   * The bytes as they come, whatever they are: the caller checks them. Ends when `filled` has.
   * @returns false, having given nothing, when no file was there to follow
   * @throws what `filled` rejects with; StoreFault
   */
  async *follow(filled: Promise<unknown>): AsyncGenerator<Uint8Array, boolean, undefined> {
    const state = { isSettled: false };
    const settle = () => {
      state.isSettled = true;
      this.#wake();
    };
    filled.then(settle, settle);
    while (this.#path === undefined && !state.isSettled) await this.#progress();
    if (state.isSettled || this.#path === undefined) {
      await filled;
      return false;
    }
    const handle = await openIfThere(this.#path);
    try {
      if (handle !== undefined) yield* this.#tail(handle, filled, state);
    } finally {
      await handle?.close();
    }
    await filled;
    return handle !== undefined;
  }

  async *#tail(
    handle: FileHandle,
    filled: Promise<unknown>,
    state: { readonly isSettled: boolean },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0; position < this.#size; ) {
      if (state.isSettled) await filled;
      const length = Math.min(buffer.length, this.#written - position);
      if (length === 0) {
        await this.#progress();
        continue;
      }
      const { bytesRead } = await storing(handle.read(buffer, 0, length, position));
      if (bytesRead === 0) throw new StoreFault();
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  }

  async #write(handle: FileHandle, chunk: Uint8Array): Promise<void> {
    if (this.#written + chunk.length > this.#size) {
      throw wrongContent('CONTENT_MISMATCH', this.#digest, `it is longer than ${this.#size} bytes`);
    }
    for (let offset = 0; offset < chunk.length; ) {
      const { bytesWritten } = await storing(handle.write(chunk, offset));
      offset += bytesWritten;
      this.#written += bytesWritten;
    }
    this.#wake();
  }

  #requireRight(digest: Digest): void {
    if (this.#written < this.#size) {
      const why = `it ended after ${this.#written} of ${this.#size} bytes`;
      throw wrongContent('CONTENT_TRUNCATED', this.#digest, why);
    }
    if (digest !== this.#digest) throw wrongContent('CONTENT_MISMATCH', this.#digest, `it is ${digest}`);
  }

  /** Resolves at the next news. There is one who asks. */
  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** What `fetch` brings, until the signal is aborted: at once, even if the source does not notice. */
export async function* receive(
  fetch: Fetch,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const content = await untilAborted(Promise.resolve(fetch(signal)), signal);
  const iterator = content[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await untilAborted(iterator.next(), signal);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Not waited for: a source that hangs would hang us.
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** The file may have got its name already, and be reached by that. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
}
