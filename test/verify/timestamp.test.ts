import { createHash, generateKeyPairSync } from 'node:crypto';
import { RFC3161Timestamp } from '@sigstore/core';
import timestamping from '@sigstore/mock/dist/timestamp/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTimestamps } from '../../src/verify/timestamp.ts';
import { parseTrustedRoot } from '../../src/verify/trust.ts';
import { generateKey } from '../support/keys.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import rsa from './fixtures/rsa-timestamp.json' with { type: 'json' };
import {
  attestLegacy,
  codeOf,
  errorOf,
  IDENTITY,
  IMAGE_SUBJECT,
  KEYLESS,
  signLegacy,
  signStatement,
  trusting,
  verifierFor,
} from './support/world.ts';

let sigstore: SigstoreServices;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

const STAMPED = Buffer.from('a signature');
const start = '2020-01-01T00:00:00Z';

function trustIn(chain: readonly string[], validFor: object = { start }) {
  const certChain = { certificates: chain.map((rawBytes) => ({ rawBytes })) };
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  const timestampAuthorities = [{ subject: {}, uri: '', certChain, validFor }];
  return parseTrustedRoot(JSON.stringify({ mediaType, timestampAuthorities }), 'root').material;
}

async function authorityAt(time: Date) {
  const tsa = await timestamping.initializeTSA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  Object.assign(tsa, { getCurrentTime: () => time });
  const toBuffer = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const request = {
    artifactHash: hash(STAMPED),
    hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
    nonce: 1,
    policyOID: '1.2.3',
  };
  return {
    response: toBuffer(await tsa.timestamp(request)),
    chain: [tsa.intCertificate, tsa.rootCertificate].map((der) => toBuffer(der).toString('base64')),
  };
}

function hash(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

describe('RFC 3161', () => {
  // DER leaves out trailing zeros: 1, 2, 3 and no digits.
  it.each([0, 100, 120, 123, 7])('a time with %i milliseconds is read', async (milliseconds) => {
    const seconds = Math.floor(Date.now() / 1000) * 1000 + 5000;
    const { response, chain } = await authorityAt(new Date(seconds + milliseconds));
    expect(verifyTimestamps([response], [STAMPED], trustIn(chain))).toEqual([new Date(seconds)]);
  });

  it('an RSA authority is understood', async () => {
    const response = Buffer.from(rsa.response, 'base64');
    const stamped = Buffer.from(rsa.stamped, 'base64');
    expect(verifyTimestamps([response], [stamped], trustIn(rsa.chain))).toEqual([
      new Date('2026-11-21T18:25:00Z'),
    ]);
    expect(await codeNow(() => verifyTimestamps([response], [STAMPED], trustIn(rsa.chain)))).toBe(
      'TIMESTAMP_INVALID',
    );
  });

  it.each([
    ['over something else', (bytes: Buffer) => bytes, Buffer.from('else')],
    ['with an altered signature', (bytes: Buffer) => changed(bytes, bytes.length - 3), STAMPED],
    [
      'with an altered status',
      (bytes: Buffer) => changed(bytes, bytes.indexOf(Buffer.of(2, 1, 0)) + 2, 2),
      STAMPED,
    ],
    ['that is cut off', (bytes: Buffer) => bytes.subarray(0, 100), STAMPED],
    ['that is no DER', () => Buffer.from('hello'), STAMPED],
    ['that is empty', () => Buffer.alloc(0), STAMPED],
  ])('a timestamp %s is invalid', async (_, alter, stamped) => {
    const { response, chain } = await authorityAt(new Date());
    const work = () => verifyTimestamps([alter(response)], [stamped], trustIn(chain));
    expect(await codeNow(work)).toBe('TIMESTAMP_INVALID');
  });

  it('a timestamp of two signers is invalid: nobody says which of them counts', async () => {
    const { response, chain } = await authorityAt(new Date());
    const { root } = RFC3161Timestamp.parse(Buffer.from(response));
    const signers = root.subs[1]?.subs[1]?.subs[0]?.subs.at(-1)?.subs ?? [];
    expect(signers).toHaveLength(1);
    signers.push(...signers);
    expect(await codeNow(() => verifyTimestamps([root.toDER()], [STAMPED], trustIn(chain)))).toBe(
      'TIMESTAMP_INVALID',
    );
  });

  it('an authority is believed only while it is valid in the trust root', async () => {
    const { response, chain } = await authorityAt(new Date());
    const past = trustIn(chain, { start, end: '2021-01-01T00:00:00Z' });
    expect(await codeNow(() => verifyTimestamps([response], [STAMPED], past))).toBe('TIMESTAMP_INVALID');
  });

  it('an authority that the trust root does not know proves nothing', async () => {
    const { response } = await authorityAt(new Date());
    expect(verifyTimestamps([response], [STAMPED], trustIn(rsa.chain))).toEqual([]);
  });

  it('one bad timestamp of a known authority fails all', async () => {
    const { response, chain } = await authorityAt(new Date());
    const work = () =>
      verifyTimestamps([response, changed(response, response.length - 3)], [STAMPED], trustIn(chain));
    expect(await codeNow(work)).toBe('TIMESTAMP_INVALID');
  });
});

describe('timestamps of signatures', () => {
  const key = generateKey();
  const RFC3161 = 'dev.sigstore.cosign/rfc3161timestamp';

  it("another signature's timestamp is rejected", async () => {
    const foreign = (await sigstore.timestamp(Buffer.from('another'))).toString('base64');
    const bundled = signStatement({ signer: KEYLESS, sigstore, log: 'none' }, (bundle) => {
      bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp = foreign;
      return bundle;
    });
    const verifier = verifierFor(sigstore, { ignoreRekor: true });
    expect(await codeOf(verifier.verify(await bundled, IMAGE_SUBJECT, IDENTITY))).toBe('TIMESTAMP_INVALID');
    const legacy = await signLegacy({ signer: KEYLESS, sigstore, log: 'none' }, (layer) => {
      const annotation = JSON.stringify({ SignedRFC3161Timestamp: foreign });
      return { ...layer, annotations: { ...layer.annotations, [RFC3161]: annotation } };
    });
    expect(await codeOf(verifier.verify(legacy, IMAGE_SUBJECT, IDENTITY))).toBe('TIMESTAMP_INVALID');
  });

  it('a legacy attestation may have its stored envelope stamped, as cosign does', async () => {
    const evidence = await attestLegacy({ signer: KEYLESS, sigstore, log: 'none' }, async (layer) => {
      const stamp = (await sigstore.timestamp(layer.payload)).toString('base64');
      const annotation = JSON.stringify({ SignedRFC3161Timestamp: stamp });
      return { ...layer, annotations: { ...layer.annotations, [RFC3161]: annotation } };
    });
    const verified = await verifierFor(sigstore, { ignoreRekor: true }).verify(
      evidence,
      IMAGE_SUBJECT,
      IDENTITY,
    );
    expect(verified.signature.signedAt).toBeDefined();
  });

  it("a key's bad timestamp is rejected too, though keys need no time", async () => {
    const evidence = await signStatement(
      { signer: { type: 'key', key }, sigstore, log: 'v2' },
      async (bundle) => {
        const foreign = (await sigstore.timestamp(Buffer.from('another'))).toString('base64');
        bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp = foreign;
        return bundle;
      },
    );
    const error = await errorOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusting(key)));
    expect(error.code).toBe('TIMESTAMP_INVALID');
  });
});

function changed(bytes: Buffer, at: number, to?: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = to ?? (copy[at] ?? 0) ^ 1;
  return copy;
}

async function codeNow(work: () => unknown) {
  return (await errorOf(work)).code;
}
