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
