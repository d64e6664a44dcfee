// Archives made by hand, so that they may be wrong in every way.

export interface TarMember {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Of ustar: '0' file, '1' hard link, '2' symbolic link, '5' folder. */
  readonly type?: string;
  readonly link?: string;
}

export function tarArchive(members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(toBlocks), Buffer.alloc(1024)]);
}

function toBlocks({ name, content = '', type = '0', link = '' }: TarMember): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const fields: readonly [number, string][] = [
    [0, name],
    [100, octal(0o644, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(bytes.length, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, type],
    [157, link],
    [257, 'ustar\u000000'],
  ];
  for (const [offset, text] of fields) header.write(text, offset, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
