// A private certificate authority, and a server certificate for 127.0.0.1 by it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface PrivateAuthority {
  /** PEM */
  readonly authority: string;
  readonly tls: { readonly key: string; readonly cert: string };
}

export async function privateAuthority(): Promise<PrivateAuthority> {
  const usages: KeyUsage[] = ['sign', 'verify'];
  const issuerKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, usages);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, usages);
  const validity = {
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
  };
  const issuer = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Private authority',
    keys: issuerKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    ...validity,
  });
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
    { type: 'dns', value: 'registry.test' },
  ]);
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=127.0.0.1',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: issuerKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [names],
    ...validity,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
  return { authority: issuer.toString('pem'), tls: { key, cert: leaf.toString('pem') } };
}

type KeyUsage = 'sign' | 'verify';
