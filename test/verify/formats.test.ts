import { ed25519ph } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { generateKey, type KeyOptions, type KeyType } from '../support/keys.ts';
import type { EntryKind } from '../support/log-bodies.ts';
import type { ProofOptions } from '../support/proof.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { ISSUER, SUBJECT } from './support/authority.ts';
import {
  attestLegacy,
  COSIGN_SIGN,
  codeOf,
  DIGEST,
  IDENTITY,
  IMAGE_SUBJECT,
  KEYLESS,
  PROVENANCE,
  signLegacy,
  signMessage,
  signStatement,
  statement,
  trusting,
  verifierFor,
} from './support/world.ts';

let sigstore: SigstoreServices;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

const FORMATS = {
  'a bundled statement': signStatement,
  'a bundled message signature': signMessage,
  'a legacy signature': signLegacy,
  'a legacy attestation': attestLegacy,
};
const KEYS: readonly (readonly [string, KeyType, KeyOptions])[] = [
  ['P-256', 'P-256', {}],
  ['P-384 with SHA-384', 'P-384', {}],
  ['P-384 with SHA-256', 'P-384', { hash: 'sha256' }],
  ['P-521 with SHA-512', 'P-521', {}],
  ['P-521 with SHA-256', 'P-521', { hash: 'sha256' }],
  ['RSA PKCS#1 v1.5', 'RSA', {}],
  ['RSA PSS', 'RSA', { padding: 'pss' }],
  ['Ed25519', 'Ed25519', {}],
];

describe.each(Object.entries(FORMATS))('%s', (_, make) => {
  describe.each(KEYS)('by a key: %s', (_name, type, keyOptions) => {
    const key = generateKey(type, keyOptions);
    const signer = { type: 'key', key } as const;

    it.each(['v1', 'v2', 'none'] as const)('verifies with the log: %s', async (log) => {
      const evidence = await make({ signer, sigstore, log });
      const verifier = verifierFor(sigstore, { ignoreRekor: log === 'none' });
      const verified = await verifier.verify(evidence, IMAGE_SUBJECT, trusting(key));
      expect(verified.subject).toBe(DIGEST);
      expect(verified.signature.signedBy).toMatchObject({ type: 'key', name: 'cosign.pub' });
      expect(verified.signature.certificate).toBeUndefined();
    });

    it('is rejected when another key is trusted, with and without the log', async () => {
      const evidence = await make({ signer, sigstore, log: 'v1' });
      const other = trusting(generateKey(type, keyOptions));
      expect(await codeOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, other))).toBe(
        'SIGNATURE_INVALID',
      );
      const careless = verifierFor(sigstore, { ignoreRekor: true });
      expect(await codeOf(careless.verify(evidence, IMAGE_SUBJECT, other))).toBe('SIGNATURE_INVALID');
    });
  });

  const WAYS: readonly (readonly [string, Partial<ProofOptions>, boolean])[] = [
    ['Rekor v1', { log: 'v1' }, false],
    ['Rekor v1 and a timestamp', { log: 'v1', timestamp: true }, false],
    ['Rekor v2 and a timestamp', { log: 'v2' }, false],
    ['a timestamp alone', { log: 'none' }, true],
    ['neither, while the certificate is valid', { log: 'none', timestamp: false }, true],
  ];
  it.each(WAYS)('keyless verifies with %s', async (_way, options, ignoreRekor) => {
    // A legacy annotation has no place for the proof that is all that Rekor v2 gives.
    const isLegacy = make === signLegacy || make === attestLegacy;
    if (isLegacy && options.log === 'v2') return;
    const evidence = await make({ signer: KEYLESS, sigstore, ...options });
    const verified = await verifierFor(sigstore, { ignoreRekor }).verify(evidence, IMAGE_SUBJECT, IDENTITY);
    expect(verified.signature).toMatchObject({
      signedBy: { type: 'identity', subject: SUBJECT, issuer: ISSUER, matched: `${SUBJECT} from ${ISSUER}` },
      format: isLegacy ? 'legacy' : 'bundle',
      manifest: digestOf('manifest'),
      certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    expect(verified.signature.signedAt === undefined).toBe(options.timestamp === false);
    expect(verified.signature.chain).toHaveLength(isLegacy ? 1 : 0);
  });
});

describe('log entry kinds', () => {
  const key = generateKey();
  const KINDS: readonly EntryKind[] = [
    'hashedrekord 0.0.1',
    'hashedrekord 0.0.2',
    'dsse 0.0.1',
    'dsse 0.0.2',
    'intoto 0.0.1',
    'intoto 0.0.2',
  ];
  const SIGNERS = { 'a key': { type: 'key', key } as const, 'a certificate': KEYLESS };

  describe.each(Object.entries(SIGNERS))('by %s', (_, signer) => {
    const trusted = signer === KEYLESS ? IDENTITY : trusting(key);

    it.each(KINDS)('a legacy attestation logged as %s verifies', async (entryKind) => {
      const evidence = await attestLegacy({ signer, sigstore, entryKind });
      const verified = await verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusted);
      expect(verified.claim.type).toBe('statement');
      expect(verified.signature.signedAt).toBeDefined();
    });

    it.each(KINDS)('the entry of another attestation does not pass as %s', async (entryKind) => {
      const other = await attestLegacy({
        signer,
        sigstore,
        entryKind,
        payload: statement('https://other.test/v1'),
      });
      const evidence = await attestLegacy({ signer, sigstore, entryKind });
      const { bundle } = evidence;
      const { tlogEntries } = other.bundle.verificationMaterial;
      const swapped = { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries } };
      const work = verifierFor(sigstore).verify({ ...evidence, bundle: swapped }, IMAGE_SUBJECT, trusted);
      expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
    });

    it.each(KINDS.filter((kind) => kind !== 'intoto 0.0.1'))(
      'a bundled statement logged as %s verifies',
      async (entryKind) => {
        const log = entryKind.endsWith('0.0.2') && !entryKind.startsWith('intoto') ? 'v2' : 'v1';
        const evidence = await signStatement({ signer, sigstore, entryKind, log });
        const verified = await verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusted);
        expect(verified.claim).toEqual({ type: 'image-signature' });
      },
    );
  });

  it('a bundle logged as intoto 0.0.1 is rejected: that kind covers bytes that bundles do not keep', async () => {
    const evidence = await signStatement({ signer: SIGNERS['a key'], sigstore, entryKind: 'intoto 0.0.1' });
    const work = verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusting(key));
    expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
  });
});

describe('Ed25519ph', () => {
  it('verifies where the log forced a signer to prehash, and only over the same bytes', async () => {
    const key = generateKey('Ed25519');
    const seed = Buffer.from((key.privateKey.export({ format: 'jwk' }) as { d: string }).d, 'base64url');
    const signed = (change: (payload: Buffer) => Buffer) =>
      signLegacy({ signer: { type: 'key', key } }, (layer) => {
        const signature = Buffer.from(ed25519ph.sign(change(layer.payload), seed)).toString('base64');
        return { ...layer, annotations: { 'dev.cosignproject.cosign/signature': signature } };
      });
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    const good = await signed((payload) => payload);
    expect((await verifier.verify(good, IMAGE_SUBJECT, trusting(key))).subject).toBe(DIGEST);
    const bad = await signed(() => Buffer.from('else'));
    expect(await codeOf(verifier.verify(bad, IMAGE_SUBJECT, trusting(key)))).toBe('SIGNATURE_INVALID');
  });
});

describe('claims', () => {
  const key = generateKey();
  const signer = { type: 'key', key } as const;
  const verifier = () => verifierFor(sigstore, { ignoreRekor: true });
  const other = digestOf('another image');

  it.each(['0.1', '0.2', '0.3'] as const)(
    'a bundle of version %s verifies, by a key and keyless',
    async (version) => {
      const byKey = await signStatement({ signer, sigstore, version });
      expect((await verifierFor(sigstore).verify(byKey, IMAGE_SUBJECT, trusting(key))).subject).toBe(DIGEST);
      const keyless = await signMessage({ signer: KEYLESS, sigstore, version });
      expect((await verifierFor(sigstore).verify(keyless, IMAGE_SUBJECT, IDENTITY)).subject).toBe(DIGEST);
    },
  );

  it('an attestation is a statement and no image signature', async () => {
    const evidence = await signStatement({ signer, payload: statement(PROVENANCE) });
    const { claim } = await verifier().verify(evidence, IMAGE_SUBJECT, trusting(key));
    expect(claim).toMatchObject({ type: 'statement', statement: { predicateType: PROVENANCE } });
  });

  it('only a statement of type cosign/sign/v1 signs the image', async () => {
    const evidence = await signStatement({ signer, payload: statement(`${COSIGN_SIGN}0`) });
    const { claim } = await verifier().verify(evidence, IMAGE_SUBJECT, trusting(key));
    expect(claim.type).toBe('statement');
  });

  it('SHA-512 subjects are matched by their own algorithm', async () => {
    const digest = digestOf(IMAGE_SUBJECT.artifact ?? '', 'sha512');
    const subject = { ...IMAGE_SUBJECT, digest };
    const evidence = await signStatement({ signer, payload: statement(COSIGN_SIGN, digest) });
    expect((await verifier().verify(evidence, subject, trusting(key))).subject).toBe(digest);
    const short = await signStatement({ signer, payload: statement(COSIGN_SIGN) });
    expect(await codeOf(verifier().verify(short, subject, trusting(key)))).toBe('SUBJECT_MISMATCH');
  });

  it.each(Object.entries(FORMATS))('%s of another image is a subject mismatch', async (_, make) => {
    const evidence = await make({ signer });
    const subject = { digest: other, artifact: Buffer.from('another image') };
    expect(await codeOf(verifier().verify(evidence, subject, trusting(key)))).toBe('SUBJECT_MISMATCH');
  });

  it('a message signature does not vouch for bytes that are not the digest', async () => {
    const evidence = await signMessage({ signer });
    const subject = { digest: other, artifact: IMAGE_SUBJECT.artifact as Buffer };
    expect(await codeOf(verifier().verify(evidence, subject, trusting(key)))).toBe('SUBJECT_MISMATCH');
  });

  it('given only the digest, a message signature of another image is a subject mismatch', async () => {
    const evidence = await signMessage({ signer });
    expect(await codeOf(verifier().verify(evidence, { digest: other }, trusting(key)))).toBe(
      'SUBJECT_MISMATCH',
    );
  });

  it('given only the digest, a message signature verifies on P-256 and P-384 and is refused elsewhere', async () => {
    const check = async (type: KeyType, options: KeyOptions) => {
      const each = generateKey(type, options);
      const evidence = await signMessage({ signer: { type: 'key', key: each } });
      return verifier().verify(evidence, { digest: DIGEST }, trusting(each));
    };
    expect((await check('P-256', {})).subject).toBe(DIGEST);
    expect((await check('P-384', { hash: 'sha256' })).subject).toBe(DIGEST);
    expect(await codeOf(check('P-384', {}))).toBe('EVIDENCE_MALFORMED');
    expect(await codeOf(check('RSA', {}))).toBe('SIGNATURE_INVALID');
    expect(await codeOf(check('Ed25519', {}))).toBe('SIGNATURE_INVALID');
  });
});
