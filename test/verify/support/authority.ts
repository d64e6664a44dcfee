// A certificate authority with a log of its own that issues what no honest one would: leaves without purpose,
// leaves that are authorities, strange names. Its receipts (SCTs) are real.
import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import fulcio from '@sigstore/mock/dist/fulcio/index.js';
import { generateKey, type SigningKey } from '../../support/keys.ts';
import type { IssuedCertificate } from '../../support/proof.ts';

export { x509 };

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NAME = 'CN=authority,O=proofgate.test';
const MINUTE_MS = 60_000;

export interface LeafOptions {
  readonly key?: SigningKey;
  /** Subject alternative names. Default: one URI, `SUBJECT`. */
  readonly names?: x509.JsonGeneralNames | Buffer;
  readonly issuer?: string | undefined;
  /** Raw extension values for the issuer, instead of `issuer`. */
  readonly issuerExtensions?: readonly x509.Extension[];
  readonly usages?: readonly string[];
  readonly keyUsage?: number | undefined;
  readonly isAuthority?: boolean;
  readonly extra?: readonly x509.Extension[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** False leaves the certificate without an SCT. */
  readonly logged?: boolean;
  readonly selfSigned?: boolean;
}

export const SUBJECT = 'https://github.com/acme/app/.github/workflows/build.yml@refs/heads/main';
export const ISSUER = 'https://token.actions.githubusercontent.com';
export const OID = {
  issuerV1: '1.3.6.1.4.1.57264.1.1',
  issuerV2: '1.3.6.1.4.1.57264.1.8',
  sct: '1.3.6.1.4.1.11129.2.4.2',
  subjectAltName: '2.5.29.17',
};

export type TestAuthority = Awaited<ReturnType<typeof startAuthority>>;

/** `authorityExtensions` go into the authority's own certificate. */
export async function startAuthority(authorityExtensions: readonly x509.Extension[] = []) {
  const ct = await fulcio.initializeCTLog(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const own = generateKey('P-256');
  const keys = {
    publicKey: await toCryptoKey(own.publicKey, 'verify'),
    privateKey: await toCryptoKey(own.privateKey, 'sign'),
  };
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: NAME,
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 60 * MINUTE_MS),
      notAfter: new Date(Date.now() + 60 * MINUTE_MS),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
        ...authorityExtensions,
      ],
    },
    webcrypto as never,
  );
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  const issuerId = await webcrypto.subtle.digest('SHA-256', spki);

  async function issue(options: LeafOptions = {}): Promise<IssuedCertificate> {
    const key = options.key ?? generateKey('P-256');
    const publicKey = await toCryptoKey(key.publicKey, 'verify');
    const parameters = {
      serialNumber: '0102030405',
      subject: options.selfSigned === true ? 'CN=self' : '',
      issuer: options.selfSigned === true ? 'CN=self' : NAME,
      notBefore: options.notBefore ?? new Date(Date.now() - MINUTE_MS),
      notAfter: options.notAfter ?? new Date(Date.now() + 10 * MINUTE_MS),
      publicKey,
      signingKey: options.selfSigned === true ? await toCryptoKey(key.privateKey, 'sign') : keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: leafExtensions(options),
    };
    const draft = await x509.X509CertificateGenerator.create(parameters, webcrypto as never);
    if (options.logged === false) return { key, der: Buffer.from(draft.rawData) };
    const sct = Buffer.from(await ct.log(draft.rawData as never, issuerId as never));
    parameters.extensions.push(new x509.Extension(OID.sct, false, sctList(sct)));
    const certificate = await x509.X509CertificateGenerator.create(parameters, webcrypto as never);
    return { key, der: Buffer.from(certificate.rawData) };
  }

  const rootDer = Buffer.from(root.rawData);
  // The authority as a signer of images, which it must not be.
  const itself: IssuedCertificate = { key: own, der: rootDer };
  return { issue, rootDer, itself, logKey: ct.publicKey as Buffer };
}

function leafExtensions(options: LeafOptions): x509.Extension[] {
  const { names = [{ type: 'url', value: SUBJECT }], usages = [x509.ExtendedKeyUsage.codeSigning] } = options;
  const {
    issuer = ISSUER,
    keyUsage = x509.KeyUsageFlags.digitalSignature,
    isAuthority,
    extra = [],
  } = options;
  return [
    Buffer.isBuffer(names)
      ? new x509.Extension(OID.subjectAltName, true, names)
      : new x509.SubjectAlternativeNameExtension(names, true),
    ...(keyUsage === 0 ? [] : [new x509.KeyUsagesExtension(keyUsage, true)]),
    ...(usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...usages])]),
    ...(isAuthority === undefined ? [] : [new x509.BasicConstraintsExtension(isAuthority, undefined, true)]),
    ...(options.issuerExtensions ?? [
      new x509.Extension(OID.issuerV2, false, der(0x0c, Buffer.from(issuer))),
    ]),
    ...extra,
  ];
}

async function toCryptoKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const jwk = key.export({ format: 'jwk' }) as webcrypto.JsonWebKey;
  const algorithm = { name: 'ECDSA', namedCurve: jwk.crv ?? '' };
  return webcrypto.subtle.importKey('jwk', jwk, algorithm, true, [usage]);
}

/** RFC 6962, 3.3: a list of one, in an OCTET STRING; the log gives it with its own length in front. */
function sctList(sct: Buffer): Buffer {
  return der(0x04, uint16(sct.length), sct);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** One DER element; contents of up to 65535 bytes. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const value = Buffer.concat(contents);
  const length =
    value.length < 0x80
      ? Buffer.of(value.length)
      : value.length < 0x100
        ? Buffer.of(0x81, value.length)
        : Buffer.concat([Buffer.of(0x82), uint16(value.length)]);
  return Buffer.concat([Buffer.of(tag), length, value]);
}
