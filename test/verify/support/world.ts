// What most tests of the verifier need: services, an image, ways to sign it, and a verifier for it.
import { createHash } from 'node:crypto';
import { systemClock } from '../../../src/base/clock.ts';
import { type Digest, digestOf } from '../../../src/base/digest.ts';
import { type ErrorCode, ProofgateError } from '../../../src/base/errors.ts';
import { parseBundle } from '../../../src/verify/bundle.ts';
import type { Evidence, EvidenceSource, Subject } from '../../../src/verify/evidence.ts';
import { exactMatcher } from '../../../src/verify/identity.ts';
import { parsePublicKeys } from '../../../src/verify/keys.ts';
import { parseLegacyLayer } from '../../../src/verify/legacy.ts';
import type { Signers } from '../../../src/verify/signers.ts';
import { parseTrustedRoot } from '../../../src/verify/trust.ts';
import { Verifier, type VerifierOptions } from '../../../src/verify/verifier.ts';
import { type BundleJson, type BundleVersion, toBundle } from '../../support/bundle-layout.ts';
import type { SigningKey } from '../../support/keys.ts';
import {
  type LegacyLayer,
  simpleSigningPayload,
  toAttestationLayer,
  toSignatureLayer,
} from '../../support/legacy-layout.ts';
import { type ProofOptions, proveBytes, proveEnvelope } from '../../support/proof.ts';
import type { SigstoreServices } from '../../support/sigstore.ts';
import { ISSUER, SUBJECT, type TestAuthority } from './authority.ts';

export const IMAGE = Buffer.from('{"schemaVersion":2}');
export const DIGEST = digestOf(IMAGE);
export const IMAGE_SUBJECT: Subject = { digest: DIGEST, artifact: IMAGE };
export const IN_TOTO = 'application/vnd.in-toto+json';
export const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
export const PROVENANCE = 'https://slsa.dev/provenance/v1';
export const KEYLESS = { type: 'keyless', identity: { subject: SUBJECT, issuer: ISSUER } } as const;
export const IDENTITY: Signers = {
  keys: [],
  identities: [{ subject: exactMatcher(SUBJECT), issuer: exactMatcher(ISSUER) }],
};

export function trusting(key: SigningKey): Signers {
  return { keys: parsePublicKeys(key.publicPem, 'cosign.pub'), identities: [] };
}

export function statement(predicateType: string, digest: Digest = DIGEST): Buffer {
  const [algorithm = '', hex = ''] = digest.split(':');
  const subject = [{ name: 'registry.test/acme/app', digest: { [algorithm]: hex } }];
  return Buffer.from(
    JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} }),
  );
}

/** Damage done after signing. */
type Alter<T> = (value: T) => T | Promise<T>;

/** A bundle with an in-toto statement about the image. */
export async function signStatement(
  options: ProofOptions & {
    readonly payload?: Buffer;
    readonly payloadType?: string;
    readonly version?: BundleVersion;
  },
  alter: Alter<BundleJson> = (bundle) => bundle,
): Promise<Evidence> {
  const { payload = statement(COSIGN_SIGN), payloadType = IN_TOTO, version = '0.3' } = options;
  const proof = await proveEnvelope(payloadType, payload, options);
  return bundleEvidence(await alter(toBundle(proof, { version })));
}

/** A bundle with a signature over the image's own bytes. */
export async function signMessage(
  options: ProofOptions & { readonly version?: BundleVersion },
  alter: Alter<BundleJson> = (bundle) => bundle,
): Promise<Evidence> {
  const { version = '0.3' } = options;
  const bundle = toBundle(await proveBytes(IMAGE, options), { artifact: IMAGE, version });
  return bundleEvidence(await alter(bundle));
}

/** cosign's `.sig` layer. */
export async function signLegacy(
  options: ProofOptions & { readonly payload?: Buffer; readonly embedEntry?: boolean },
  alter: Alter<LegacyLayer> = (layer) => layer,
): Promise<Evidence> {
  const { payload = simpleSigningPayload('registry.test/acme/app', DIGEST), embedEntry = true } = options;
  return legacyEvidence(
    await alter(toSignatureLayer(payload, await proveBytes(payload, options), embedEntry)),
  );
}

/** cosign's `.att` layer. */
export async function attestLegacy(
  options: ProofOptions & { readonly payload?: Buffer; readonly embedEntry?: boolean },
  alter: Alter<LegacyLayer> = (layer) => layer,
): Promise<Evidence> {
  const { payload = statement(PROVENANCE), embedEntry = true } = options;
  const proof = await proveEnvelope(IN_TOTO, payload, options);
  return legacyEvidence(await alter(toAttestationLayer(proof, PROVENANCE, embedEntry)));
}

export function bundleEvidence(bundle: BundleJson | string): Evidence {
  const bytes = Buffer.from(typeof bundle === 'string' ? bundle : JSON.stringify(bundle));
  return parseBundle(bytes, sourceOf('bundle', bytes));
}

export function legacyEvidence({ payload, mediaType, annotations }: LegacyLayer): Evidence {
  return parseLegacyLayer(payload, { mediaType, annotations }, sourceOf('legacy', payload));
}

export function sourceOf(format: EvidenceSource['format'], bytes: Buffer): EvidenceSource {
  return { format, manifest: digestOf('manifest'), blob: digestOf(bytes) };
}

/** A verifier that trusts the services, or whatever `trustedRoot` says. */
export function verifierFor(
  trustedRoot: string | SigstoreServices,
  options: Partial<VerifierOptions> = {},
): Verifier {
  const json = typeof trustedRoot === 'string' ? trustedRoot : trustedRoot.trustedRootJson;
  const trust = async () => parseTrustedRoot(json, 'trusted_root.json');
  return new Verifier({ trust, ignoreRekor: false, clock: systemClock, ...options });
}

/** The services' trusted root, with another authority in Fulcio's place. */
export function rootWith(
  sigstore: SigstoreServices,
  authority: TestAuthority,
  chain: readonly Buffer[] = [authority.rootDer],
): string {
  const root = structuredClone(sigstore.trustedRoot) as BundleJson;
  root.certificateAuthorities[0].certChain.certificates = chain.map((der) => ({
    rawBytes: der.toString('base64'),
  }));
  const [ctlog] = root.ctlogs;
  ctlog.publicKey.rawBytes = authority.logKey.toString('base64');
  ctlog.logId.keyId = createHash('sha256').update(authority.logKey).digest('base64');
  return JSON.stringify(root);
}

/** The code of the error that `work` must end with; anything else fails the test. */
export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<ErrorCode> {
  return (await errorOf(work)).code;
}

export async function errorOf(work: Promise<unknown> | (() => unknown)): Promise<ProofgateError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof ProofgateError) return error;
    throw new Error(`no ProofgateError: ${String(error)}`, { cause: error });
  }
  throw new Error('it verified');
}
