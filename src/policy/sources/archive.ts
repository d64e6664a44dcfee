// The files in a tar archive, packed or not, as far as a policy could use them. Nothing is written anywhere.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ProofgateError } from '../../base/errors.ts';
import { badSource } from './source-text.ts';
import type { SourceLimits } from './source-tools.ts';
import type { TreeBuilder } from './tree-builder.ts';

const unpack = promisify(gunzip);
const GZIP = [0x1f, 0x8b];
/** Headers and padding, for each file that there may be. */
const OVERHEAD_BYTES = 4096;

/** @throws ProofgateError `BAD_POLICY`: damaged, larger than it may be, unsafe names, links */
export async function addArchive(
  bytes: Buffer,
  url: string,
  builder: TreeBuilder,
  limits: SourceLimits,
): Promise<void> {
  try {
    const isPacked = GZIP.every((byte, index) => bytes[index] === byte);
    const maxOutputLength = limits.sourceBytes + limits.files * OVERHEAD_BYTES;
    const tar = isPacked ? await unpack(bytes, { maxOutputLength }) : bytes;
    const archive = extract();
    archive.end(tar);
    for await (const entry of archive) {
      const path = toPath(entry.header, url, builder);
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) if (path !== undefined) chunks.push(chunk);
      if (path !== undefined) builder.add(path, Buffer.concat(chunks));
    }
  } catch (error) {
    if (error instanceof ProofgateError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw badSource(
      url,
      `its archive cannot be read: ${why}`,
      'Give a tar archive, packed with gzip or not.',
      error,
    );
  }
}

function toPath({ name, type, size }: Header, url: string, builder: TreeBuilder): string | undefined {
  const path = builder.admit(name);
  if (path === undefined || type === 'directory') return undefined;
  if (type !== 'file' && type !== 'contiguous-file')
    throw badSource(url, `${path} is a ${type} in its archive`);
  builder.expect(path, size ?? 0);
  return path;
}
