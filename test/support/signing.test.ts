// What the test signer writes must satisfy an independent verifier, or tests that lean on it prove nothing.
import { bundleToJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from '@sigstore/sign';
import { getTrustedRoot } from '@sigstore/tuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BundleJson, toBundle } from './bundle-layout.ts';
import { pushImage } from './images.ts';
import { legacyToBundle, type Thresholds, verifyIndependently } from './independent-verifier.ts';
import { generateKey } from './keys.ts';
import type { EntryKind } from './log-bodies.ts';
import { issueCertificate, type ProofOptions, proveBytes, proveEnvelope } from './proof.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import type { WireManifest } from './registry-store.ts';
import { attestImage, byIdentity, byKey, COSIGN_SIGN_V1, IN_TOTO, signImage } from './signing.ts';
import { fakeToken, type SigstoreServices, startSigstore } from './sigstore.ts';
import { tempDirectory } from './temp.ts';

const SUBJECT = 'https://github.com/acme/app/.github/workflows/build.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
const keyless = byIdentity(SUBJECT, ISSUER);

let sigstore: SigstoreServices;
let registry: TestRegistry;
beforeAll(async () => {
  [sigstore, registry] = await Promise.all([startSigstore(), startRegistry()]);
});
afterAll(async () => {
  await Promise.all([sigstore.close(), registry.close()]);
});

const verify = (bundle: BundleJson, options: Thresholds) =>
  verifyIndependently(sigstore.trustedRoot, bundle, options);

async function layersOf(repository: string, digest: string) {
  const manifest = (await (
    await fetch(`${registry.url}/v2/${repository}/manifests/${digest}`)
  ).json()) as WireManifest;
  const layers = (manifest.layers ?? []).map(async (layer) => ({
    layer,
    bytes: Buffer.from(
      await (await fetch(`${registry.url}/v2/${repository}/blobs/${layer.digest}`)).arrayBuffer(),
    ),
  }));
  return { manifest, layers: await Promise.all(layers) };
}

describe('bundles', () => {
  const cases: [string, Partial<ProofOptions>, boolean][] = [
    ['Rekor v1', {}, true],
    ['Rekor v1 and a timestamp', { timestamp: true }, true],
    ['Rekor v1, intoto 0.0.2', { entryKind: 'intoto 0.0.2' as EntryKind }, true],
    ['Rekor v2', { log: 'v2' }, true],
    [
      'Rekor v2, hashedrekord over the envelope',
      { log: 'v2', entryKind: 'hashedrekord 0.0.2' as EntryKind },
      true,
    ],
    ['a timestamp alone', { log: 'none', timestamp: true }, false],
  ];
  test.each(cases)(
    'a keyless envelope with %s verifies, and a changed payload does not',
    async (_name, options, log) => {
      const proof = await proveEnvelope(IN_TOTO, Buffer.from('{"a":1}'), {
        signer: keyless,
        sigstore,
        ...options,
      });
      const bundle = toBundle(proof);
      const signer = verify(bundle, { log });
      expect(signer.identity?.subjectAlternativeName).toBe(SUBJECT);
      expect(signer.identity?.extensions?.issuer).toBe(ISSUER);
      bundle.dsseEnvelope = { ...bundle.dsseEnvelope, payload: Buffer.from('{"a":2}').toString('base64') };
      expect(() => verify(bundle, { log })).toThrow();
    },
  );

  test.each(['0.1', '0.2', '0.3'] as const)(
    'a message signature in a bundle of version %s verifies',
    async (version) => {
      const artifact = Buffer.from('hello');
      const proof = await proveBytes(artifact, { signer: keyless, sigstore });
      const bundle = toBundle(proof, { artifact, version });
      expect(verify(bundle, { artifact }).identity?.subjectAlternativeName).toBe(SUBJECT);
      expect(() => verify(bundle, { artifact: Buffer.from('hallo') })).toThrow();
    },
  );

  test.each([
    ['P-256', {}],
    ['P-384', { hash: 'sha256' }],
    ['P-521', { hash: 'sha256' }],
    ['RSA', {}],
    ['Ed25519', {}],
  ] as const)(
    'an envelope signed with a %s key verifies, with and without log entry',
    async (type, options) => {
      const key = generateKey(type, options);
      const signer = byKey(key);
      const offline = toBundle(await proveEnvelope(IN_TOTO, Buffer.from('{}'), { signer }));
      expect(verify(offline, { key, log: false }).key).toBeDefined();
      expect(() => verify(offline, { key: generateKey(type), log: false })).toThrow();
      const logged = toBundle(await proveEnvelope(IN_TOTO, Buffer.from('{}'), { signer, sigstore }));
      expect(verify(logged, { key }).key).toBeDefined();
    },
  );

  test.each([
    [5, 'while its certificate is valid verifies'],
    [60, 'after its certificate has expired does not verify'],
  ] as const)('a signature made %i minutes later, %s', async (minutes, _promise) => {
    const { now } = sigstore;
    const certificate = await issueCertificate(sigstore, { subject: SUBJECT, issuer: ISSUER });
    const signer = { type: 'keyless', identity: { subject: SUBJECT, issuer: ISSUER }, certificate } as const;
    sigstore.now = () => now() + minutes * 60_000;
    const later = toBundle(await proveEnvelope(IN_TOTO, Buffer.from('{}'), { signer, sigstore }));
    sigstore.now = now;
    if (minutes < 10) expect(verify(later, {}).identity?.subjectAlternativeName).toBe(SUBJECT);
    else expect(() => verify(later, {})).toThrow('Failed to verify certificate chain');
  });
});

describe('services over HTTP', () => {
  test.each([1, 2] as const)(
    'sigstore-js signs with them (Rekor v%i), and the root comes from the TUF mirror',
    async (majorApiVersion) => {
      using temp = tempDirectory();
      const token = fakeToken({ subject: SUBJECT, issuer: ISSUER });
      const signer = new FulcioSigner({
        fulcioBaseURL: sigstore.url,
        identityProvider: { getToken: async () => token },
      });
      const witnesses = [
        new RekorWitness({ rekorBaseURL: sigstore.url, majorApiVersion, entryType: 'dsse' }),
        new TSAWitness({ tsaBaseURL: sigstore.url }),
      ];
      const made = await new DSSEBundleBuilder({ signer, witnesses }).create({
        data: Buffer.from('{}'),
        type: IN_TOTO,
      });
      const root = await getTrustedRoot({
        mirrorURL: sigstore.url,
        rootPath: temp.write('root.json', sigstore.tufRoot),
        cachePath: temp.path,
        forceInit: true,
      });
      expect(TrustedRoot.toJSON(root)).toEqual(sigstore.trustedRoot);
      expect(verify(bundleToJSON(made) as BundleJson, {}).identity?.subjectAlternativeName).toBe(SUBJECT);
      expect(sigstore.hits['GET /timestamp.json']).toBeGreaterThan(0);
    },
  );

  test('an entry is found by the hash of what was signed, and fetched by its UUID', async () => {
    const bytes = Buffer.from('looked up');
    const { entry } = await proveBytes(bytes, { signer: byKey(generateKey()), sigstore });
    const post = async (path: string, body: unknown) =>
      (await fetch(sigstore.url + path, { method: 'POST', body: JSON.stringify(body) })).json();
    const { digestOf } = await import('../../src/base/digest.ts');
    const uuids = (await post('/api/v1/index/retrieve', { hash: digestOf(bytes) })) as string[];
    expect(uuids).toHaveLength(1);
    expect(await post('/api/v1/log/entries/retrieve', { entryUUIDs: uuids })).toEqual([
      { [uuids[0] ?? '']: entry },
    ]);
    const one = await fetch(`${sigstore.url}/api/v1/log/entries/${uuids[0]}`);
    expect(await one.json()).toEqual({ [uuids[0] ?? '']: entry });
    expect(await post('/api/v1/index/retrieve', { hash: digestOf('never') })).toEqual([]);
  });
});

describe('images in a registry', () => {
  test('a signed and attested image has two bundles as referrers, and both verify', async () => {
    const image = pushImage(registry, 'app', { tag: 'v1' });
    const key = generateKey();
    await signImage(registry, 'app', image, { signer: byKey(key), sigstore });
    await attestImage(registry, 'app', image, {
      signer: byKey(key),
      sigstore,
      predicateType: 'https://x/y',
      predicate: {},
    });
    const list = (await (
      await fetch(`${registry.url}/v2/app/referrers/${image.digest}`)
    ).json()) as WireManifest;
    const types: unknown[] = [];
    for (const { digest } of list.manifests ?? []) {
      const { manifest, layers } = await layersOf('app', digest);
      expect(manifest.artifactType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
      const bundle = JSON.parse(String(layers[0]?.bytes)) as BundleJson;
      verify(bundle, { key });
      const statement = JSON.parse(
        Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString(),
      ) as BundleJson;
      expect(`sha256:${statement.subject[0].digest.sha256}`).toBe(image.digest);
      types.push(statement.predicateType);
    }
    expect(types).toEqual([COSIGN_SIGN_V1, 'https://x/y']);
  });

  test('legacy signatures pile up at one tag, each with its own proof', async () => {
    const image = pushImage(registry, 'old');
    const key = generateKey();
    await signImage(registry, 'old', image, { signer: keyless, sigstore, layout: 'legacy', timestamp: true });
    await signImage(registry, 'old', image, { signer: byKey(key), layout: 'legacy' });
    await attestImage(registry, 'old', image, {
      signer: keyless,
      sigstore,
      layout: 'legacy',
      predicateType: 'https://x/y',
      predicate: {},
    });
    const { layers } = await layersOf('old', `${image.digest.replace(':', '-')}.sig`);
    expect(layers).toHaveLength(2);
    const [first, second] = layers.map(({ layer }) => layer.annotations ?? {});
    expect(Object.keys(first ?? {}).sort()).toEqual([
      'dev.cosignproject.cosign/signature',
      'dev.sigstore.cosign/bundle',
      'dev.sigstore.cosign/certificate',
      'dev.sigstore.cosign/chain',
      'dev.sigstore.cosign/rfc3161timestamp',
    ]);
    expect(Object.keys(second ?? {})).toEqual(['dev.cosignproject.cosign/signature']);
    const attestation = await layersOf('old', `${image.digest.replace(':', '-')}.att`);
    expect(attestation.layers[0]?.layer.mediaType).toBe('application/vnd.dsse.envelope.v1+json');
    for (const { layer, bytes } of [...layers.slice(0, 1), ...attestation.layers])
      expect(
        verify(legacyToBundle(layer.annotations ?? {}, bytes), { artifact: bytes }).identity
          ?.subjectAlternativeName,
      ).toBe(SUBJECT);
  });
});
