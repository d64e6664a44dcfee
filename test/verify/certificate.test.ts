import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exactMatcher } from '../../src/verify/identity.ts';
import type { Signers } from '../../src/verify/signers.ts';
import { generateKey } from '../support/keys.ts';
import type { ProofOptions } from '../support/proof.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import {
  der,
  ISSUER,
  type LeafOptions,
  OID,
  SUBJECT,
  startAuthority,
  type TestAuthority,
  x509,
} from './support/authority.ts';
import {
  errorOf,
  IDENTITY,
  IMAGE_SUBJECT,
  KEYLESS,
  rootWith,
  signMessage,
  verifierFor,
} from './support/world.ts';

let sigstore: SigstoreServices;
let authority: TestAuthority;
beforeAll(async () => {
  [sigstore, authority] = await Promise.all([startSigstore(), startAuthority()]);
});
afterAll(() => sigstore.close());

const MINUTE_MS = 60_000;

async function verify(
  leaf: LeafOptions,
  options: Partial<ProofOptions> = {},
  signers: Signers = IDENTITY,
  by = authority,
) {
  const certificate = await by.issue(leaf);
  const signer = { ...KEYLESS, certificate } as const;
  const evidence = await signMessage({ signer, sigstore, ...options });
  return verifierFor(rootWith(sigstore, by)).verify(evidence, IMAGE_SUBJECT, signers);
}

function anyoneCalled(subject: string): Signers {
  return { keys: [], identities: [{ subject: exactMatcher(subject), issuer: exactMatcher(ISSUER) }] };
}

it('an honest certificate of the test authority verifies', async () => {
  expect((await verify({})).signature.signedBy).toMatchObject({ type: 'identity', subject: SUBJECT });
});

it.each(['P-384', 'P-521'] as const)('a %s leaf verifies', async (type) => {
  expect((await verify({ key: generateKey(type) })).claim.type).toBe('image-signature');
});

describe('what no leaf may be', () => {
  const critical = (oid: string) => new x509.Extension(oid, true, der(0x05));
  const HOSTILE: readonly (readonly [string, LeafOptions, string])[] = [
    ['without any extended key usage', { usages: [] }, 'no code signing'],
    ['for TLS servers alone', { usages: [x509.ExtendedKeyUsage.serverAuth] }, 'no code signing'],
    ['with an authority flag', { isAuthority: true }, 'certificate authority'],
    ['that may sign certificates', { keyUsage: 0b100001 }, 'certificate authority'],
    ['without a key usage', { keyUsage: 0 }, 'no digital signature'],
    [
      'whose key usage is key agreement',
      { keyUsage: x509.KeyUsageFlags.keyAgreement },
      'no digital signature',
    ],
    ['with an unknown critical extension', { extra: [critical('1.2.3.4.5')] }, '1.2.3.4.5 is not known'],
    ['with critical name constraints', { extra: [critical('2.5.29.30')] }, '2.5.29.30 is not known'],
    [
      'with an extension twice',
      { extra: [new x509.Extension(OID.issuerV2, false, der(0x0c, Buffer.from('https://evil.test')))] },
      'there twice',
    ],
    ['without a receipt of a certificate log', { logged: false }, 'no certificate transparency log'],
    ['that signed itself', { selfSigned: true }, 'no trusted certificate path'],
    [
      'that had expired before',
      { notAfter: new Date(Date.now() - 2 * MINUTE_MS), notBefore: new Date(Date.now() - 9 * MINUTE_MS) },
      'expired',
    ],
    ['that is not valid yet', { notBefore: new Date(Date.now() + 2 * MINUTE_MS) }, 'expired'],
  ];

  it.each(HOSTILE)('a certificate %s is refused', async (_, leaf, reason) => {
    const error = await errorOf(verify(leaf));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toContain(reason);
    expect(error.hint).toBeDefined();
  });

  it('extensions that are not critical may be unknown', async () => {
    const extra = [new x509.Extension('1.2.3.4.5', false, der(0x05))];
    expect((await verify({ extra })).claim.type).toBe('image-signature');
  });

  it('the authority itself is refused as a leaf', async () => {
    const signer = { ...KEYLESS, certificate: authority.itself } as const;
    const evidence = await signMessage({ signer, sigstore });
    const error = await errorOf(
      verifierFor(rootWith(sigstore, authority)).verify(evidence, IMAGE_SUBJECT, IDENTITY),
    );
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toContain('certificate authority');
  });
});

describe('authorities', () => {
  it('a leaf of an authority that the trust root does not know is refused', async () => {
    const stranger = await startAuthority();
    const certificate = await stranger.issue();
    const signer = { ...KEYLESS, certificate } as const;
    const evidence = await signMessage({ signer, sigstore });
    const error = await errorOf(
      verifierFor(rootWith(sigstore, authority)).verify(evidence, IMAGE_SUBJECT, IDENTITY),
    );
    expect(error.code).toBe('CERTIFICATE_INVALID');
  });

  it('a chain beside the leaf does not make its authority trusted', async () => {
    const stranger = await startAuthority();
    const certificate = await stranger.issue();
    const signer = { ...KEYLESS, certificate } as const;
    const make = signMessage({ signer, sigstore, version: '0.2' }, (bundle) => {
      bundle.verificationMaterial.x509CertificateChain.certificates.push({
        rawBytes: stranger.rootDer.toString('base64'),
      });
      return bundle;
    });
    expect((await errorOf(make)).code).toBe('EVIDENCE_MALFORMED');
  });

  it('a receipt of a log that the trust root does not know is refused', async () => {
    const certificate = await authority.issue();
    const signer = { ...KEYLESS, certificate } as const;
    const evidence = await signMessage({ signer, sigstore });
    const stranger = await startAuthority();
    const root = rootWith(sigstore, { ...authority, logKey: stranger.logKey });
    expect((await errorOf(verifierFor(root).verify(evidence, IMAGE_SUBJECT, IDENTITY))).code).toBe(
      'CERTIFICATE_INVALID',
    );
  });

  it('an authority with constraints that nobody enforces is refused', async () => {
    const constrained = await startAuthority([new x509.Extension('2.5.29.30', true, der(0x30))]);
    const error = await errorOf(verify({}, {}, IDENTITY, constrained));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toContain('2.5.29.30');
  });

  it('an authority for other purposes does not vouch for code', async () => {
    const other = await startAuthority([
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ]);
    const error = await errorOf(verify({}, {}, IDENTITY, other));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toContain('not for code signing');
  });

  it('an authority for code signing does', async () => {
    const fit = await startAuthority([
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.codeSigning]),
    ]);
    expect((await verify({}, {}, IDENTITY, fit)).claim.type).toBe('image-signature');
  });
});

describe('who the certificate is for', () => {
  const NAMES: readonly (readonly [string, LeafOptions['names'], string])[] = [
    ['an email address', [{ type: 'email', value: 'dev@acme.test' }], 'dev@acme.test'],
    ['a DNS name', [{ type: 'dns', value: 'build.acme.test' }], 'build.acme.test'],
    ['a URI', [{ type: 'url', value: 'spiffe://acme.test/build' }], 'spiffe://acme.test/build'],
    ['a Fulcio username', fulcioUsername('dev!acme.test'), 'dev!acme.test'],
  ];
  it.each(NAMES)('%s is matched as the subject', async (_, names = [], subject) => {
    const verified = await verify({ names }, {}, anyoneCalled(subject));
    expect(verified.signature.signedBy).toMatchObject({ subject, issuer: ISSUER });
    expect((await errorOf(verify({ names }))).code).toBe('SIGNER_MISMATCH');
  });

  it('any of several names may match, and the report names the one that did', async () => {
    const names = [
      { type: 'url' as const, value: SUBJECT },
      { type: 'email' as const, value: 'dev@acme.test' },
    ];
    const { signature } = await verify({ names }, {}, anyoneCalled('dev@acme.test'));
    expect(signature.signedBy).toMatchObject({ subject: 'dev@acme.test' });
  });

  it('the newer issuer extension wins over the older one', async () => {
    const v1 = (text: string) => new x509.Extension(OID.issuerV1, false, Buffer.from(text));
    const v2 = (text: string) => new x509.Extension(OID.issuerV2, false, der(0x0c, Buffer.from(text)));
    await expect(verify({ issuerExtensions: [v1(ISSUER)] })).resolves.toBeDefined();
    await expect(verify({ issuerExtensions: [v1('https://evil.test'), v2(ISSUER)] })).resolves.toBeDefined();
    const error = await errorOf(verify({ issuerExtensions: [v1(ISSUER), v2('https://evil.test')] }));
    expect(error.code).toBe('SIGNER_MISMATCH');
  });

  it.each([
    ['no issuer', { issuerExtensions: [] }],
    [
      'an issuer that is no UTF8String',
      { issuerExtensions: [new x509.Extension(OID.issuerV2, false, der(0x16, Buffer.from(ISSUER)))] },
    ],
    [
      'an issuer with a second value',
      {
        issuerExtensions: [
          new x509.Extension(
            OID.issuerV2,
            false,
            Buffer.concat([der(0x0c, Buffer.from(ISSUER)), der(0x0c, Buffer.from('x'))]),
          ),
        ],
      },
    ],
    ['a NUL in its name', { names: der(0x30, der(0x86, Buffer.from(`${SUBJECT}\0`))) }],
    ['bytes in its name that are no text', { names: der(0x30, der(0x86, Buffer.from([0xe8, 0xf4, 0xff]))) }],
    ['no name', { names: der(0x30) }],
    [
      'an other name that is no Fulcio username',
      { names: fulcioUsername('dev', '060a2b0601040183bf300109') },
    ],
  ] as readonly (readonly [string, LeafOptions])[])('a certificate with %s is refused', async (_, leaf) => {
    expect((await errorOf(verify(leaf, {}, anyoneCalled('dev')))).code).toBe('CERTIFICATE_INVALID');
  });

  it('bytes with the high bit set are not read as ASCII', async () => {
    const shifted = Buffer.from(Buffer.from('dev').map((byte) => byte | 0x80));
    const error = await errorOf(verify({ names: der(0x30, der(0x81, shifted)) }, {}, anyoneCalled('dev')));
    expect(error.code).toBe('CERTIFICATE_INVALID');
  });
});

describe('time', () => {
  it('a timestamp after the certificate expired is refused, however good the log entry', async () => {
    const certificate = await authority.issue({ notAfter: new Date(Date.now() + MINUTE_MS) });
    const signer = { ...KEYLESS, certificate } as const;
    const root = rootWith(sigstore, authority);
    const inTime = await signMessage({ signer, sigstore, timestamp: true });
    expect((await verifierFor(root).verify(inTime, IMAGE_SUBJECT, IDENTITY)).subject).toBeDefined();
    sigstore.now = () => Date.now() + 2 * MINUTE_MS;
    const late = await signMessage({ signer, sigstore, timestamp: true });
    const lateStampAlone = await signMessage({ signer, sigstore, log: 'v2' });
    sigstore.now = () => Date.now();
    for (const evidence of [late, lateStampAlone]) {
      const error = await errorOf(verifierFor(root).verify(evidence, IMAGE_SUBJECT, IDENTITY));
      expect(error.code).toBe('CERTIFICATE_INVALID');
    }
  });

  it('a log without promises proves no time: keyless needs a timestamp then', async () => {
    const error = await errorOf(verify({}, { log: 'v2', timestamp: false }));
    expect(error.code).toBe('TIMESTAMP_INVALID');
  });

  it('a time that the log did not promise proves nothing', async () => {
    const certificate = await authority.issue();
    const evidence = await signMessage({ signer: { ...KEYLESS, certificate }, sigstore }, (bundle) => {
      delete bundle.verificationMaterial.tlogEntries[0].inclusionPromise;
      return bundle;
    });
    const error = await errorOf(
      verifierFor(rootWith(sigstore, authority)).verify(evidence, IMAGE_SUBJECT, IDENTITY),
    );
    expect(error.code).toBe('TIMESTAMP_INVALID');
  });

  it('with the log ignored, a certificate counts only while it is valid or when a timestamp says so', async () => {
    const certificate = await authority.issue({ notAfter: new Date(Date.now() + MINUTE_MS) });
    const signer = { ...KEYLESS, certificate } as const;
    const at = (nowMs: number) => {
      const clock = { now: () => nowMs, sleep: async () => {} };
      return verifierFor(rootWith(sigstore, authority), { ignoreRekor: true, clock });
    };
    const bare = await signMessage({ signer, log: 'none', sigstore, timestamp: false });
    const stamped = await signMessage({ signer, log: 'none', sigstore, timestamp: true });
    const later = Date.now() + 5 * MINUTE_MS;
    expect((await at(Date.now()).verify(bare, IMAGE_SUBJECT, IDENTITY)).signature.signedAt).toBeUndefined();
    expect((await errorOf(at(later).verify(bare, IMAGE_SUBJECT, IDENTITY))).code).toBe('CERTIFICATE_INVALID');
    expect((await at(later).verify(stamped, IMAGE_SUBJECT, IDENTITY)).signature.signedAt).toBeDefined();
  });

  it('an ignored log entry proves no time either', async () => {
    const evidence = await signMessage({ signer: KEYLESS, sigstore });
    const clock = { now: () => Date.now() + 60 * MINUTE_MS, sleep: async () => {} };
    const verifier = verifierFor(sigstore, { ignoreRekor: true, clock });
    expect((await errorOf(verifier.verify(evidence, IMAGE_SUBJECT, IDENTITY))).code).toBe(
      'CERTIFICATE_INVALID',
    );
  });
});

/** otherName [0] { type-id OID, value [0] EXPLICIT UTF8String }; the OID is Fulcio's 1.3.6.1.4.1.57264.1.7. */
function fulcioUsername(name: string, oid = '060a2b0601040183bf300107'): Buffer {
  const value = der(0xa0, der(0x0c, Buffer.from(name)));
  return der(0x30, der(0xa0, Buffer.from(oid, 'hex'), value));
}
