import { X509Certificate } from '@sigstore/core';
import { expect, it } from 'vitest';
import { ImmutableCertificate } from '../../src/verify/immutable-certificate.ts';
import { startAuthority } from './support/authority.ts';

it('who signed a certificate is told right, the first time and after, by issuers of either class', async () => {
  const [ours, theirs] = await Promise.all([startAuthority(), startAuthority()]);
  const { der } = await ours.issue();
  const leaf = new ImmutableCertificate(der);
  for (let time = 0; time < 2; time += 1) {
    for (const parse of [
      X509Certificate.parse,
      (bytes: Buffer<ArrayBuffer>) => new ImmutableCertificate(bytes),
    ]) {
      expect(leaf.verify(parse(Buffer.from(ours.rootDer)))).toBe(true);
      expect(leaf.verify(parse(Buffer.from(theirs.rootDer)))).toBe(false);
    }
    expect(leaf.verify()).toBe(false);
  }
  expect(new ImmutableCertificate(ours.rootDer).verify()).toBe(true);
});

it('equality is by bytes, and later changes of the input change nothing', async () => {
  const { issue } = await startAuthority();
  const [one, other] = await Promise.all([issue(), issue()]);
  const input = Buffer.from(one.der);
  const certificate = new ImmutableCertificate(input);
  input.fill(0);
  for (const parse of [
    X509Certificate.parse,
    (bytes: Buffer<ArrayBuffer>) => new ImmutableCertificate(bytes),
  ]) {
    expect(certificate.equals(parse(Buffer.from(one.der)))).toBe(true);
    expect(certificate.equals(parse(Buffer.from(other.der)))).toBe(false);
  }
  expect(certificate.clone().root.toDER().equals(one.der)).toBe(true);
});

it('a clone without one of its extensions is encoded as the library does it, and the certificate stays whole', async () => {
  const { issue } = await startAuthority();
  const { der } = await issue();
  const certificate = new ImmutableCertificate(der);
  const count = certificate.extensions.length;
  expect(count).toBeGreaterThan(1);
  for (let index = 0; index < count; index += 1) {
    const [clone, expected] = [certificate.clone(), X509Certificate.parse(Buffer.from(der))];
    clone.extensions.splice(index, 1);
    expected.extensions.splice(index, 1);
    expect(clone.tbsCertificate.toDER()).toEqual(expected.tbsCertificate.toDER());
    expect(clone.root.toDER()).toEqual(expected.root.toDER());
  }
  const whole = X509Certificate.parse(Buffer.from(der));
  expect(certificate.extensions).toHaveLength(count);
  expect(certificate.root.toDER()).toEqual(Buffer.from(der));
  expect(certificate.tbsCertificate.toDER()).toEqual(whole.tbsCertificate.toDER());
  expect(certificate.publicKey).toEqual(whole.publicKey);
});
