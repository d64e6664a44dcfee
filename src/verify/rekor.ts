// Online look-up in a Rekor v1 log, for legacy signatures that were logged but carry no entry. What it
// finds is a proposal: the verifier checks it like an entry that came with the signature.
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { TransparencyLogEntry as ProtoEntry } from '@sigstore/protobuf-specs';
import { z } from 'zod';
import { digestOf } from '../base/digest.ts';
import { type ErrorCode, ProofgateError } from '../base/errors.ts';
import type { HttpClient } from '../base/http.ts';
import { redactUrl } from '../base/redaction.ts';
import { attempt, causeText } from './attempt.ts';
import { parseJson } from './json.ts';

/** Anyone may log a payload any number of times; so many entries are looked at. */
export const MAX_CANDIDATES = 50;
/** Rekor's own limit for one retrieval. */
const ENTRIES_PER_REQUEST = 10;
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
const MAX_ENTRIES_BYTES = 16 * 1024 * 1024;

const PASSED_ON: ReadonlySet<ErrorCode> = new Set(['CANCELLED']);

const base64 = z.base64().min(1);
const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const integer = z.number().int().nonnegative().safe();
const indexSchema = z.array(z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-f]{80})$/)).max(100_000);
const entrySchema = z.object({
  body: base64,
  integratedTime: integer,
  logIndex: integer,
  logID: hex,
  verification: z.object({
    signedEntryTimestamp: base64,
    inclusionProof: z
      .object({
        checkpoint: z.string().min(1),
        hashes: z.array(hex).max(64),
        logIndex: integer,
        rootHash: hex,
        treeSize: integer,
      })
      .nullish(),
  }),
});
const entriesSchema = z.array(z.record(z.string(), entrySchema)).max(ENTRIES_PER_REQUEST);
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string() });

/** Asks one log, by its base URL. */
export class RekorClient {
  readonly #url: string;
  readonly #http: HttpClient;

  constructor(url: string, http: HttpClient) {
    this.#url = url.replace(/\/+$/, '');
    this.#http = http;
  }

  /**
   * Entries that the log's index knows for `payload`, at most `MAX_CANDIDATES`, not verified.
   * @throws ProofgateError `LOG_UNAVAILABLE` when the log cannot be asked, or has more entries than are
   *   looked at; `CANCELLED`; or the reason of `signal`
   */
  async *findEntries(
    payload: Buffer,
    signal?: AbortSignal,
  ): AsyncGenerator<TransparencyLogEntry, void, void> {
    const hash = digestOf(payload);
    const uuids = await this.#post('/api/v1/index/retrieve', { hash }, MAX_INDEX_BYTES, indexSchema, signal);
    const candidates = uuids.slice(0, MAX_CANDIDATES);
    for (let at = 0; at < candidates.length; at += ENTRIES_PER_REQUEST) {
      const entryUUIDs = candidates.slice(at, at + ENTRIES_PER_REQUEST);
      const path = '/api/v1/log/entries/retrieve';
      const found = await this.#post(path, { entryUUIDs }, MAX_ENTRIES_BYTES, entriesSchema, signal);
      for (const entry of found.flatMap((byUuid) => Object.values(byUuid))) yield this.#toEntry(entry);
    }
    if (uuids.length > candidates.length) {
      throw this.#unavailable(
        `it has ${uuids.length} entries for one payload, ${MAX_CANDIDATES} were looked at`,
      );
    }
  }

  async #post<T>(
    path: string,
    question: object,
    maxBytes: number,
    schema: z.ZodType<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { status, body } = await this.#send(path, JSON.stringify(question), maxBytes, signal);
    if (status !== 200) throw this.#unavailable(`HTTP ${status} for ${path}`);
    return attempt('LOG_UNAVAILABLE', `unexpected answer of ${redactUrl(this.#url)}`, () =>
      schema.parse(parseJson(body, maxBytes)),
    );
  }

  async #send(path: string, body: string, maxBytes: number, signal: AbortSignal | undefined) {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const url = `${this.#url}${path}`;
    try {
      return await this.#http({ method: 'POST', url, headers, body, maxBytes, ...(signal && { signal }) });
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof ProofgateError && PASSED_ON.has(cause.code)) throw cause;
      throw this.#unavailable(causeText(cause), cause);
    }
  }

  #toEntry({
    body,
    integratedTime,
    logIndex,
    logID,
    verification,
  }: z.infer<typeof entrySchema>): TransparencyLogEntry {
    return attempt('LOG_UNAVAILABLE', `unexpected entry of ${redactUrl(this.#url)}`, () => {
      const { kind, apiVersion } = bodySchema.parse(
        parseJson(Buffer.from(body, 'base64'), MAX_ENTRIES_BYTES),
      );
      const proof = verification.inclusionProof;
      return ProtoEntry.fromJSON({
        logIndex: String(logIndex),
        logId: { keyId: toBase64(logID) },
        kindVersion: { kind, version: apiVersion },
        integratedTime: String(integratedTime),
        inclusionPromise: { signedEntryTimestamp: verification.signedEntryTimestamp },
        canonicalizedBody: body,
        ...(proof && {
          inclusionProof: {
            logIndex: String(proof.logIndex),
            treeSize: String(proof.treeSize),
            rootHash: toBase64(proof.rootHash),
            hashes: proof.hashes.map(toBase64),
            checkpoint: { envelope: proof.checkpoint },
          },
        }),
      }) as TransparencyLogEntry;
    });
  }

  #unavailable(problem: string, cause?: unknown): ProofgateError {
    return new ProofgateError('LOG_UNAVAILABLE', `the transparency log ${redactUrl(this.#url)}: ${problem}`, {
      cause,
      hint: 'Try again later, or check rekor-url.',
    });
  }
}

function toBase64(hexText: string): string {
  return Buffer.from(hexText, 'hex').toString('base64');
}
