// What is remembered of a subject's proofs: where to look, never what is true. Text from a file becomes a record here.
import { z } from 'zod';
import { type Digest, isDigest } from '../base/digest.ts';
import { canonicalJson, fingerprint, type Json } from '../base/fingerprint.ts';

export interface ListedDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface ProofRecord {
  /** The subject, `repository@digest`; held against the question when it is read. */
  readonly repository: string;
  readonly digest: Digest;
  /** Fingerprint of the registry's host and of the account that saw the proofs; never a secret. */
  readonly scope: string;
  /** Milliseconds since the epoch. */
  readonly listedAtMs: number;
  /** The subject's own manifest. */
  readonly subject: ListedDescriptor;
  /** Absent: was not listed. */
  readonly referrers?: readonly ListedDescriptor[];
  /** By the kind of legacy tag; absent: was not asked for, null: the registry said that there is none. */
  readonly tags: Readonly<Partial<Record<'sig' | 'att', ListedDescriptor | null>>>;
  /** Everything that the proof needs, manifests and layers: what pruning spares. */
  readonly blobs: readonly Digest[];
}

/** Larger files are not read. */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024;
/** As many as a registry may list. */
const MAX_REFERRERS = 10_000;
const MAX_BLOBS = 40_000;
const MAX_TEXT = 1024;
const VERSION = 1;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const descriptor = z.strictObject({
  mediaType: z.string().max(255),
  digest,
  size: z.int().nonnegative(),
});
const schema = z
  .strictObject({
    version: z.literal(VERSION),
    checksum: z.string(),
    repository: z.string().min(1).max(MAX_TEXT),
    digest,
    scope: z.string().max(MAX_TEXT),
    listedAtMs: z.int().nonnegative(),
    subject: descriptor,
    referrers: z.exactOptional(z.array(descriptor).max(MAX_REFERRERS)),
    tags: z.strictObject({
      sig: z.exactOptional(descriptor.nullable()),
      att: z.exactOptional(descriptor.nullable()),
    }),
    blobs: z.array(digest).max(MAX_BLOBS),
  })
  .refine((record) => record.subject.digest === record.digest);

/** Names the file of a subject: 64 hex digits. */
export function toRecordKey(subject: { readonly repository: string; readonly digest: Digest }): string {
  return fingerprint({ repository: subject.repository, digest: subject.digest });
}

/** The text of a record, or undefined when it is one that would not be read again. */
export function renderRecord(record: ProofRecord): string | undefined {
  const body = { ...record, version: VERSION } as unknown as { readonly [key: string]: Json };
  const text = canonicalJson({ ...body, checksum: fingerprint(body) });
  const bytes = Buffer.from(text);
  return parseRecord(bytes) && text;
}

/**
 * The record, or undefined unless the bytes are exactly what `renderRecord` makes of it: that leaves no room for keys that
 * are unknown, doubled or aimed at prototypes, nor for other spellings of a value. The checksum finds decay and is no
 * proof of origin: who can write the file can seal what he likes.
 */
export function parseRecord(bytes: Buffer): ProofRecord | undefined {
  if (bytes.length > MAX_RECORD_BYTES) return undefined;
  const text = bytes.toString('utf8');
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success || canonicalJson(parsed.data as unknown as Json) !== text) return undefined;
  const { checksum, ...body } = parsed.data;
  if (fingerprint(body as unknown as Json) !== checksum) return undefined;
  const { version: _, ...record } = body;
  return record;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
