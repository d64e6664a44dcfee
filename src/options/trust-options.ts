// Which trust root is used, from its raw options. A file is parsed here, so that a bad one is a usage error.
import { ProofgateError } from '../base/errors.ts';
import { parseTrustedRoot, type TrustSource } from '../verify/trust.ts';
import type { InputFiles } from './input-files.ts';
import type { OptionReader } from './option-reader.ts';
import { parseServiceUrl, quote } from './values.ts';

const MAX_TRUST_FILE_BYTES = 10 * 1024 * 1024;
const PUBLIC_GOOD: TrustSource = { type: 'public-good' };

/** Problems go to the reader; the result is the public good instance then, and must not be used. */
export function readTrustSource(reader: OptionReader, files: InputFiles): TrustSource {
  const rootPath = reader.text('trusted-root');
  const mirror = reader.text('tuf-mirror');
  const tufRootPath = reader.text('tuf-root');
  checkConflicts(reader, { rootPath, mirror, tufRootPath });

  const file = rootPath === undefined ? undefined : readTrustedRoot(reader, files, rootPath);
  const mirrorUrl =
    mirror === undefined
      ? undefined
      : reader.attempt(reader.label('tuf-mirror'), () => parseServiceUrl(mirror));
  const rootJson = tufRootPath === undefined ? undefined : readTufRoot(reader, files, tufRootPath);
  if (file !== undefined) return file;
  if (mirrorUrl !== undefined && rootJson !== undefined) return { type: 'tuf', mirrorUrl, rootJson };
  return PUBLIC_GOOD;
}

interface GivenPaths {
  readonly rootPath: string | undefined;
  readonly mirror: string | undefined;
  readonly tufRootPath: string | undefined;
}

function checkConflicts(reader: OptionReader, { rootPath, mirror, tufRootPath }: GivenPaths): void {
  const [trustedRoot, tufMirror, tufRoot] = [
    reader.label('trusted-root'),
    reader.label('tuf-mirror'),
    reader.label('tuf-root'),
  ];
  if (rootPath !== undefined && mirror !== undefined) {
    reader.add('BAD_OPTION', `${trustedRoot} and ${tufMirror} are both given`, 'Give one of them.');
  }
  if (mirror !== undefined && tufRootPath === undefined) {
    reader.add(
      'BAD_OPTION',
      `${tufMirror} is given without ${tufRoot}`,
      'A mirror is trusted by its root.json alone.',
    );
  }
  if (mirror === undefined && tufRootPath !== undefined) {
    reader.add(
      'BAD_OPTION',
      `${tufRoot} is given without ${tufMirror}`,
      'Name the mirror that it belongs to.',
    );
  }
}

function readTrustedRoot(reader: OptionReader, files: InputFiles, path: string): TrustSource | undefined {
  return reader.attempt(reader.label('trusted-root'), () => {
    const source: TrustSource = {
      type: 'file',
      path,
      json: files.read(path, MAX_TRUST_FILE_BYTES).toString('utf8'),
    };
    parseTrustedRoot(source.json, path);
    return source;
  });
}

function readTufRoot(reader: OptionReader, files: InputFiles, path: string): Buffer | undefined {
  return reader.attempt(reader.label('tuf-root'), () => {
    const bytes = files.read(path, MAX_TRUST_FILE_BYTES);
    if (isTufRoot(bytes)) return bytes;
    throw new ProofgateError(
      'BAD_TRUSTED_ROOT',
      `the file ${quote(path)} is not the root.json of a TUF repository`,
    );
  });
}

/** TUF specification 4.3: `{"signed": {"_type": "root", …}, …}`. The TUF client verifies it. */
function isTufRoot(bytes: Buffer): boolean {
  try {
    const parsed: { signed?: { _type?: unknown } } | null = JSON.parse(bytes.toString('utf8'));
    return parsed?.signed?._type === 'root';
  } catch {
    return false;
  }
}
