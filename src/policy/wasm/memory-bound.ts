// Gives a WebAssembly module a most that its memory may grow to (WebAssembly Core 2.0, 5.5.8 "Memory Section"). Go's linker
// sets none, and an engine that takes all of a machine takes others down with it.

export const PAGE_BYTES = 65_536;

const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const MEMORY_SECTION = 5;
const NO_MAXIMUM = 0;
const WITH_MAXIMUM = 1;

/**
 * @returns a copy of `wasm` whose one memory never grows above `maxBytes`, rounded down to pages
 * @throws Error when `wasm` is no module with exactly one memory of its own, or starts with more than that
 */
export function boundMemory(wasm: Buffer, maxBytes: number): Buffer {
  if (!wasm.subarray(0, HEADER.length).equals(HEADER)) throw new Error('not a WebAssembly 1 module');
  const section = findSection(wasm, MEMORY_SECTION);
  const count = readNumber(wasm, section.start);
  const limits = readNumber(wasm, count.end);
  if (count.value !== 1 || limits.value > WITH_MAXIMUM) throw new Error('not exactly one plain memory');
  const minimum = readNumber(wasm, limits.end);
  const hasMaximum = limits.value !== NO_MAXIMUM;
  const declared = hasMaximum ? readNumber(wasm, minimum.end) : { value: Infinity, end: minimum.end };
  if (declared.end !== section.end) throw new Error('more in its memory section than one memory');
  const maximum = Math.min(declared.value, Math.floor(maxBytes / PAGE_BYTES));
  if (maximum < minimum.value)
    throw new Error(`needs ${minimum.value * PAGE_BYTES} bytes of memory to start`);
  const body = [...writeNumber(1), WITH_MAXIMUM, ...writeNumber(minimum.value), ...writeNumber(maximum)];
  return Buffer.concat([
    wasm.subarray(0, section.header),
    Buffer.from([MEMORY_SECTION, ...writeNumber(body.length), ...body]),
    wasm.subarray(section.end),
  ]);
}

interface Section {
  /** Where its id stands, its content starts, and what follows it starts. */
  readonly header: number;
  readonly start: number;
  readonly end: number;
}

function findSection(wasm: Buffer, id: number): Section {
  let header = HEADER.length;
  while (header < wasm.length) {
    const size = readNumber(wasm, header + 1);
    const end = size.end + size.value;
    if (wasm[header] === id) return { header, start: size.end, end };
    header = end;
  }
  throw new Error(`no section ${id}`);
}

/** LEB128, unsigned, 32 bits: at most five bytes. */
function readNumber(wasm: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = wasm[start + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new Error('a number that does not end');
}

function writeNumber(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
