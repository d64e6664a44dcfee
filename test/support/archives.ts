// Tar archives byte by byte, also such as no tool would write.

export interface Entry {
  /** Text is UTF-8. */
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Default `0`, a file. */
  readonly type?: string;
  /** Default: none, but for links. */
  readonly link?: string;
  /** What the header claims; default: what there is. */
  readonly size?: number;
}

const BLOCK = 512;

/** With the two blocks of zeros that end it. */
export function tar(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([openTar(...entries), Buffer.alloc(2 * BLOCK)]);
}

/** Without an end. */
export function openTar(...entries: readonly Entry[]): Buffer {
  return Buffer.concat(entries.flatMap(toBlocks));
}

/** A file at the root, as JSON. */
export const json = (name: string, value: unknown): Entry => ({ name, content: JSON.stringify(value) });

function toBlocks({ name, content = '', type = '0', link, size }: Entry): readonly Buffer[] {
  const bytes = Buffer.from(content);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const header = Buffer.alloc(BLOCK);
  const fields: readonly [number, string | Buffer][] = [
    [0, name],
    [100, octal(0o644, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size ?? bytes.length, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, type],
    [157, link ?? (type === '1' || type === '2' ? 'elsewhere' : '')],
    [257, 'ustar\u000000'],
  ];
  for (const [offset, text] of fields) header.set(Buffer.from(text as string), offset);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}
