// Archives that no honest tar would write: POSIX ustar headers, one after the other, compressed with zstd.
import { zstdCompressSync } from 'node:zlib';

export interface Member {
  readonly name: string;
  readonly content?: string;
  /** `0` file, `1` hard link, `2` symbolic link, `5` directory, `6` pipe. */
  readonly type?: '0' | '1' | '2' | '5' | '6';
  readonly link?: string;
  readonly mode?: number;
}

const BLOCK = 512;

export function archive(members: readonly Member[]): Buffer {
  return zstdCompressSync(Buffer.concat([...members.map(toBlocks), Buffer.alloc(2 * BLOCK)]));
}

function toBlocks({ name, content = '', type = '0', link = '', mode = 0o644 }: Member): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK);
  body.write(content);
  return Buffer.concat([header, body]);
}
