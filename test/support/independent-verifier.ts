// @sigstore/verify used directly, so that what the test signer writes is judged by code that is not ours.
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type Signer, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { BundleJson } from './bundle-layout.ts';
import type { SigningKey } from './keys.ts';

export interface Thresholds {
  /** Verify with this key; default: by certificate. */
  readonly key?: SigningKey;
  /** What a message signature is over. */
  readonly artifact?: Buffer;
  /** False: no log entry is asked for. Default true. */
  readonly log?: boolean;
}

/** Verifies a bundle against a trusted root; throws what @sigstore/verify throws. */
export function verifyIndependently(trustedRoot: unknown, bundle: BundleJson, options: Thresholds): Signer {
  const publicKey = options.key?.publicKey;
  const root = TrustedRoot.fromJSON(trustedRoot);
  const trust = toTrustMaterial(root, publicKey && (() => ({ publicKey, validFor: () => true })));
  const thresholds = {
    tlogThreshold: options.log === false ? 0 : 1,
    timestampThreshold: publicKey && options.log === false ? 0 : 1,
  };
  return new Verifier(trust, thresholds).verify(toSignedEntity(bundleFromJSON(bundle), options.artifact));
}

/** What a verifier makes of a keyless legacy layer: a bundle of version 0.1. */
export function legacyToBundle(annotations: Readonly<Record<string, string>>, bytes: Buffer): BundleJson {
  const { SignedEntryTimestamp, Payload } = JSON.parse(
    annotations['dev.sigstore.cosign/bundle'] ?? '',
  ) as BundleJson;
  const body = JSON.parse(Buffer.from(Payload.body, 'base64').toString()) as BundleJson;
  const signature = annotations['dev.cosignproject.cosign/signature'];
  const digest = Buffer.from(body.spec.data?.hash.value ?? '', 'hex').toString('base64');
  const rawBytes = (annotations['dev.sigstore.cosign/certificate'] ?? '').replace(/-----[^-]+-----|\s/g, '');
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      certificate: { rawBytes },
      tlogEntries: [
        {
          logIndex: String(Payload.logIndex),
          logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
          kindVersion: { kind: body.kind, version: body.apiVersion },
          integratedTime: String(Payload.integratedTime),
          inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
          canonicalizedBody: Payload.body,
        },
      ],
    },
    ...(signature === ''
      ? { dsseEnvelope: JSON.parse(bytes.toString()) }
      : { messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature } }),
  };
}
