// A Rekor with real signatures, v1 and v2: @sigstore/mock signs, this keeps what was logged and finds it again.
// The mock itself logs proposals verbatim, which no verifier accepts for most kinds.
import { createHash } from 'node:crypto';
import type { TLog } from '@sigstore/mock/dist/rekor/index.js';
import { TransparencyLogEntry } from '@sigstore/protobuf-specs';
import type { CreateEntryRequest } from '@sigstore/protobuf-specs/rekor/v2';
import { canonicalJson, type Json } from '../../src/base/fingerprint.ts';
import { type HashName, toPem } from './keys.ts';
import { type Envelope, type LogBody, type Signed, toLogBody } from './log-bodies.ts';

/** An entry as Rekor v1's API shows it. */
export interface LogEntry {
  /** Base64 of the canonical body. */
  readonly body: string;
  readonly integratedTime: number;
  /** Hex. */
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      /** Hex. */
      readonly rootHash: string;
      readonly treeSize: number;
      readonly hashes: readonly string[];
      readonly checkpoint: string;
    };
  };
}

/** A `TransparencyLogEntry` of a Sigstore bundle, as JSON. */
export type BundledEntry = ReturnType<typeof toBundledEntry>;

export class TransparencyLog {
  readonly publicKey: Buffer;
  readonly #mock: TLog;
  readonly #entries = new Map<string, LogEntry>();

  constructor(mock: TLog) {
    this.#mock = mock;
    this.publicKey = mock.publicKey;
  }

  /** Logs a body and returns the entry with its SET and inclusion proof. */
  async record(body: LogBody): Promise<LogEntry> {
    const [entry] = Object.values((await this.#mock.log(body)) as unknown as Record<string, LogEntry>);
    if (entry === undefined) throw new Error('the log gave no entry');
    this.#entries.set(leafHash(entry), entry);
    return entry;
  }

  /** Forgets everything, as a log does that was never told. */
  clear(): void {
    this.#entries.clear();
  }

  /** `POST /api/v1/index/retrieve`: UUIDs of the entries that name a hash (`sha256:<hex>`). */
  searchIndex(requestBody: string): string[] {
    const { hash = '' } = JSON.parse(requestBody) as { hash?: string };
    const hex = hash.slice(hash.indexOf(':') + 1);
    return [...this.#entries].filter(([, entry]) => hashesOf(entry).includes(hex)).map(([uuid]) => uuid);
  }

  /** `POST /api/v1/log/entries/retrieve`, by UUIDs or by indexes. */
  retrieve(requestBody: string): Record<string, LogEntry>[] {
    const request = JSON.parse(requestBody) as { entryUUIDs?: string[]; logIndexes?: number[] };
    return [...this.#entries]
      .filter(
        ([uuid, { logIndex }]) =>
          request.entryUUIDs?.includes(uuid) || request.logIndexes?.includes(logIndex),
      )
      .map(([uuid, entry]) => ({ [uuid]: entry }));
  }

  entry(uuid: string): LogEntry | undefined {
    return this.#entries.get(uuid);
  }

  /** What the mock's HTTP handlers call, with bodies made right. */
  toHandlerLog(): TLog {
    return {
      publicKey: this.publicKey,
      log: async (proposal) => {
        const entry = await this.record(acceptV1(proposal as LogBody));
        return { [leafHash(entry)]: entry } as unknown as Awaited<ReturnType<TLog['log']>>;
      },
      logV2: async (request) =>
        TransparencyLogEntry.fromJSON(toBundledEntry(await this.record(acceptV2(request)), 'v2')),
    };
  }
}

/** The entry as bundles carry it: v1 with SET and proof; v2 with the proof alone and no time of its own. */
export function toBundledEntry(entry: LogEntry, version: 'v1' | 'v2') {
  const { kind, apiVersion } = JSON.parse(Buffer.from(entry.body, 'base64').toString()) as LogBody;
  const proof = entry.verification.inclusionProof;
  const v1 = {
    logIndex: String(entry.logIndex),
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.verification.signedEntryTimestamp },
  };
  return {
    ...(version === 'v1' ? v1 : { logIndex: String(proof.logIndex), integratedTime: '0' }),
    logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    canonicalizedBody: entry.body,
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
      hashes: proof.hashes.map((hash) => Buffer.from(hash, 'hex').toString('base64')),
      checkpoint: { envelope: proof.checkpoint },
    },
  };
}

/** RFC 6962's leaf hash: what Rekor calls an entry by. */
function leafHash({ body }: LogEntry): string {
  return createHash('sha256').update(Buffer.of(0)).update(Buffer.from(body, 'base64')).digest('hex');
}

function hashesOf({ body }: LogEntry): string[] {
  const { spec } = JSON.parse(Buffer.from(body, 'base64').toString()) as LogBody;
  const found = canonicalJson(spec).matchAll(/"value":"([0-9a-f]{64,128})"/g);
  return [...found].map(([, hex]) => hex ?? '');
}

/** Rekor v1 takes an envelope and keeps its hashes; an in-toto envelope loses its payload. */
function acceptV1(proposal: LogBody): LogBody {
  const spec = proposal.spec as {
    proposedContent?: { envelope: string; verifiers: string[] };
    content?: Json;
  };
  if (spec.proposedContent !== undefined) {
    const envelope = JSON.parse(spec.proposedContent.envelope) as Envelope;
    const verifier = Buffer.from(spec.proposedContent.verifiers[0] ?? '', 'base64').toString();
    return toLogBody('dsse 0.0.1', signedOf(envelope, verifier, ''));
  }
  if (proposal.kind !== 'intoto') return proposal;
  const copy = structuredClone(spec) as { content: { envelope?: { payload?: string } } };
  delete copy.content.envelope?.payload;
  return { ...proposal, spec: copy as Json };
}

function acceptV2({ spec }: CreateEntryRequest): LogBody {
  if (spec?.$case === 'dsseRequestV002') {
    const { envelope, verifiers } = spec.dsseRequestV002;
    const signatures = (envelope?.signatures ?? []).map(({ sig, keyid }) => ({
      sig: sig.toString('base64'),
      keyid,
    }));
    const { payloadType = '', payload = Buffer.alloc(0) } = envelope ?? {};
    const json = { payloadType, payload: payload.toString('base64'), signatures };
    return toLogBody('dsse 0.0.2', signedOf(json, pemOf(verifiers[0]), 'PKIX_ECDSA_P256_SHA_256'));
  }
  const request = spec?.hashedRekordRequestV002;
  const content = request?.signature?.content.toString('base64') ?? '';
  const verifierPem = pemOf(request?.signature?.verifier);
  const none = { payloadType: '', payload: '', signatures: [] };
  const signed = signedOf(none, verifierPem, 'PKIX_ECDSA_P256_SHA_256');
  const body = toLogBody('hashedrekord 0.0.2', { ...signed, signature: Buffer.from(content, 'base64') });
  // Only the digest of the artifact was sent.
  const inner = (body.spec as { hashedRekordV002: { data: { digest: string } } }).hashedRekordV002;
  inner.data.digest = request?.digest.toString('base64') ?? '';
  return body;
}

function signedOf(envelope: Envelope, verifierPem: string, keyDetails: string): Signed {
  const signature = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
  const hash: HashName = 'sha256';
  return { envelope, verifierPem, keyDetails, signature, hash, bytes: Buffer.alloc(0) };
}

type V2Verifier = {
  verifier?:
    | { $case: string; x509Certificate?: { rawBytes: Buffer }; publicKey?: { rawBytes: Buffer } }
    | undefined;
};

function pemOf(verifier: unknown): string {
  const material = (verifier as V2Verifier | undefined)?.verifier;
  if (material?.x509Certificate !== undefined) return toPem(material.x509Certificate.rawBytes);
  return toPem(material?.publicKey?.rawBytes ?? Buffer.alloc(0), 'PUBLIC KEY');
}
