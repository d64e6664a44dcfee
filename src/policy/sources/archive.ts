// The files in a tar archive, packed or not, as far as a policy could use them. Nothing is written anywhere.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ProofgateError } from '../../base/errors.ts';
import { readTar, type TarEntry, type TarSink } from '../builtins/tar.ts';
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
  const choose = ({ name, kind }: TarEntry): TarSink | undefined => {
    const path = builder.admit(name);
    if (path === undefined || kind === 'directory') return undefined;
    if (kind !== 'file') throw badSource(url, `${path} is no regular file in its archive`);
    return (content) => builder.add(path, content);
  };
  try {
    const isPacked = GZIP.every((byte, index) => bytes[index] === byte);
    const maxOutputLength = limits.sourceBytes + limits.files * OVERHEAD_BYTES;
    const archive = isPacked ? await unpack(bytes, { maxOutputLength }) : bytes;
    await readTar(whole(archive), choose);
  } catch (error) {
    if (error instanceof ProofgateError && error.kind === 'usage') throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw badSource(
      url,
      `its archive cannot be read: ${why}`,
      'Give a tar archive, packed with gzip or not.',
      error,
    );
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
