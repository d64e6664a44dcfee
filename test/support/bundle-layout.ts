// Sigstore bundles as JSON, and as the OCI referrers that cosign writes.
import { createHash } from 'node:crypto';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { algorithmName } from './log-bodies.ts';
import { type EnvelopeProof, keyHint, type Proof } from './proof.ts';
import type { TestRegistry } from './registry.ts';
import type { WireDescriptor } from './registry-store.ts';
import { toBundledEntry } from './transparency-log.ts';

export type BundleVersion = '0.1' | '0.2' | '0.3';

/** A Sigstore bundle as JSON: loose on purpose, so that tests can damage it anywhere. */
// biome-ignore lint/suspicious/noExplicitAny: damage goes where types would not let it
export type BundleJson = Record<string, any>;

const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json';
export const BUNDLE_V03 = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export function bundleMediaType(version: BundleVersion): string {
  return version === '0.3' ? BUNDLE_V03 : `application/vnd.dev.sigstore.bundle+json;version=${version}`;
}

/** A bundle with a DSSE envelope, or over `artifact` as a message signature. */
export function toBundle(
  proof: Proof | EnvelopeProof,
  options: { readonly artifact?: Buffer; readonly version?: BundleVersion } = {},
): BundleJson {
  const { artifact, version = '0.3' } = options;
  return {
    mediaType: bundleMediaType(version),
    verificationMaterial: {
      ...verifierOf(proof, version),
      tlogEntries:
        proof.entry === undefined ? [] : [toBundledEntry(proof.entry, proof.log === 'v2' ? 'v2' : 'v1')],
      ...(proof.timestamp === undefined
        ? {}
        : {
            timestampVerificationData: {
              rfc3161Timestamps: [{ signedTimestamp: proof.timestamp.toString('base64') }],
            },
          }),
    },
    ...('envelope' in proof
      ? { dsseEnvelope: proof.envelope }
      : { messageSignature: toMessageSignature(proof, artifact) }),
  };
}

function verifierOf({ certificate, key }: Proof, version: BundleVersion): BundleJson {
  if (certificate === undefined) return { publicKey: { hint: keyHint(key) } };
  const leaf = { rawBytes: certificate.toString('base64') };
  return version === '0.3' ? { certificate: leaf } : { x509CertificateChain: { certificates: [leaf] } };
}

function toMessageSignature({ key, signature }: Proof, artifact: Buffer = Buffer.alloc(0)): BundleJson {
  const digest = createHash(key.hash).update(artifact).digest('base64');
  return {
    messageDigest: { algorithm: algorithmName(key.hash), digest },
    signature: signature.toString('base64'),
  };
}

/** Pushes a bundle as a referrer of `subject`; returns the descriptor of its manifest. */
export function pushBundle(
  registry: TestRegistry,
  repository: string,
  subject: WireDescriptor,
  bundle: BundleJson | Buffer,
  annotations: Readonly<Record<string, string>> = {},
): WireDescriptor {
  const bytes = Buffer.isBuffer(bundle) ? bundle : Buffer.from(JSON.stringify(bundle));
  const declared = Buffer.isBuffer(bundle) ? BUNDLE_V03 : String(bundle.mediaType ?? BUNDLE_V03);
  return registry.putReferrer(repository, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: declared,
    config: { mediaType: EMPTY_CONFIG, artifactType: declared, ...registry.putBlob(repository, '{}') },
    layers: [{ mediaType: declared, ...registry.putBlob(repository, bytes) }],
    subject,
    annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z', ...annotations },
  });
}
