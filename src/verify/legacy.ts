// Legacy cosign layers: the signature's parts are annotations of the layer
// (https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md).
import { createHash } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { z } from 'zod';
import { DSSE_ENVELOPE, SIMPLE_SIGNING } from '../oci/media-types.ts';
import { attempt } from './attempt.ts';
import { BUNDLE_V01, toBundle } from './bundle.ts';
import type { Evidence, EvidenceContent, EvidenceSource } from './evidence.ts';
import { parseJson } from './json.ts';

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const LOG_ENTRY = 'dev.sigstore.cosign/bundle';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const CHAIN = 'dev.sigstore.cosign/chain';
const TIMESTAMP = 'dev.sigstore.cosign/rfc3161timestamp';

const MAX_LAYER_BYTES = 64 * 1024 * 1024;
/** Registries refuse manifests of more than 4 MiB, and annotations are part of one. */
const MAX_ANNOTATION_BYTES = 4 * 1024 * 1024;
const MAX_CHAIN = 10;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const index = z.number().int().nonnegative().safe();
const logEntrySchema = z.object({
  SignedEntryTimestamp: base64,
  Payload: z.object({
    body: base64,
    integratedTime: index,
    logIndex: index,
    logID: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});
const timestampSchema = z.object({ SignedRFC3161Timestamp: base64 });
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string() });

const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string().nullish(), sig: z.string() })).min(1),
});

/** Annotations and media type of a layer, as its descriptor has them. */
export interface LegacyLayer {
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Turns a layer with media type `SIMPLE_SIGNING` or `DSSE_ENVELOPE` and cosign's annotations into evidence.
 * @throws ProofgateError `EVIDENCE_MALFORMED`
 */
export function parseLegacyLayer(bytes: Buffer, layer: LegacyLayer, source: EvidenceSource): Evidence {
  return attempt('EVIDENCE_MALFORMED', `the layer ${source.blob} is no cosign signature`, () => {
    const [leaf] = certificates(annotation(layer, CERTIFICATE));
    const timestamp = readAnnotation(layer, TIMESTAMP, timestampSchema);
    const bundle = toBundle({
      mediaType: BUNDLE_V01,
      ...readSigned(bytes, layer),
      verificationMaterial: {
        ...(leaf === undefined ? { publicKey: { hint: '' } } : { certificate: { rawBytes: leaf } }),
        tlogEntries: logEntries(layer),
        ...(timestamp && {
          timestampVerificationData: {
            rfc3161Timestamps: [{ signedTimestamp: timestamp.SignedRFC3161Timestamp }],
          },
        }),
      },
    });
    const chain = certificates(annotation(layer, CHAIN)).map((body) => Buffer.from(body, 'base64'));
    return { source, content: contentOf(bundle, bytes), bundle, chain };
  });
}

function readSigned(bytes: Buffer, layer: LegacyLayer): object {
  switch (layer.mediaType) {
    case SIMPLE_SIGNING: {
      const digest = createHash('sha256').update(bytes).digest('base64');
      const signature = base64.parse(annotation(layer, SIGNATURE));
      return { messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature } };
    }
    case DSSE_ENVELOPE:
      return { dsseEnvelope: envelopeSchema.parse(parseJson(bytes, MAX_LAYER_BYTES)) };
    default:
      throw new Error(`the media type ${layer.mediaType} is none of cosign's`);
  }
}

function contentOf({ content }: Bundle, bytes: Buffer): EvidenceContent {
  if (content.$case === 'messageSignature') return { type: 'simple-signing', payload: bytes };
  const { payloadType, payload } = content.dsseEnvelope;
  return { type: 'dsse', payloadType, payload, envelope: bytes };
}

function logEntries(layer: LegacyLayer): object[] {
  const entry = readAnnotation(layer, LOG_ENTRY, logEntrySchema);
  if (entry === undefined) return [];
  const { body, integratedTime, logIndex, logID } = entry.Payload;
  const { kind, apiVersion } = bodySchema.parse(parseJson(Buffer.from(body, 'base64'), MAX_ANNOTATION_BYTES));
  return [
    {
      logIndex: String(logIndex),
      logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp: entry.SignedEntryTimestamp },
      canonicalizedBody: body,
    },
  ];
}

function readAnnotation<T>(layer: LegacyLayer, name: string, schema: z.ZodType<T>): T | undefined {
  const text = annotation(layer, name);
  return text === undefined ? undefined : schema.parse(parseJson(Buffer.from(text), MAX_ANNOTATION_BYTES));
}

/** cosign writes some annotations empty when there is nothing to say. */
function annotation(layer: LegacyLayer, name: string): string | undefined {
  const text = Object.hasOwn(layer.annotations, name) ? layer.annotations[name] : undefined;
  return text === '' ? undefined : text;
}

/** Base64 DER of each PEM block, in order. */
function certificates(pem: string | undefined): readonly string[] {
  if (pem === undefined) return [];
  const blocks = [...pem.matchAll(CERTIFICATE_BLOCK)].map(([, body = '']) => body.replaceAll(/\s/g, ''));
  if (blocks.length === 0 || blocks.length > MAX_CHAIN)
    throw new Error(`${blocks.length} certificates in an annotation`);
  return blocks;
}
