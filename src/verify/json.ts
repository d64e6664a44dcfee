// JSON written by strangers: bounded in size and depth before it becomes a value.

/** In-toto statements and SBOMs nest a few levels; whatever walks a value recursively can rely on this. */
const MAX_DEPTH = 128;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Error when `bytes` is no UTF-8 JSON, is longer than `maxBytes`, or nests deeper than 128 levels */
export function parseJson(bytes: Buffer, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new Error(`${bytes.length} bytes, at most ${maxBytes} are read`);
  assertDepth(bytes);
  return JSON.parse(utf8.decode(bytes));
}

function assertDepth(bytes: Buffer): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    if (depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
  }
}

/** Where the quote is that closes the one at `start`; at the end of the bytes when there is none. */
function endOfString(bytes: Buffer, start: number): number {
  // Most of evidence is in few long strings: the search is native.
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
  }
  return bytes.length;
}
