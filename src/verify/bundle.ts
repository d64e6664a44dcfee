// Sigstore bundles, v0.1 to v0.3 (https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto).
import { X509Certificate } from 'node:crypto';
import { type Bundle, bundleFromJSON, type TransparencyLogEntry } from '@sigstore/bundle';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import type { Evidence, EvidenceContent, EvidenceSource } from './evidence.ts';
import { parseJson } from './json.ts';

/** The version that legacy signatures are normalised to: a promise is enough for it. */
export const BUNDLE_V01 = 'application/vnd.dev.sigstore.bundle+json;version=0.1';

/** As many as the largest attestation needs: 16 MiB of predicate in base64, twice over, and then some. */
const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;
/** A signer logs a signature once or twice; whoever may push could add thousands for us to verify. */
const MAX_ENTRIES = 16;
const MAX_CERTIFICATES = 10;
/** A Merkle path in a log of 2^64 entries. */
const MAX_HASHES = 64;

// The library's own check of the media type is loose, and `oneof` fields that are set twice pass it.
const entrySchema = z.looseObject({
  inclusionProof: z.looseObject({ hashes: z.array(z.unknown()).max(MAX_HASHES).nullish() }).nullish(),
});
const bundleSchema = z
  .looseObject({
    mediaType: z.enum([
      BUNDLE_V01,
      'application/vnd.dev.sigstore.bundle+json;version=0.2',
      'application/vnd.dev.sigstore.bundle+json;version=0.3',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ]),
    verificationMaterial: z
      .looseObject({
        x509CertificateChain: z
          .looseObject({ certificates: z.array(z.unknown()).max(MAX_CERTIFICATES) })
          .nullish(),
        tlogEntries: z.array(entrySchema).max(MAX_ENTRIES).nullish(),
        timestampVerificationData: z
          .looseObject({ rfc3161Timestamps: z.array(z.unknown()).max(MAX_ENTRIES).nullish() })
          .nullish(),
      })
      .refine((material) => hasOne(material, ['publicKey', 'x509CertificateChain', 'certificate']), {
        message: 'exactly one of publicKey, x509CertificateChain and certificate must be set',
      }),
  })
  .refine((bundle) => hasOne(bundle, ['messageSignature', 'dsseEnvelope']), {
    message: 'exactly one of messageSignature and dsseEnvelope must be set',
  });

/** @throws ProofgateError `EVIDENCE_MALFORMED` */
export function parseBundle(bytes: Buffer, source: EvidenceSource): Evidence {
  return attempt('EVIDENCE_MALFORMED', `the layer ${source.blob} is no Sigstore bundle`, () => {
    const bundle = toBundle(parseJson(bytes, MAX_BUNDLE_BYTES));
    const [, ...chain] = certificatesOf(bundle);
    // sigstore_bundle.proto: a chain must not carry a root; one that does wants to be believed.
    if (chain.some(isSelfSigned)) throw new Error('the certificate chain carries a root');
    return { source, bundle, chain, content: contentOf(bundle) };
  });
}

/** @throws Error of many kinds: callers convert it (`attempt`) */
export function toBundle(json: unknown): Bundle {
  const checked = bundleSchema.safeParse(json);
  if (!checked.success) throw new Error(z.prettifyError(checked.error));
  const bundle = bundleFromJSON(json);
  if (bundle.mediaType !== BUNDLE_V01) return bundle;
  const tlogEntries = bundle.verificationMaterial.tlogEntries.map(withoutUnusableProof);
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries } };
}

/** DER certificates as carried, the leaf first; empty for evidence with a bare key. */
export function certificatesOf({ verificationMaterial: { content } }: Bundle): readonly Buffer[] {
  switch (content.$case) {
    case 'certificate':
      return [content.certificate.rawBytes];
    case 'x509CertificateChain':
      return content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes);
    case 'publicKey':
      return [];
  }
}

// Bundles of v0.1 may carry a proof without a checkpoint, which proves nothing: their promise is what counts.
function withoutUnusableProof(entry: TransparencyLogEntry): TransparencyLogEntry {
  const isUsable = (entry.inclusionProof?.checkpoint?.envelope ?? '') !== '';
  return isUsable ? entry : { ...entry, inclusionProof: undefined };
}

function contentOf({ content }: Bundle): EvidenceContent {
  if (content.$case === 'messageSignature') return { type: 'message' };
  const { payloadType, payload } = content.dsseEnvelope;
  return { type: 'dsse', payloadType, payload };
}

function hasOne(object: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.filter((name) => object[name] !== undefined && object[name] !== null).length === 1;
}

function isSelfSigned(der: Buffer): boolean {
  const certificate = new X509Certificate(der);
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}
