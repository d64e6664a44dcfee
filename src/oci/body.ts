// The body of an answer: bounded, and held against size and digest while it streams. No more than its rule allows is
// ever kept in memory.
import type { Dispatcher } from 'undici';
import { type Digest, DigestStream, digestAlgorithm, isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';

/** What a good (2xx) body must be. Other bodies are read for their error code only. */
export interface BodyRule {
  readonly maxBytes: number;
  readonly size?: number;
  readonly digest?: Digest;
  /** A good body of `size` bytes is handed on as it comes, and checked by who reads it. */
  readonly isStreamed?: boolean;
}

export interface BodyContext {
  readonly rule: BodyRule;
  /** Of a body that is no answer. */
  readonly maxErrorBytes: number;
  /** The request's address as it may be printed. */
  readonly where: string;
  readonly arrived: (bytes: number) => void;
}

type Response = Dispatcher.ResponseData;

const FIRST_BYTES = 16 * 1024;

/**
 * @throws ProofgateError `CONTENT_TOO_LARGE`, `CONTENT_TRUNCATED`, `CONTENT_MISMATCH` (also when the header
 * `Docker-Content-Digest` disagrees with the body), `REGISTRY_PROTOCOL` (an encoding that nobody asked for)
 */
export async function readBody(response: Response, context: BodyContext): Promise<Buffer> {
  const isAnswer = response.statusCode >= 200 && response.statusCode <= 299;
  try {
    return isAnswer ? await readChecked(response, context) : await readStart(response.body, context);
  } catch (error) {
    // Cuts the connection. Without a listener, undici's error about that very cut would end the process.
    response.body.on('error', () => {}).destroy();
    throw error;
  }
}

async function readChecked(response: Response, { rule, where, arrived }: BodyContext): Promise<Buffer> {
  refuseEncoded(response, where);
  const body = new CheckedBody(rule, response.headers['docker-content-digest'], where);
  body.refuseLonger(Number(response.headers['content-length'] ?? 0));
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    arrived(chunk.length);
    body.append(chunk);
  }
  return body.end();
}

export interface StreamContext {
  readonly where: string;
  readonly arrived: (bytes: number) => void;
  /** The reader wants more; until then the silence was his. */
  readonly wanted: () => void;
}

/**
 * The body as it comes. Neither size nor digest are checked; leaving it cuts the connection.
 * @throws ProofgateError `REGISTRY_PROTOCOL`; what the network throws, as it is
 */
export function streamBody(
  response: Response,
  context: StreamContext,
): AsyncGenerator<Buffer, void, undefined> {
  // From now on: a connection that is lost before the first byte is asked for must not end the process.
  response.body.on('error', () => {});
  return chunksOf(response, context);
}

async function* chunksOf(
  response: Response,
  { where, arrived, wanted }: StreamContext,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    refuseEncoded(response, where);
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      arrived(chunk.length);
      yield chunk;
      wanted();
    }
  } finally {
    response.body.destroy();
  }
}

function refuseEncoded(response: Response, where: string): void {
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || String(encoding).toLowerCase() === 'identity') return;
  throw new ProofgateError('REGISTRY_PROTOCOL', `${where}: the body is encoded, and identity was asked for`, {
    hint: 'Switch compression off in the registry, or in the proxy before it.',
  });
}

/** The first bytes of a body, and never an error because of the rest. */
async function readStart(body: Response['body'], { maxErrorBytes, arrived }: BodyContext): Promise<Buffer> {
  const start = new GrowingBuffer();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    arrived(chunk.length);
    start.append(chunk.subarray(0, maxErrorBytes - start.length));
    // Leaving the loop destroys the body, which cuts the connection.
    if (start.length >= maxErrorBytes) break;
  }
  return start.bytes();
}

class CheckedBody {
  readonly #rule: BodyRule;
  readonly #where: string;
  readonly #kept = new GrowingBuffer();
  /** What the body has to be, each with the hash that will tell. */
  readonly #hashes: ReadonlyMap<Digest, DigestStream>;

  constructor(rule: BodyRule, claimed: string | string[] | undefined, where: string) {
    this.#rule = rule;
    this.#where = where;
    const expected = [rule.digest, ...[claimed ?? []].flat()].filter((text) => text !== undefined);
    const digests = expected.map((text) => {
      if (isDigest(text)) return text;
      throw this.#wrong('CONTENT_MISMATCH', 'its header names a digest that is none');
    });
    this.#hashes = new Map(digests.map((digest) => [digest, new DigestStream(digestAlgorithm(digest))]));
  }

  refuseLonger(length: number): void {
    const { maxBytes, size } = this.#rule;
    if (size !== undefined && length > size) {
      throw this.#wrong('CONTENT_MISMATCH', `the body is longer than the ${size} bytes of its descriptor`);
    }
    if (length <= maxBytes) return;
    throw new ProofgateError(
      'CONTENT_TOO_LARGE',
      `${this.#where}: the body is longer than ${maxBytes} bytes`,
      {
        hint: 'Proofgate refuses larger content on purpose; if it is legitimate, please report it.',
      },
    );
  }

  append(chunk: Buffer): void {
    this.refuseLonger(this.#kept.length + chunk.length);
    this.#kept.append(chunk);
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  end(): Buffer {
    const { size } = this.#rule;
    const { length } = this.#kept;
    if (size !== undefined && length < size) {
      throw this.#wrong('CONTENT_TRUNCATED', `the body ended after ${length} of ${size} bytes`);
    }
    for (const [expected, hash] of this.#hashes) {
      const actual = hash.digest();
      if (actual !== expected)
        throw this.#wrong('CONTENT_MISMATCH', `the body is ${actual}, not ${expected}`);
    }
    return this.#kept.bytes();
  }

  #wrong(code: 'CONTENT_MISMATCH' | 'CONTENT_TRUNCATED', why: string): ProofgateError {
    return new ProofgateError(code, `${this.#where}: ${why}`, {
      hint: 'The registry, or something between, serves wrong bytes: try again, then look at the registry.',
    });
  }
}

/** Copies: a list of the chunks themselves would let a server that sends single bytes multiply what we keep. */
class GrowingBuffer {
  #space = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#space.length) {
      const wider = Buffer.alloc(Math.max(length, this.#space.length * 2, FIRST_BYTES));
      this.#space.copy(wider, 0, 0, this.#length);
      this.#space = wider;
    }
    chunk.copy(this.#space, this.#length);
    this.#length = length;
  }

  /** In memory of their own: spare room, or the slab that small buffers share, would be kept as long as the bytes are. */
  bytes(): Buffer {
    const bytes = Buffer.allocUnsafeSlow(this.#length);
    this.#space.copy(bytes, 0, 0, this.#length);
    return bytes;
  }
}
