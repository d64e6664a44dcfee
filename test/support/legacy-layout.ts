// cosign's older layout: layers at the tags `sha256-<hex>.sig` and `.att`, with the proof in annotations.
import { DSSE_ENVELOPE, OCI_MANIFEST, SIMPLE_SIGNING } from '../../src/oci/media-types.ts';
import { toPem } from './keys.ts';
import type { EnvelopeProof, Proof } from './proof.ts';
import type { TestRegistry } from './registry.ts';
import type { WireDescriptor, WireManifest } from './registry-store.ts';

/** A layer before it is pushed; tests damage it here. */
export interface LegacyLayer {
  readonly mediaType: string;
  readonly payload: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** cosign's simple-signing payload about an image. */
export function simpleSigningPayload(
  dockerReference: string,
  digest: string,
  optional: unknown = null,
): Buffer {
  const critical = {
    identity: { 'docker-reference': dockerReference },
    image: { 'docker-manifest-digest': digest },
    type: 'cosign container image signature',
  };
  return Buffer.from(JSON.stringify({ critical, optional }));
}

export function toSignatureLayer(payload: Buffer, proof: Proof, embedEntry: boolean): LegacyLayer {
  const annotations = {
    'dev.cosignproject.cosign/signature': proof.signature.toString('base64'),
    ...proofAnnotations(proof, embedEntry),
  };
  return { mediaType: SIMPLE_SIGNING, payload, annotations };
}

export function toAttestationLayer(
  proof: EnvelopeProof,
  predicateType: string,
  embedEntry: boolean,
): LegacyLayer {
  const annotations = {
    'dev.cosignproject.cosign/signature': '',
    predicateType,
    ...proofAnnotations(proof, embedEntry),
  };
  return { mediaType: DSSE_ENVELOPE, payload: Buffer.from(JSON.stringify(proof.envelope)), annotations };
}

function proofAnnotations(proof: Proof, embedEntry: boolean): Record<string, string> {
  const annotations: Record<string, string> = {};
  if (proof.entry !== undefined && embedEntry) {
    const { body, integratedTime, logIndex, logID, verification } = proof.entry;
    annotations['dev.sigstore.cosign/bundle'] = JSON.stringify({
      SignedEntryTimestamp: verification.signedEntryTimestamp,
      Payload: { body, integratedTime, logIndex, logID },
    });
  }
  if (proof.certificate !== undefined) {
    annotations['dev.sigstore.cosign/certificate'] = toPem(proof.certificate);
    annotations['dev.sigstore.cosign/chain'] = proof.chain.map((der) => toPem(der)).join('');
  }
  if (proof.timestamp !== undefined) {
    const SignedRFC3161Timestamp = proof.timestamp.toString('base64');
    annotations['dev.sigstore.cosign/rfc3161timestamp'] = JSON.stringify({ SignedRFC3161Timestamp });
  }
  return annotations;
}

/** Appends a layer to the image at the tag, as cosign does when there are signatures already. */
export function pushLegacyLayer(
  registry: TestRegistry,
  repository: string,
  digest: string,
  suffix: 'sig' | 'att',
  layer: LegacyLayer,
): WireDescriptor {
  const tag = legacyTag(digest, suffix);
  const before = registry.store.manifest(repository, tag)?.bytes.toString();
  const present = before === undefined ? [] : ((JSON.parse(before) as WireManifest).layers ?? []);
  const pushed = registry.putBlob(repository, layer.payload);
  const layers = [...present, { mediaType: layer.mediaType, ...pushed, annotations: layer.annotations }];
  const config = {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map((each) => each.digest) },
    config: {},
  };
  const blob = registry.putBlob(repository, JSON.stringify(config));
  const configDescriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', ...blob };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: configDescriptor, layers } as const;
  return registry.putManifest(repository, manifest, { tag });
}

/** The tag at which cosign keeps signatures or attestations of a digest. */
export function legacyTag(digest: string, suffix: 'sig' | 'att'): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}
