// The Update Framework: a trusted root from a mirror, verified from a given root of trust. Everything is
// fetched anew into a private directory that is removed afterwards: a restored TUF directory could plant a
// root of its own.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { type ErrorCode, ProofgateError } from '../base/errors.ts';
import type { HttpClient } from '../base/http.ts';
import { redactUrl } from '../base/redaction.ts';
import { causeText } from './attempt.ts';

const TARGET = 'trusted_root.json';
const MAX_ROOT_ROTATIONS = 64;

const OUTAGES: ReadonlySet<ErrorCode> = new Set(['NETWORK', 'TIMEOUT', 'OFFLINE']);

/** The mirror did not answer, or not with metadata. Everything else about it is a refusal. */
export class TufMirrorUnreachable extends Error {
  override readonly name = 'TufMirrorUnreachable';
}

/**
 * Fetches the target `trusted_root.json`.
 * @throws TufMirrorUnreachable when the mirror cannot be reached
 * @throws ProofgateError `TRUST_UNAVAILABLE` when what it serves does not verify, `BAD_TRUSTED_ROOT` when
 *   `rootJson` is no TUF root; or the reason of `signal`
 */
export async function fetchTrustedRoot(
  mirrorUrl: string,
  rootJson: Buffer,
  http: HttpClient,
  signal?: AbortSignal,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-tuf-'));
  try {
    const fetcher = new MirrorFetcher(http, directory, signal);
    const updater = await createUpdater(mirrorUrl, rootJson, directory, fetcher);
    return await download(updater, fetcher, redactUrl(mirrorUrl), signal);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function createUpdater(
  mirrorUrl: string,
  rootJson: Buffer,
  directory: string,
  fetcher: Fetcher,
): Promise<Updater> {
  const targetDir = join(directory, 'targets');
  await mkdir(targetDir);
  await writeFile(join(directory, 'root.json'), rootJson);
  const base = mirrorUrl.replace(/\/+$/, '');
  try {
    return new Updater({
      metadataBaseUrl: base,
      targetBaseUrl: `${base}/targets`,
      metadataDir: directory,
      targetDir,
      fetcher,
      config: { maxRootRotations: MAX_ROOT_ROTATIONS },
    });
  } catch (cause) {
    throw new ProofgateError('BAD_TRUSTED_ROOT', `not a TUF root (${causeText(cause)})`, {
      cause,
      hint: 'Give the root.json that your Sigstore instance publishes for its TUF repository.',
    });
  }
}

async function download(
  updater: Updater,
  fetcher: MirrorFetcher,
  mirror: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    const target = await updater.getTargetInfo(TARGET);
    if (target === undefined) throw new Error(`it has no target ${TARGET}`);
    return await readFile(await updater.downloadTarget(target), 'utf8');
  } catch (cause) {
    signal?.throwIfAborted();
    // The library wraps some errors into texts; the fetcher remembers what it could not fetch.
    if (fetcher.failure !== undefined) throw fetcher.failure;
    throw new ProofgateError(
      'TRUST_UNAVAILABLE',
      `the TUF repository ${mirror} does not verify: ${causeText(cause)}`,
      {
        cause,
        hint: 'Its metadata is expired, rolled back or not signed by the given root: do not work around this, ask its operator.',
      },
    );
  }
}

class MirrorFetcher implements Fetcher {
  readonly #http: HttpClient;
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;
  /** Set when the mirror could not be reached, or nobody waits for it any more. */
  failure: TufMirrorUnreachable | ProofgateError | undefined;

  constructor(http: HttpClient, directory: string, signal: AbortSignal | undefined) {
    this.#http = http;
    this.#directory = directory;
    this.#signal = signal;
  }

  async downloadBytes(url: string, maxBytes: number): Promise<Buffer> {
    const { status, body } = await this.#get(url, maxBytes);
    if (status === 200) return body;
    // The next root is asked for until there is none.
    const isNextRoot = /\/[0-9]+\.root\.json$/.test(url) && (status === 403 || status === 404);
    if (!isNextRoot) this.failure = new TufMirrorUnreachable(`HTTP ${status} for ${redactUrl(url)}`);
    throw new DownloadHTTPError('Failed to download', status);
  }

  async downloadFile<T>(url: string, maxBytes: number, handle: (file: string) => Promise<T>): Promise<T> {
    const file = join(this.#directory, 'download');
    await writeFile(file, await this.downloadBytes(url, maxBytes));
    return handle(file);
  }

  async #get(url: string, maxBytes: number): Promise<{ status: number; body: Buffer }> {
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    try {
      return await this.#http({ method: 'GET', url, maxBytes, ...signal });
    } catch (error) {
      if (error instanceof ProofgateError && error.code === 'CANCELLED') this.failure = error;
      // An answer without an end, or a redirect elsewhere, is an attack and no outage.
      const isOutage = error instanceof ProofgateError && OUTAGES.has(error.code);
      if (isOutage) this.failure = new TufMirrorUnreachable(error.message, { cause: error });
      throw error;
    }
  }
}
