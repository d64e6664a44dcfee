import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleJson } from '../support/bundle-layout.ts';
import { generateKey, toPem } from '../support/keys.ts';
import type { LegacyLayer } from '../support/legacy-layout.ts';
import type { LogBody } from '../support/log-bodies.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { toBundledEntry } from '../support/transparency-log.ts';
import {
  codeOf,
  errorOf,
  IDENTITY,
  IMAGE_SUBJECT,
  KEYLESS,
  signLegacy,
  signMessage,
  signStatement,
  trusting,
  verifierFor,
} from './support/world.ts';

let sigstore: SigstoreServices;
let stranger: SigstoreServices;
beforeAll(async () => {
  [sigstore, stranger] = await Promise.all([startSigstore(), startSigstore()]);
});
afterAll(() => Promise.all([sigstore.close(), stranger.close()]));

const key = generateKey();
const signer = { type: 'key', key } as const;
const REKOR_ANNOTATION = 'dev.sigstore.cosign/bundle';

type Entry = BundleJson;
type AlterEntries = (entries: Entry[]) => Entry[] | Promise<Entry[]>;

/** For `alter` of a bundle: changes its log entries. */
const entriesOf = (alter: AlterEntries) => async (bundle: BundleJson) => {
  const material = bundle.verificationMaterial;
  material.tlogEntries = await alter(material.tlogEntries);
  return bundle;
};

/** Verifies a bundled statement, signed by a key, whose entries `alter` has changed. */
async function withEntries(alter: AlterEntries, log: 'v1' | 'v2' = 'v1') {
  const evidence = await signStatement({ signer, sigstore, log }, entriesOf(alter));
  return verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusting(key));
}

/** The entry with a changed body, honestly signed by the log. */
async function rewritten(entry: Entry, change: (body: BundleJson) => void, by = sigstore): Promise<Entry> {
  const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString()) as BundleJson;
  change(body);
  return toBundledEntry(await by.log.record(body as unknown as LogBody), 'v1');
}

describe('the log has to have the entry', () => {
  it('an untouched entry verifies, with v1 and with v2', async () => {
    expect((await withEntries((entries) => entries)).subject).toBe(IMAGE_SUBJECT.digest);
    expect((await withEntries((entries) => entries, 'v2')).subject).toBe(IMAGE_SUBJECT.digest);
  });

  it('a signature without an entry is rejected, by a key and keyless', async () => {
    const byKey = await signStatement({ signer, log: 'none' });
    expect(await codeOf(verifierFor(sigstore).verify(byKey, IMAGE_SUBJECT, trusting(key)))).toBe(
      'LOG_ENTRY_MISSING',
    );
    const keyless = await signMessage({ signer: KEYLESS, sigstore, log: 'none' });
    expect(await codeOf(verifierFor(sigstore).verify(keyless, IMAGE_SUBJECT, IDENTITY))).toBe(
      'LOG_ENTRY_MISSING',
    );
  });

  const DAMAGE: readonly (readonly [string, (entry: Entry) => void])[] = [
    ['an altered promise', ({ inclusionPromise }) => flip(inclusionPromise, 'signedEntryTimestamp')],
    [
      'another time',
      (entry) => Object.assign(entry, { integratedTime: String(Number(entry.integratedTime) - 60) }),
    ],
    ['another index', (entry) => Object.assign(entry, { logIndex: String(Number(entry.logIndex) + 1) })],
    ['a negative index', (entry) => Object.assign(entry, { logIndex: '-1' })],
    ['a negative time', (entry) => Object.assign(entry, { integratedTime: '-1' })],
    [
      'a hexadecimal index',
      (entry) => Object.assign(entry, { logIndex: `0x${Number(entry.logIndex).toString(16)}` }),
    ],
    ['an index with zeros in front', (entry) => Object.assign(entry, { logIndex: `00${entry.logIndex}` })],
    ['an index that no number can hold', (entry) => Object.assign(entry, { logIndex: '9007199254740993' })],
    [
      'a negative index in the proof',
      ({ inclusionProof }) => Object.assign(inclusionProof, { logIndex: '-1' }),
    ],
    ['an index beyond the tree', ({ inclusionProof }) => Object.assign(inclusionProof, { logIndex: '1' })],
    [
      'a hash too many in the proof',
      ({ inclusionProof }) => Object.assign(inclusionProof, { hashes: [sha256('x')] }),
    ],
    [
      'an altered checkpoint',
      ({ inclusionProof: { checkpoint } }) =>
        Object.assign(checkpoint, { envelope: checkpoint.envelope.replace('\n1\n', '\n2\n') }),
    ],
    [
      'a checkpoint without signatures',
      ({ inclusionProof: { checkpoint } }) =>
        Object.assign(checkpoint, { envelope: checkpoint.envelope.split('\n\n')[0] }),
    ],
    [
      'a checkpoint that is no text of its kind',
      ({ inclusionProof: { checkpoint } }) =>
        Object.assign(checkpoint, { envelope: 'x\ny\nz\n\n\u2014 a AAAAAAAA\n' }),
    ],
    [
      'a body that is no JSON',
      (entry) => Object.assign(entry, { canonicalizedBody: Buffer.from('{').toString('base64') }),
    ],
    ['no body', (entry) => Object.assign(entry, { canonicalizedBody: '' })],
    ['another kind than its body', ({ kindVersion }) => Object.assign(kindVersion, { kind: 'hashedrekord' })],
    ['another version than its body', ({ kindVersion }) => Object.assign(kindVersion, { version: '0.0.2' })],
  ];
  it.each(DAMAGE)('an entry with %s is rejected', async (_, damage) => {
    const work = withEntries((entries) => {
      for (const entry of entries) damage(entry);
      return entries;
    });
    expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
  });

  it.each(['0.1', '0.2', '0.3'] as const)(
    'a bundle of v%s with an entry that nothing proves is malformed',
    async (version) => {
      const unproven = entriesOf(([{ inclusionPromise: _, inclusionProof: __, ...entry } = {}]) => [entry]);
      const error = await errorOf(signStatement({ signer, sigstore, version }, unproven));
      expect(error.code).toBe('EVIDENCE_MALFORMED');
    },
  );

  it('a checkpoint by another log does not count, even when the trust root knows that log too', async () => {
    const both = structuredClone(sigstore.trustedRoot) as BundleJson;
    both.tlogs.push(...(stranger.trustedRoot as BundleJson).tlogs);
    const verify = async (alter: AlterEntries) => {
      const evidence = await signStatement(
        { signer, sigstore: stranger, log: 'v2', timestamp: false },
        entriesOf(alter),
      );
      return verifierFor(JSON.stringify(both)).verify(evidence, IMAGE_SUBJECT, trusting(key));
    };
    expect((await verify((entries) => entries)).subject).toBe(IMAGE_SUBJECT.digest);
    const { logId } = (sigstore.trustedRoot as BundleJson).tlogs[0];
    expect(await codeOf(verify(([entry = {}]) => [{ ...entry, logId }]))).toBe('LOG_ENTRY_INVALID');
  });

  it('an entry of a log that the trust root does not know does not count', async () => {
    const evidence = await signStatement({ signer, sigstore: stranger });
    const error = await errorOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, trusting(key)));
    expect(error.code).toBe('LOG_ENTRY_INVALID');
    expect(error.message).toContain('knows none of the logs');
  });

  it('an extra entry of an unknown log does no harm', async () => {
    const verified = await withEntries(async ([entry = {}]) => [
      await rewritten(entry, () => {}, stranger),
      entry,
    ]);
    expect(verified.subject).toBe(IMAGE_SUBJECT.digest);
  });

  it('an extra bad entry of a known log does', async () => {
    const work = withEntries(([entry = {}]) => {
      const bad = structuredClone(entry);
      flip(bad.inclusionPromise, 'signedEntryTimestamp');
      bad.canonicalizedBody = Buffer.from(`${Buffer.from(bad.canonicalizedBody, 'base64')} `).toString(
        'base64',
      );
      return [entry, bad];
    });
    expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
  });

  it('the same entry twice is rejected', async () => {
    expect(await codeOf(withEntries(([entry = {}]) => [entry, structuredClone(entry)]))).toBe(
      'LOG_ENTRY_INVALID',
    );
  });

  it('the same body under another index is the same entry', async () => {
    const work = withEntries(async ([entry = {}]) => [entry, await rewritten(entry, () => {})]);
    expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
  });
});

describe('the entry has to be about this signature by this signer', () => {
  const other = generateKey();
  const pem64 = (pem: string) => Buffer.from(pem).toString('base64');

  const FOREIGN: readonly (readonly [string, (body: BundleJson) => void])[] = [
    [
      'names another key',
      ({ spec }) => Object.assign(spec.signatures[0], { verifier: pem64(other.publicPem) }),
    ],
    ['has another signature', ({ spec }) => flip(spec.signatures[0], 'signature')],
    [
      'has another payload hash',
      ({ spec }) => Object.assign(spec.payloadHash, { value: sha256('x', 'hex') }),
    ],
    ['has no payload hash', ({ spec }) => Object.assign(spec, { payloadHash: undefined })],
    ['has no signatures', ({ spec }) => Object.assign(spec, { signatures: [] })],
    ['has two signatures', ({ spec }) => spec.signatures.push(spec.signatures[0])],
    ['has a verifier that is no PEM', ({ spec }) => Object.assign(spec.signatures[0], { verifier: 'AAAA' })],
    ['is of an unknown kind', (body) => Object.assign(body, { kind: 'rekord' })],
    ['is of an unknown version', (body) => Object.assign(body, { apiVersion: '0.0.9' })],
    [
      'is called like a property of objects',
      (body) => Object.assign(body, { kind: '__proto__', apiVersion: '' }),
    ],
    ['has no spec', (body) => Object.assign(body, { spec: undefined })],
  ];
  it.each(FOREIGN)('an authentic entry that %s is rejected', async (_, change) => {
    const work = withEntries(async ([entry = {}]) => [await rewritten(entry, change)]);
    expect(await codeOf(work)).toBe('LOG_ENTRY_INVALID');
  });

  it.each([
    [
      'another certificate of the same identity',
      async () => toPem(await sigstore.issueCertificate(other.publicKey, KEYLESS.identity)),
    ],
    [
      'the public key of the certificate',
      async (own: string) =>
        new X509Certificate(own).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
  ])('an authentic entry that names %s is rejected', async (_, verifier) => {
    const evidence = await signStatement(
      { signer: KEYLESS, sigstore },
      entriesOf(async ([entry = {}]) => {
        const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString()) as BundleJson;
        const own = Buffer.from(body.spec.signatures[0].verifier, 'base64').toString();
        const named = pem64(await verifier(own));
        return [await rewritten(entry, ({ spec }) => Object.assign(spec.signatures[0], { verifier: named }))];
      }),
    );
    const error = await errorOf(verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, IDENTITY));
    expect(error.code).toBe('LOG_ENTRY_INVALID');
    expect(error.message).toContain('another certificate or key');
  });
});

describe('legacy annotations', () => {
  const verify = async (
    alter: (layer: LegacyLayer) => LegacyLayer,
    by: typeof signer | typeof KEYLESS = signer,
  ) => {
    const evidence = await signLegacy({ signer: by, sigstore }, alter);
    return verifierFor(sigstore).verify(evidence, IMAGE_SUBJECT, by === signer ? trusting(key) : IDENTITY);
  };
  const changed = (change: (rekor: BundleJson) => void) => (layer: LegacyLayer) => {
    const rekor = JSON.parse(layer.annotations[REKOR_ANNOTATION] ?? '{}') as BundleJson;
    change(rekor);
    return { ...layer, annotations: { ...layer.annotations, [REKOR_ANNOTATION]: JSON.stringify(rekor) } };
  };

  it('an untouched layer verifies', async () => {
    expect((await verify((layer) => layer)).subject).toBe(IMAGE_SUBJECT.digest);
  });

  it("another signature's promise does not pass, not even the same signer's", async () => {
    for (const by of [signer, KEYLESS]) {
      let taken = '';
      await signLegacy({ signer: by, sigstore, payload: Buffer.from('{"other":1}') }, (layer) => {
        taken = layer.annotations[REKOR_ANNOTATION] ?? '';
        return layer;
      });
      const swap = (layer: LegacyLayer) => ({
        ...layer,
        annotations: { ...layer.annotations, [REKOR_ANNOTATION]: taken },
      });
      expect(await codeOf(verify(swap, by))).toBe('LOG_ENTRY_INVALID');
    }
  });

  it.each([
    ['promise', changed((rekor) => flip(rekor, 'SignedEntryTimestamp'))],
    ['time', changed(({ Payload }) => (Payload.integratedTime -= 1))],
    ['index', changed(({ Payload }) => (Payload.logIndex += 1))],
    ['log', changed(({ Payload }) => (Payload.logID = 'a'.repeat(64)))],
  ])('an altered %s is rejected', async (_, alter) => {
    expect(await codeOf(verify(alter))).toBe('LOG_ENTRY_INVALID');
    expect(await codeOf(verify(alter, KEYLESS))).toBe('LOG_ENTRY_INVALID');
  });

  it.each([
    ['negative index', changed(({ Payload }) => (Payload.logIndex = -1))],
    ['index that is a text', changed(({ Payload }) => (Payload.logIndex = String(Payload.logIndex)))],
    ['body that is no JSON', changed(({ Payload }) => (Payload.body = 'AAAA'))],
    ['missing payload', changed((rekor) => delete rekor.Payload)],
  ])('a %s is malformed', async (_, alter) => {
    expect(await codeOf(verify(alter))).toBe('EVIDENCE_MALFORMED');
  });

  it('a removed entry is missing, not fine', async () => {
    const strip = (layer: LegacyLayer) => ({
      ...layer,
      annotations: { ...layer.annotations, [REKOR_ANNOTATION]: '' },
    });
    expect(await codeOf(verify(strip))).toBe('LOG_ENTRY_MISSING');
    expect(await codeOf(verify(strip, KEYLESS))).toBe('LOG_ENTRY_MISSING');
  });
});

/** Changes one byte in the middle of a base64 member. */
function flip(holder: BundleJson, name: string): void {
  const bytes = Buffer.from(holder[name], 'base64');
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  holder[name] = bytes.toString('base64');
}

function sha256(text: string, encoding: 'hex' | 'base64' = 'base64'): string {
  return createHash('sha256').update(text).digest(encoding);
}
