// X.509 extensions (RFC 5280, 4.2) that the library leaves to its caller.
import type { X509Certificate } from '@sigstore/core';

/** RFC 5280, 4.2.1.3, 4.2.1.6, 4.2.1.9 and 4.2.1.12. */
export const OID_KEY_USAGE = '2.5.29.15';
export const OID_SUBJECT_ALT_NAME = '2.5.29.17';
export const OID_BASIC_CONSTRAINTS = '2.5.29.19';
export const OID_EXTENDED_KEY_USAGE = '2.5.29.37';

const OID_CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const OID_TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** OIDs of the extended key usage (RFC 5280, 4.2.1.12); empty when there is none. */
export function extendedKeyUsages(certificate: X509Certificate): readonly string[] {
  const usages = certificate.extension(OID_EXTENDED_KEY_USAGE)?.valueObj.subs[0]?.subs ?? [];
  return usages.map((usage) => usage.toOID());
}

/** True when the extended key usage names code signing. */
export function maySignCode(certificate: X509Certificate): boolean {
  return extendedKeyUsages(certificate).includes(OID_CODE_SIGNING);
}

/** RFC 3161, 2.3: the signer's certificate must be for time stamping, and for nothing else. */
export function mayStamp(certificate: X509Certificate): boolean {
  const usages = extendedKeyUsages(certificate);
  return usages.length === 1 && usages[0] === OID_TIME_STAMPING;
}
