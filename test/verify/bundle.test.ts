import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleJson } from '../support/bundle-layout.ts';
import { generateKey } from '../support/keys.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { startAuthority } from './support/authority.ts';
import {
  bundleEvidence,
  codeOf,
  DIGEST,
  errorOf,
  KEYLESS,
  signStatement,
  sourceOf,
} from './support/world.ts';

let sigstore: SigstoreServices;
let good: BundleJson;
let keyed: BundleJson;
beforeAll(async () => {
  sigstore = await startSigstore();
  const keep = (to: (bundle: BundleJson) => void) => (bundle: BundleJson) => {
    to(structuredClone(bundle));
    return bundle;
  };
  await signStatement(
    { signer: KEYLESS, sigstore, timestamp: true },
    keep((bundle) => (good = bundle)),
  );
  await signStatement(
    { signer: { type: 'key', key: generateKey() }, sigstore },
    keep((bundle) => (keyed = bundle)),
  );
});
afterAll(() => sigstore.close());

describe('media types', () => {
  it.each([
    'application/vnd.dev.sigstore.bundle+json;version=0.1',
    'application/vnd.dev.sigstore.bundle+json;version=0.2',
    'application/vnd.dev.sigstore.bundle+json;version=0.3',
    'application/vnd.dev.sigstore.bundle.v0.3+json',
  ])('%s is read', (mediaType) => {
    expect(bundleEvidence({ ...keyed, mediaType }).content.type).toBe('dsse');
  });

  it.each([
    'application/vnd.dev.sigstore.bundle+json;version=0.9',
    'application/vnd.dev.sigstore.bundle+json;version=0.30',
    'application/vnd.dev.sigstore.bundle+json;version=1.0',
    'application/vnd.dev.sigstore.bundle+json;version=99.9',
    'application/vnd.dev.sigstore.bundle.v0.3+jsonXXX',
    'application/vnd.dev.sigstore.bundle.v0.4+json',
    'application/vnd.dev.sigstore.bundle.v0.1+json',
    ' application/vnd.dev.sigstore.bundle.v0.3+json',
    'application/json',
    '',
    undefined,
  ])('%s is refused', async (mediaType) => {
    expect(await codeOf(() => bundleEvidence({ ...keyed, mediaType }))).toBe('EVIDENCE_MALFORMED');
  });
});

describe('what is no bundle', () => {
  const BROKEN: readonly (readonly [string, (bundle: BundleJson) => void])[] = [
    ['no content', (bundle) => delete bundle.dsseEnvelope],
    [
      'two contents',
      (bundle) =>
        (bundle.messageSignature = {
          messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' },
          signature: 'AAAA',
        }),
    ],
    ['no verification material', (bundle) => delete bundle.verificationMaterial],
    ['neither key nor certificate', ({ verificationMaterial }) => delete verificationMaterial.certificate],
    [
      'a key and a certificate',
      ({ verificationMaterial }) => (verificationMaterial.publicKey = { hint: '' }),
    ],
    [
      'a certificate and a chain',
      ({ verificationMaterial }) =>
        (verificationMaterial.x509CertificateChain = { certificates: [verificationMaterial.certificate] }),
    ],
    ['an empty certificate', ({ verificationMaterial }) => (verificationMaterial.certificate.rawBytes = '')],
    ['no signature', ({ dsseEnvelope }) => (dsseEnvelope.signatures = [])],
    ['two signatures', ({ dsseEnvelope }) => dsseEnvelope.signatures.push(dsseEnvelope.signatures[0])],
    ['an empty signature', ({ dsseEnvelope }) => (dsseEnvelope.signatures[0].sig = '')],
    ['an empty payload', ({ dsseEnvelope }) => (dsseEnvelope.payload = '')],
    [
      'entries that are no list',
      ({ verificationMaterial }) => (verificationMaterial.tlogEntries = { length: 1 }),
    ],
    ['an entry that is none', ({ verificationMaterial }) => (verificationMaterial.tlogEntries = [null])],
    [
      'an entry without a log',
      ({ verificationMaterial }) => delete verificationMaterial.tlogEntries[0].logId,
    ],
    [
      'an entry without a kind',
      ({ verificationMaterial }) => delete verificationMaterial.tlogEntries[0].kindVersion,
    ],
    [
      'an entry without a proof, which v0.3 needs',
      ({ verificationMaterial }) => delete verificationMaterial.tlogEntries[0].inclusionProof,
    ],
    [
      'a proof without a checkpoint, which v0.3 needs',
      ({ verificationMaterial }) => delete verificationMaterial.tlogEntries[0].inclusionProof.checkpoint,
    ],
    [
      'seventeen entries',
      ({ verificationMaterial: material }) =>
        (material.tlogEntries = Array.from({ length: 17 }, () => material.tlogEntries[0])),
    ],
    [
      'seventeen timestamps',
      ({ verificationMaterial: { timestampVerificationData: data } }) =>
        (data.rfc3161Timestamps = Array.from({ length: 17 }, () => data.rfc3161Timestamps[0])),
    ],
    [
      'a proof that is too long',
      ({ verificationMaterial: { tlogEntries } }) =>
        (tlogEntries[0].inclusionProof.hashes = Array.from({ length: 65 }, () => 'AAAA')),
    ],
  ];
  it.each(BROKEN)('%s', async (_, change) => {
    const bundle = structuredClone(good);
    change(bundle);
    expect(await codeOf(() => bundleEvidence(bundle))).toBe('EVIDENCE_MALFORMED');
  });

  it.each(['', '{', 'null', '[]', '1', '<html>', '{"a":1}', '['.repeat(100_000)])('%.12j', async (text) => {
    expect(await codeOf(() => bundleEvidence(text))).toBe('EVIDENCE_MALFORMED');
  });

  it('names the layer, so that one can look', async () => {
    const error = await errorOf(() => bundleEvidence('{}'));
    expect(error.message).toContain(sourceOf('bundle', Buffer.from('{}')).blob);
  });
});

describe('certificate chains', () => {
  const chained = (...certificates: Buffer[]): BundleJson => {
    const bundle = structuredClone(good);
    const { certificate, ...material } = bundle.verificationMaterial;
    const rest = certificates.map((der) => ({ rawBytes: der.toString('base64') }));
    bundle.verificationMaterial = {
      ...material,
      x509CertificateChain: { certificates: [certificate, ...rest] },
    };
    return { ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' };
  };

  it('v0.2 may carry one, v0.3 may not', async () => {
    const authority = await startAuthority();
    const { der } = await authority.issue();
    expect(bundleEvidence(chained(der)).chain).toEqual([der]);
    const v03 = { ...chained(der), mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' };
    expect(await codeOf(() => bundleEvidence(v03))).toBe('EVIDENCE_MALFORMED');
  });

  it('a root in a chain wants to be believed, and is refused', async () => {
    const { rootDer } = await startAuthority();
    const error = await errorOf(() => bundleEvidence(chained(rootDer)));
    expect(error.code).toBe('EVIDENCE_MALFORMED');
    expect(error.message).toContain('root');
  });

  it.each([0, 11])('a chain of %i certificates is refused', async (count) => {
    const bundle = chained();
    const { x509CertificateChain: chain } = bundle.verificationMaterial;
    chain.certificates = Array.from({ length: count }, () => chain.certificates[0]);
    expect(await codeOf(() => bundleEvidence(bundle))).toBe('EVIDENCE_MALFORMED');
  });
});

it('parsing gives content, source and no chain', () => {
  const evidence = bundleEvidence(good);
  expect(evidence.source.format).toBe('bundle');
  expect(evidence.chain).toEqual([]);
  expect(JSON.stringify(evidence.content.type === 'dsse' && evidence.content.payload.toString())).toContain(
    DIGEST.slice(7),
  );
});
