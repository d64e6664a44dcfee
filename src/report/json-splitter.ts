// JSON text whose top level has one long list: the list's entries one by one, and all the rest. Neither the text nor what
// it means is ever in memory as a whole.

export interface SplitRules {
  /** The member of the top level that is a long list. */
  readonly list: string;
  /** Of one entry, and of all the rest. */
  readonly maxBytes: number;
  /** Makes the error; `why` continues "…: ". */
  readonly refuse: (why: string) => Error;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = ['"', '\\', ',', ':'].map((sign) => sign.charCodeAt(0));
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = ['[', ']', '{', '}'].map((sign) => sign.charCodeAt(0));
const MAX_NAME_BYTES = 256;

/**
 * Yields the text of each entry; returns the text of the rest, in which the list is empty. Whether these texts are JSON is
 * found out by whoever parses them.
 * @throws what `refuse` makes: UTF-8 that is none, a piece that is too long, the list twice
 */
export function* splitJson(chunks: Iterable<Uint8Array>, rules: SplitRules): Generator<string, string> {
  const scanner = new Scanner(rules);
  for (const chunk of chunks) yield* scanner.scan(chunk);
  return scanner.end();
}

class Scanner {
  readonly #rules: SplitRules;
  readonly #rest: Piece;
  readonly #entry: Piece;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #isInList = false;
  #hasList = false;
  /** Bytes of the latest string of the top level; a longer one is not the list's name. */
  #name: number[] = [];
  #member = '';

  constructor(rules: SplitRules) {
    this.#rules = rules;
    this.#rest = new Piece(rules);
    this.#entry = new Piece(rules);
  }

  *scan(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const wasInList = this.#isInList;
      const isBorder = this.#read(chunk[at] as number);
      if (!isBorder) continue;
      // The list's brackets belong to the rest, its commas to nobody.
      if (!wasInList) this.#rest.append(chunk.subarray(start, at + 1));
      else {
        this.#entry.append(chunk.subarray(start, at));
        const text = this.#entry.take();
        if (this.#isInList || text.trim() !== '') yield text;
      }
      start = wasInList && !this.#isInList ? at : at + 1;
    }
    (this.#isInList ? this.#entry : this.#rest).append(chunk.subarray(start));
  }

  end(): string {
    if (this.#isInList || this.#depth !== 0) throw this.#rules.refuse('it ends too early');
    return this.#rest.take();
  }

  /** True where a piece ends: at the list's brackets, and between its entries. */
  #read(byte: number): boolean {
    if (this.#isInString) {
      this.#readString(byte);
      return false;
    }
    switch (byte) {
      case QUOTE:
        this.#isInString = true;
        if (this.#depth === 1) this.#name = [];
        return false;
      case COLON:
        if (this.#depth === 1) this.#member = this.#nameText();
        return false;
      case COMMA:
        if (this.#depth === 1) this.#member = '';
        return this.#isInList && this.#depth === 2;
      case OPEN_LIST:
      case OPEN_MAP:
        this.#depth += 1;
        return byte === OPEN_LIST && this.#beginsList();
      case CLOSE_LIST:
      case CLOSE_MAP:
        this.#depth -= 1;
        return this.#isInList && this.#depth === 1 && this.#endList();
      default:
        return false;
    }
  }

  #readString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInString = false;
    if (this.#depth === 1 && this.#isInString && this.#name.length < MAX_NAME_BYTES) this.#name.push(byte);
  }

  #nameText(): string {
    try {
      return String(JSON.parse(`"${Buffer.from(this.#name).toString('utf8')}"`));
    } catch {
      return '';
    }
  }

  #beginsList(): boolean {
    if (this.#depth !== 2 || this.#member !== this.#rules.list) return false;
    // Other readers take the first, or the last.
    if (this.#hasList) throw this.#rules.refuse(`it has ${JSON.stringify(this.#rules.list)} twice`);
    this.#hasList = true;
    this.#isInList = true;
    return true;
  }

  #endList(): boolean {
    this.#isInList = false;
    return true;
  }
}

/** Bytes that are collected, within bounds. */
class Piece {
  readonly #rules: SplitRules;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(rules: SplitRules) {
    this.#rules = rules;
  }

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    const { maxBytes, refuse } = this.#rules;
    if (this.#length > maxBytes) throw refuse(`a piece of it is longer than ${maxBytes} bytes`);
    // A copy: the chunk's memory is used again.
    if (bytes.length > 0) this.#parts.push(Buffer.from(bytes));
  }

  take(): string {
    const bytes = Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.#rules.refuse('it is not UTF-8');
    }
  }
}
