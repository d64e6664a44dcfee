import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import type { HttpClient, HttpRequest } from '../../src/base/http.ts';
import { MAX_CANDIDATES, RekorClient } from '../../src/verify/rekor.ts';
import { generateKey } from '../support/keys.ts';
import type { EntryKind } from '../support/log-bodies.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { plainHttp } from './support/http.ts';
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
beforeEach(() => sigstore.log.clear());

const key = generateKey();
const signer = { type: 'key', key } as const;
const verifierAt = (url: string, http: HttpClient = plainHttp) =>
  verifierFor(sigstore, { rekor: new RekorClient(url, http) });

describe('a legacy signature without an entry', () => {
  const options = () => ({ sigstore, embedEntry: false });

  it.each([
    ['a key', signer, trusting(key)],
    ['a certificate', KEYLESS, IDENTITY],
  ] as const)('by %s is looked up and verifies', async (_, by, signers) => {
    const evidence = await signLegacy({ ...options(), signer: by });
    expect(evidence.bundle.verificationMaterial.tlogEntries).toEqual([]);
    expect(await codeOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, signers))).toBe(
      'LOG_ENTRY_MISSING',
    );
    const verified = await verifierAt(`${sigstore.url}/`).verify(evidence, IMAGE_SUBJECT, signers);
    expect(verified.signature.signedAt).toBeDefined();
  });

  it.each(['dsse 0.0.1', 'intoto 0.0.1', 'intoto 0.0.2'] as EntryKind[])(
    'attestations logged as %s are found too',
    async (entryKind) => {
      const evidence = await attestLegacy({ ...options(), signer: KEYLESS, entryKind });
      expect((await verifierAt(sigstore.url).verify(evidence, IMAGE_SUBJECT, IDENTITY)).claim.type).toBe(
        'statement',
      );
    },
  );

  it('is found among others that signed the same', async () => {
    for (let other = 0; other < 12; other += 1)
      await signLegacy({ ...options(), signer: { type: 'key', key: generateKey() } });
    const evidence = await signLegacy({ ...options(), signer });
    for (let other = 0; other < 12; other += 1)
      await signLegacy({ ...options(), signer: { type: 'key', key: generateKey() } });
    expect(
      (await verifierAt(sigstore.url).verify(evidence, IMAGE_SUBJECT, trusting(key))).subject,
    ).toBeDefined();
  });

  it('is rejected when the log has only entries of others for the same payload', async () => {
    const evidence = await signLegacy({ ...options(), signer });
    sigstore.log.clear();
    await signLegacy({ ...options(), signer: { type: 'key', key: generateKey() } });
    expect(await codeOf(verifierAt(sigstore.url).verify(evidence, IMAGE_SUBJECT, trusting(key)))).toBe(
      'LOG_ENTRY_MISSING',
    );
  });

  it('is rejected when the log has nothing', async () => {
    const evidence = await signLegacy({ ...options(), signer });
    sigstore.log.clear();
    expect(await codeOf(verifierAt(sigstore.url).verify(evidence, IMAGE_SUBJECT, trusting(key)))).toBe(
      'LOG_ENTRY_MISSING',
    );
  });

  it('a log that the trust root does not know can invent what it likes', async () => {
    const stranger = await startSigstore();
    const evidence = await signLegacy({ signer, sigstore: stranger, embedEntry: false });
    const work = verifierAt(stranger.url).verify(evidence, IMAGE_SUBJECT, trusting(key));
    expect(await codeOf(work)).toBe('LOG_ENTRY_MISSING');
    await stranger.close();
  });

  it('is not looked up when the signature is bad, nor when another key is wanted', async () => {
    const evidence = await signLegacy({ ...options(), signer });
    const never: HttpClient = () => Promise.reject(new Error('asked'));
    const work = verifierAt(sigstore.url, never).verify(evidence, IMAGE_SUBJECT, trusting(generateKey()));
    expect(await codeOf(work)).toBe('SIGNATURE_INVALID');
  });

  it('bundles are never looked up: they carry what they need', async () => {
    const evidence = await signStatement({ signer, log: 'none' });
    const never: HttpClient = () => Promise.reject(new Error('asked'));
    const work = verifierAt(sigstore.url, never).verify(evidence, IMAGE_SUBJECT, trusting(key));
    expect(await codeOf(work)).toBe('LOG_ENTRY_MISSING');
  });

  it('an entry that is there and bad is not replaced by a good one from the log', async () => {
    const evidence = await signLegacy({ signer, sigstore }, (layer) => {
      const rekor = JSON.parse(layer.annotations['dev.sigstore.cosign/bundle'] ?? '');
      rekor.Payload.logIndex += 1;
      return {
        ...layer,
        annotations: { ...layer.annotations, 'dev.sigstore.cosign/bundle': JSON.stringify(rekor) },
      };
    });
    expect(await codeOf(verifierAt(sigstore.url).verify(evidence, IMAGE_SUBJECT, trusting(key)))).toBe(
      'LOG_ENTRY_INVALID',
    );
  });
});

describe('a log that cannot be asked leaves the signature undetermined', () => {
  const answers = (...bodies: readonly unknown[]): HttpClient => {
    const queue = [...bodies];
    return async () => ({ status: 200, body: Buffer.from(JSON.stringify(queue.shift() ?? null)) });
  };
  const uuid = 'a'.repeat(64);
  const CASES: readonly (readonly [string, HttpClient])[] = [
    ['is not reached', () => Promise.reject(new ProofgateError('NETWORK', 'offline'))],
    ['takes too long', () => Promise.reject(new ProofgateError('TIMEOUT', 'slow'))],
    ['answers without end', () => Promise.reject(new ProofgateError('CONTENT_TOO_LARGE', 'endless'))],
    ['throttles', async () => ({ status: 429, body: Buffer.from('[]') })],
    ['fails', async () => ({ status: 500, body: Buffer.from('[]') })],
    ['is not there', async () => ({ status: 404, body: Buffer.from('') })],
    ['answers HTML', async () => ({ status: 200, body: Buffer.from('<html>') })],
    ['answers no list', answers({})],
    ['answers strange identifiers', answers(['../../x'])],
    ['answers entries that are none', answers([uuid], [{ [uuid]: { body: 1 } }])],
    [
      'answers entries with a body that is none',
      answers(
        [uuid],
        [
          {
            [uuid]: {
              body: 'AAAA',
              integratedTime: 1,
              logIndex: 1,
              logID: 'aa',
              verification: { signedEntryTimestamp: 'AAAA' },
            },
          },
        ],
      ),
    ],
    ['has too many entries', tooMany],
  ];
  function tooMany({ body = '' }: HttpRequest) {
    const uuids = Array.from({ length: MAX_CANDIDATES + 1 }, (_, index) =>
      index.toString(16).padStart(64, '0'),
    );
    const answer = body.includes('"hash"') ? uuids : [];
    return Promise.resolve({ status: 200, body: Buffer.from(JSON.stringify(answer)) });
  }

  it.each(CASES)('%s', async (_, http) => {
    const evidence = await signLegacy({ signer, sigstore, embedEntry: false });
    const error = await errorOf(
      verifierAt(sigstore.url, http).verify(evidence, IMAGE_SUBJECT, trusting(key)),
    );
    expect(error.code).toBe('LOG_UNAVAILABLE');
    expect(error.kind).toBe('undetermined');
  });

  it('never prints a secret of its URL', async () => {
    const evidence = await signLegacy({ signer, sigstore, embedEntry: false });
    const http: HttpClient = async () => ({ status: 500, body: Buffer.from('') });
    const error = await errorOf(
      verifierAt('https://user:hunter2@rekor.test', http).verify(evidence, IMAGE_SUBJECT, trusting(key)),
    );
    expect(error.message).not.toContain('hunter2');
  });

  it('a cancelled look-up ends with the reason', async () => {
    const evidence = await signLegacy({ signer, sigstore, embedEntry: false });
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const controller = new AbortController();
    const reason = new ProofgateError('CANCELLED', 'enough');
    server.on('request', () => controller.abort(reason));
    const work = verifierAt(url).verify(evidence, IMAGE_SUBJECT, trusting(key), controller.signal);
    await expect(work).rejects.toBe(reason);
    server.closeAllConnections();
    server.close();
  });
});
