// Signs and attests images in a registry the way cosign does, in both of its layouts.
import { type BundleJson, type BundleVersion, pushBundle, toBundle } from './bundle-layout.ts';
import {
  type LegacyLayer,
  pushLegacyLayer,
  simpleSigningPayload,
  toAttestationLayer,
  toSignatureLayer,
} from './legacy-layout.ts';
import { type ProofOptions, proveBytes, proveEnvelope, type Signer } from './proof.ts';
import type { TestRegistry } from './registry.ts';
import type { WireDescriptor } from './registry-store.ts';

export type { Signer } from './proof.ts';

/** Options of one signature. The `alter` functions are for tests that do damage after signing. */
export interface SignOptions extends ProofOptions {
  /** Sigstore bundle as a referrer, or cosign's `.sig`/`.att` tags. Default `bundle`. */
  readonly layout?: 'bundle' | 'legacy';
  readonly bundleVersion?: BundleVersion;
  /** Bundle layout, images: a DSSE statement as cosign 3 writes (default), or a signature over the manifest's bytes. */
  readonly content?: 'statement' | 'message';
  /** Legacy layout: false leaves the log entry in the log alone, to be looked up. Default true. */
  readonly embedEntry?: boolean;
  /** What the signature is about, when that is not the image that it is attached to. */
  readonly claims?: string;
  readonly alterBundle?: (bundle: BundleJson) => BundleJson | Buffer;
  readonly alterLayer?: (layer: LegacyLayer) => LegacyLayer;
}

export interface AttestOptions extends SignOptions {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** `_type` of the statement. Default in-toto v1. */
  readonly statementType?: string;
  /** Default `application/vnd.in-toto+json`. */
  readonly payloadType?: string;
}

export const COSIGN_SIGN_V1 = 'https://sigstore.dev/cosign/sign/v1';
export const IN_TOTO = 'application/vnd.in-toto+json';
export const STATEMENT_V01 = 'https://in-toto.io/Statement/v0.1';
export const STATEMENT_V1 = 'https://in-toto.io/Statement/v1';

/** A signer by key. */
export const byKey = (key: Extract<Signer, { type: 'key' }>['key']): Signer => ({ type: 'key', key });

/** A signer by identity: a certificate from the fake Fulcio. */
export const byIdentity = (subject: string, issuer: string): Signer => ({
  type: 'keyless',
  identity: { subject, issuer },
});

/**
 * Signs an image (or index) that is in the registry already; `image` is its descriptor.
 * @returns the descriptor of the manifest that carries the signature.
 */
export async function signImage(
  registry: TestRegistry,
  repository: string,
  image: WireDescriptor,
  options: SignOptions,
): Promise<WireDescriptor> {
  const claimed = options.claims ?? image.digest;
  if (options.layout === 'legacy') {
    const payload = simpleSigningPayload(`${registry.host}/${repository}`, claimed);
    const proof = await proveBytes(payload, options);
    const layer = toSignatureLayer(payload, proof, options.embedEntry ?? true);
    return pushLegacyLayer(registry, repository, image.digest, 'sig', options.alterLayer?.(layer) ?? layer);
  }
  if (options.content === 'message') return signBytesOf(registry, repository, image, options);
  const statement = { predicateType: COSIGN_SIGN_V1, predicate: {} };
  return attestImage(registry, repository, image, { ...options, ...statement });
}

/**
 * Attests an image: an in-toto statement in a DSSE envelope.
 * @returns the descriptor of the manifest that carries it.
 */
export async function attestImage(
  registry: TestRegistry,
  repository: string,
  image: WireDescriptor,
  options: AttestOptions,
): Promise<WireDescriptor> {
  const payload = Buffer.from(
    JSON.stringify(toStatement(`${registry.host}/${repository}`, image.digest, options)),
  );
  const proof = await proveEnvelope(options.payloadType ?? IN_TOTO, payload, options);
  if (options.layout === 'legacy') {
    const layer = toAttestationLayer(proof, options.predicateType, options.embedEntry ?? true);
    return pushLegacyLayer(registry, repository, image.digest, 'att', options.alterLayer?.(layer) ?? layer);
  }
  const bundle = toBundle(proof, { version: options.bundleVersion ?? '0.3' });
  return pushBundle(registry, repository, image, options.alterBundle?.(bundle) ?? bundle, {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': options.predicateType,
  });
}

async function signBytesOf(
  registry: TestRegistry,
  repository: string,
  image: WireDescriptor,
  options: SignOptions,
): Promise<WireDescriptor> {
  const artifact = registry.store.manifest(repository, options.claims ?? image.digest)?.bytes;
  if (artifact === undefined)
    throw new Error(`${repository} has no manifest ${options.claims ?? image.digest}`);
  const proof = await proveBytes(artifact, options);
  const bundle = toBundle(proof, { artifact, version: options.bundleVersion ?? '0.3' });
  return pushBundle(registry, repository, image, options.alterBundle?.(bundle) ?? bundle, {
    'dev.sigstore.bundle.content': 'message-signature',
  });
}

function toStatement(name: string, digest: string, options: AttestOptions): unknown {
  const [algorithm = '', hex = ''] = (options.claims ?? digest).split(':');
  return {
    _type: options.statementType ?? STATEMENT_V1,
    subject: [{ name, digest: { [algorithm]: hex } }],
    predicateType: options.predicateType,
    predicate: options.predicate,
  };
}
