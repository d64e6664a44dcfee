// JSON written by strangers: bounded in size and depth before it becomes a value.

/** In-toto statements and SBOMs nest a few levels; whatever walks a value recursively can rely on this. */
const MAX_DEPTH = 128;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** How a byte outside of strings changes the depth: `[` and `{`, `]` and `}`. */
const STEP = new Map([
  [0x5b, 1],
  [0x7b, 1],
  [0x5d, -1],
  [0x7d, -1],
]);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Error when `bytes` is no UTF-8 JSON, is longer than `maxBytes`, or nests deeper than 128 levels */
export function parseJson(bytes: Buffer, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new Error(`${bytes.length} bytes, at most ${maxBytes} are read`);
  assertDepth(bytes);
  return JSON.parse(utf8.decode(bytes));
}

function assertDepth(bytes: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) inString = !inString;
    else if (inString) at += byte === BACKSLASH ? 1 : 0;
    else depth += STEP.get(byte) ?? 0;
    if (depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
  }
}
