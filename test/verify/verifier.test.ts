import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { exactMatcher, regexpMatcher } from '../../src/verify/identity.ts';
import type { Signers } from '../../src/verify/signers.ts';
import { Verified, Verifier } from '../../src/verify/verifier.ts';
import type { BundleJson } from '../support/bundle-layout.ts';
import { generateKey } from '../support/keys.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { ISSUER, SUBJECT } from './support/authority.ts';
import {
  attestLegacy,
  bundleEvidence,
  COSIGN_SIGN,
  codeOf,
  DIGEST,
  errorOf,
  IDENTITY,
  IMAGE,
  IMAGE_SUBJECT,
  IN_TOTO,
  KEYLESS,
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

const key = generateKey();
const signer = { type: 'key', key } as const;
const TRUSTED = trusting(key);

describe('a Verified', () => {
  it('is made by the verifier alone', async () => {
    const Forged = Verified as unknown as new (...args: unknown[]) => Verified;
    const claim = { type: 'image-signature' };
    for (const token of [undefined, null, true, 'verifier', Symbol('verifier'), Symbol.for('verifier')]) {
      expect((await errorOf(() => new Forged(token, DIGEST, claim, {}))).code).toBe('INTERNAL');
    }
  });

  it('cannot be had from a prototype, a copy or a heir', async () => {
    const bare = Object.create(Verified.prototype) as Verified;
    expect(() => bare.subject).toThrow(TypeError);
    expect(() => bare.claim).toThrow(TypeError);
    expect(() => bare.signature).toThrow(TypeError);
    const real = await verifierFor(sigstore, { ignoreRekor: true }).verify(
      await signStatement({ signer }),
      IMAGE_SUBJECT,
      TRUSTED,
    );
    expect(real.subject).toBe(DIGEST);
    expect((structuredClone(real) as Partial<Verified>).subject).toBeUndefined();
    const Own = real.constructor as new (...args: unknown[]) => Verified;
    expect(() => new Own(...Object.values(real), DIGEST)).toThrow(ProofgateError);
  });

  it('cannot be changed afterwards', async () => {
    const verified = await verifierFor(sigstore, { ignoreRekor: true }).verify(
      await signStatement({ signer }),
      IMAGE_SUBJECT,
      TRUSTED,
    );
    expect(() => Object.assign(verified, { subject: 'sha256:x' })).toThrow(TypeError);
    expect(() => Object.assign(verified, { other: 1 })).toThrow(TypeError);
  });

  it('the token is not exported', () => {
    const source = readFileSync(new URL('../../src/verify/verifier.ts', import.meta.url), 'utf8');
    expect(source).toMatch(/^const VERIFIER = Symbol\(/m);
    expect(source).not.toMatch(/export .*VERIFIER/);
  });
});

describe('trust material', () => {
  const counting = () => {
    let calls = 0;
    const trust = () => {
      calls += 1;
      return Promise.reject(new ProofgateError('TRUST_UNAVAILABLE', 'offline'));
    };
    return { trust, calls: () => calls };
  };

  it('is not asked for when keys are trusted and the log is ignored', async () => {
    const { trust, calls } = counting();
    const verifier = new Verifier({ trust, ignoreRekor: true, clock: systemClock });
    for (const evidence of [
      await signStatement({ signer, sigstore }),
      await signLegacy({ signer, sigstore, timestamp: true }),
    ]) {
      expect((await verifier.verify(evidence, IMAGE_SUBJECT, TRUSTED)).subject).toBe(DIGEST);
    }
    expect(calls()).toBe(0);
  });

  it('is not asked for when the signature is bad anyway', async () => {
    const { trust, calls } = counting();
    const verifier = new Verifier({ trust, ignoreRekor: false, clock: systemClock });
    const evidence = await signStatement({ signer, sigstore });
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, trusting(generateKey())))).toBe(
      'SIGNATURE_INVALID',
    );
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, IDENTITY))).toBe('SIGNER_MISMATCH');
    const keyless = await signMessage({ signer: KEYLESS, sigstore });
    expect(await codeOf(verifier.verify(keyless, IMAGE_SUBJECT, TRUSTED))).toBe('SIGNER_MISMATCH');
    expect(calls()).toBe(0);
  });

  it('that cannot be had leaves the evidence undetermined', async () => {
    const { trust } = counting();
    const byKey = new Verifier({ trust, ignoreRekor: false, clock: systemClock });
    const evidence = await signStatement({ signer, sigstore });
    expect((await errorOf(byKey.verify(evidence, IMAGE_SUBJECT, TRUSTED))).kind).toBe('undetermined');
    const keyless = new Verifier({ trust, ignoreRekor: true, clock: systemClock });
    const signed = await signMessage({ signer: KEYLESS, sigstore });
    expect((await errorOf(keyless.verify(signed, IMAGE_SUBJECT, IDENTITY))).kind).toBe('undetermined');
  });
});

describe('signers', () => {
  const identity = (subject: string, issuer = ISSUER) => ({
    subject: exactMatcher(subject),
    issuer: exactMatcher(issuer),
  });

  it('any key may match, and the report names the one that did', async () => {
    const others = [generateKey(), generateKey('P-384'), generateKey('RSA'), generateKey('Ed25519')].flatMap(
      (each) => trusting(each).keys,
    );
    const [ours] = TRUSTED.keys;
    if (ours === undefined) throw new Error('no key');
    const keys = [...others, { ...ours, name: 'release.pub' }];
    const verified = await verifierFor(sigstore).verify(
      await signLegacy({ signer, sigstore }),
      IMAGE_SUBJECT,
      { keys, identities: [] },
    );
    expect(verified.signature.signedBy).toEqual({
      type: 'key',
      name: 'release.pub',
      fingerprint: ours.fingerprint,
    });
  });

  it('any identity may match, and the report names the one that did', async () => {
    const byPattern = {
      subject: regexpMatcher('https://github[.]com/acme/.*'),
      issuer: exactMatcher(ISSUER),
    };
    const identities = [identity('https://other.test/x'), identity(SUBJECT, 'https://other.test'), byPattern];
    const evidence = await signMessage({ signer: KEYLESS, sigstore });
    const { signature } = await verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, {
      keys: [],
      identities,
    });
    expect(signature.signedBy).toMatchObject({
      subject: SUBJECT,
      matched: `/https://github[.]com/acme/.*/ from ${ISSUER}`,
    });
  });

  it.each([
    ['another subject', [identity('https://github.com/acme/other')]],
    ['another issuer', [identity(SUBJECT, 'https://gitlab.test')]],
    ['a subject that is only a part', [identity(SUBJECT.slice(0, -1))]],
    [
      'the subject of one and the issuer of another',
      [identity(SUBJECT, 'https://a.test'), identity('https://b.test/x', ISSUER)],
    ],
  ])('%s is a mismatch', async (_, identities) => {
    const evidence = await signMessage({ signer: KEYLESS, sigstore });
    const error = await errorOf(
      verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, { keys: [], identities }),
    );
    expect(error.code).toBe('SIGNER_MISMATCH');
    expect(error.message).toContain(SUBJECT);
  });

  it('a look-alike subject is not matched by a pattern for the real one', async () => {
    const evil = 'https://evil.example/https://github.com/acme/app-evil';
    const evidence = await signMessage({
      signer: { type: 'keyless', identity: { subject: evil, issuer: ISSUER } },
      sigstore,
    });
    const wanted = { subject: regexpMatcher('https://github.com/acme/app'), issuer: exactMatcher(ISSUER) };
    const work = verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, { keys: [], identities: [wanted] });
    expect(await codeOf(work)).toBe('SIGNER_MISMATCH');
    const asPattern = {
      subject: exactMatcher(evil),
      issuer: regexpMatcher('https://actions.githubusercontent.com'),
    };
    const other = verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, {
      keys: [],
      identities: [asPattern],
    });
    expect(await codeOf(other)).toBe('SIGNER_MISMATCH');
  });

  it('nobody trusted means nothing verifies', async () => {
    const nobody: Signers = { keys: [], identities: [] };
    for (const ignoreRekor of [true, false]) {
      for (const evidence of [
        await signStatement({ signer, sigstore }),
        await signMessage({ signer: KEYLESS, sigstore }),
      ]) {
        const work = verifierFor(sigstore, { ignoreRekor }).verify(evidence, IMAGE_SUBJECT, nobody);
        expect(await codeOf(work)).toBe('SIGNER_MISMATCH');
      }
    }
  });

  it('a wanted key is not satisfied by a certificate, not even by one for that key', async () => {
    const der = await sigstore.issueCertificate(key.publicKey, KEYLESS.identity);
    const keyless = { ...KEYLESS, certificate: { key, der } } as const;
    for (const evidence of [
      await signStatement({ signer: keyless, sigstore }),
      await signLegacy({ signer: keyless, sigstore }),
    ]) {
      expect(await codeOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, TRUSTED))).toBe(
        'SIGNER_MISMATCH',
      );
    }
  });

  it('a wanted identity is not satisfied by a bare key', async () => {
    for (const evidence of [
      await signStatement({ signer, sigstore }),
      await signLegacy({ signer, sigstore }),
    ]) {
      expect(await codeOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, IDENTITY))).toBe(
        'SIGNER_MISMATCH',
      );
    }
  });

  it('the key hint of a bundle decides nothing', async () => {
    const hint = (text: string) => (bundle: BundleJson) => {
      bundle.verificationMaterial.publicKey.hint = text;
      return bundle;
    };
    const other = generateKey();
    const [fingerprint = ''] = TRUSTED.keys.map((each) =>
      Buffer.from(each.fingerprint, 'hex').toString('base64'),
    );
    const lying = await signStatement({ signer: { type: 'key', key: other }, sigstore }, hint(fingerprint));
    expect(await codeOf(verifierFor(sigstore).verify(lying, IMAGE_SUBJECT, TRUSTED))).toBe(
      'SIGNATURE_INVALID',
    );
    const wrong = await signStatement({ signer, sigstore }, hint('nobody'));
    expect((await verifierFor(sigstore).verify(wrong, IMAGE_SUBJECT, TRUSTED)).subject).toBe(DIGEST);
  });
});

describe('tampering', () => {
  const other = 'b'.repeat(64);
  const verifiers = () => [verifierFor(sigstore), verifierFor(sigstore, { ignoreRekor: true })];

  it.each([
    ['a key', signer, TRUSTED],
    ['a certificate', KEYLESS, IDENTITY],
  ] as const)(
    'a changed statement by %s is rejected, even when it names the image',
    async (_, by, signers) => {
      const foreign = statement(COSIGN_SIGN, `sha256:${other}` as typeof DIGEST);
      const swap = (bundle: BundleJson) => {
        bundle.dsseEnvelope.payload = statement(COSIGN_SIGN).toString('base64');
        return bundle;
      };
      const evidence = await signStatement({ signer: by, sigstore, payload: foreign }, swap);
      for (const verifier of verifiers()) {
        expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, signers))).toBe('SIGNATURE_INVALID');
      }
    },
  );

  it.each([
    ['a key', signer, TRUSTED],
    ['a certificate', KEYLESS, IDENTITY],
  ] as const)('a changed simple-signing payload by %s is rejected', async (_, by, signers) => {
    const evidence = await signLegacy({ signer: by, sigstore }, (layer) => ({
      ...layer,
      payload: Buffer.from(layer.payload.toString().replace('acme', 'evil')),
    }));
    for (const verifier of verifiers()) {
      expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, signers))).toBe('SIGNATURE_INVALID');
    }
  });

  it('the payload type is part of what is signed', async () => {
    const evidence = await signStatement({ signer, payloadType: 'text/plain' }, (bundle) => {
      bundle.dsseEnvelope.payloadType = IN_TOTO;
      return bundle;
    });
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, TRUSTED))).toBe('SIGNATURE_INVALID');
  });

  it.each([
    'text/plain',
    '',
    'application/vnd.in-toto+json; charset=utf-8',
    'application/vnd.in-toto.provenance+json',
  ])('an honestly signed payload of the type %j is no statement', async (payloadType) => {
    const evidence = await signStatement({ signer, payloadType });
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, TRUSTED))).toBe('STATEMENT_INVALID');
  });

  it('a message digest that differs from the image is a subject mismatch', async () => {
    const evidence = await signMessage({ signer }, (bundle) => {
      bundle.messageSignature.messageDigest.digest = Buffer.from(other, 'hex').toString('base64');
      return bundle;
    });
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, TRUSTED))).toBe('SUBJECT_MISMATCH');
  });

  it.each([
    ['another type', { type: 'atomic container signature' }],
    ['the type of a statement', { type: COSIGN_SIGN }],
    ['no type', { type: undefined }],
    ['no image', { image: undefined }],
    ['a digest that is no text', { image: { 'docker-manifest-digest': [DIGEST] } }],
  ])('an honestly signed payload with %s is malformed', async (_, change) => {
    const critical = {
      identity: {},
      image: { 'docker-manifest-digest': DIGEST },
      type: 'cosign container image signature',
    };
    const payload = Buffer.from(JSON.stringify({ critical: { ...critical, ...change }, optional: null }));
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    const evidence = await signLegacy({ signer, payload });
    expect(await codeOf(verifier.verify(evidence, IMAGE_SUBJECT, TRUSTED))).toBe('EVIDENCE_MALFORMED');
  });

  it.each([
    '{}',
    'null',
    '',
    'hello',
    JSON.stringify({ ...JSON.parse(statement(COSIGN_SIGN).toString()), _type: 'x' }),
  ])('an honestly signed statement %.12s is invalid', async (text) => {
    const work = async () => {
      const evidence = await signStatement({ signer, payload: Buffer.from(text) });
      return verifierFor(sigstore, { ignoreRekor: true }).verify(evidence, IMAGE_SUBJECT, TRUSTED);
    };
    expect(['STATEMENT_INVALID', 'EVIDENCE_MALFORMED']).toContain(await codeOf(work()));
  });
});

describe('ignore-rekor', () => {
  it('does not look at entries that are there, however bad', async () => {
    const spoil = (bundle: BundleJson) => {
      for (const entry of bundle.verificationMaterial.tlogEntries)
        entry.inclusionPromise.signedEntryTimestamp = 'AAAA';
      return bundle;
    };
    for (const [by, signers] of [
      [signer, TRUSTED],
      [KEYLESS, IDENTITY],
    ] as const) {
      const evidence = await signStatement({ signer: by, sigstore }, spoil);
      expect(await codeOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, signers))).toBe(
        'LOG_ENTRY_INVALID',
      );
      const verified = await verifierFor(sigstore, { ignoreRekor: true }).verify(
        evidence,
        IMAGE_SUBJECT,
        signers,
      );
      expect(verified.signature.signedAt).toBeUndefined();
    }
  });
});

describe('bundles of v0.1', () => {
  it('may carry a proof without a checkpoint: the promise is what counts', async () => {
    for (const [by, signers] of [
      [signer, TRUSTED],
      [KEYLESS, IDENTITY],
    ] as const) {
      const evidence = await signStatement({ signer: by, sigstore, version: '0.1' }, (bundle) => {
        delete bundle.verificationMaterial.tlogEntries[0].inclusionProof.checkpoint;
        return bundle;
      });
      expect((await verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, signers)).subject).toBe(DIGEST);
    }
  });
});

describe('whatever arrives, the answer is a reasoned no', () => {
  // A fixed sequence: what failed once fails again.
  const random = (seed: number) => () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const JUNK: readonly unknown[] = [
    null,
    '',
    'AAAA',
    -1,
    1e300,
    true,
    [],
    {},
    [null],
    { rawBytes: 'AAAA' },
    '\u0000',
    '9'.repeat(400),
    { $case: 'x' },
  ];

  /** Replaces or removes one random member of a JSON value. */
  function damage(value: BundleJson, next: () => number): BundleJson {
    const copy = structuredClone(value);
    const paths: [BundleJson, string][] = [];
    const walk = (node: BundleJson) => {
      for (const [name, child] of Object.entries(node)) {
        paths.push([node, name]);
        if (typeof child === 'object' && child !== null) walk(child);
      }
    };
    walk(copy);
    const [node, name] = paths[Math.floor(next() * paths.length)] as [BundleJson, string];
    const pick = Math.floor(next() * (JUNK.length + 2));
    if (pick === JUNK.length) delete node[name];
    else if (pick === JUNK.length + 1 && typeof node[name] === 'string')
      node[name] = mangle(node[name], next);
    else node[name] = JUNK[pick];
    return copy;
  }

  function mangle(text: string, next: () => number): string {
    const at = Math.floor(next() * text.length);
    return `${text.slice(0, at)}${String.fromCharCode(65 + Math.floor(next() * 26))}${text.slice(at + 1)}`;
  }

  it.each([
    ['a keyless statement', () => signStatement, KEYLESS, IDENTITY, {}],
    ['a keyless message with Rekor v2 and a timestamp', () => signMessage, KEYLESS, IDENTITY, { log: 'v2' }],
    ['a statement by a key', () => signStatement, signer, TRUSTED, {}],
  ] as const)('600 damaged copies of %s', async (_, make, by, signers, options) => {
    let good: BundleJson = {};
    await make()({ signer: by, sigstore, ...options }, (bundle) => {
      good = bundle;
      return bundle;
    });
    const next = random(2026);
    const verifier = verifierFor(sigstore);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 600; round += 1) {
      const bad = damage(good, next);
      const work = async () => verifier.verify(bundleEvidence(bad), IMAGE_SUBJECT, signers);
      const outcome = await work().then(
        ({ subject }) => subject,
        (error: unknown) => (error instanceof ProofgateError ? error.kind : String(error)),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // What still verifies was damaged where nothing is covered: a hint, a tree size.
    expect([...outcomes.keys()].sort()).toEqual([DIGEST, 'rejected'].sort());
    expect(outcomes.get('rejected')).toBeGreaterThan(outcomes.get(DIGEST) ?? 0);
  });

  it('no single changed byte of what is signed, or of who signed, verifies', async () => {
    const evidence = await signLegacy({ signer: KEYLESS, sigstore });
    const { content } = evidence.bundle.verificationMaterial;
    if (content.$case !== 'certificate') throw new Error('no certificate');
    const verifier = verifierFor(sigstore);
    const { rawBytes } = content.certificate;
    for (let at = 0; at < rawBytes.length; at += 7) {
      rawBytes[at] = (rawBytes[at] ?? 0) ^ 0x10;
      expect((await errorOf(verifier.verify(evidence, IMAGE_SUBJECT, IDENTITY))).kind).toBe('rejected');
      rawBytes[at] = (rawBytes[at] ?? 0) ^ 0x10;
    }
    expect((await verifier.verify(evidence, IMAGE_SUBJECT, IDENTITY)).subject).toBe(DIGEST);
  });

  it('evidence whose content is not what its bundle signs is malformed', async () => {
    const evidence = await attestLegacy({ signer });
    const content = { type: 'dsse', payloadType: IN_TOTO, payload: IMAGE } as const;
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    expect(await codeOf(verifier.verify({ ...evidence, content }, IMAGE_SUBJECT, TRUSTED))).toBe(
      'EVIDENCE_MALFORMED',
    );
    const message = await signMessage({ signer });
    const claiming = { ...content, payload: statement(COSIGN_SIGN) };
    expect(await codeOf(verifier.verify({ ...message, content: claiming }, IMAGE_SUBJECT, TRUSTED))).toBe(
      'EVIDENCE_MALFORMED',
    );
  });
});
