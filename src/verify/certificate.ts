// Signing certificates: the chain and the log's receipt (SCT) are the library's work; the rest of RFC 5280
// that a code-signing certificate needs is checked here.
import type { X509Certificate } from '@sigstore/core';
import { verifyCertificateChain } from '@sigstore/verify/dist/key/certificate.js';
import { verifySCTs } from '@sigstore/verify/dist/key/sct.js';
import { ProofgateError } from '../base/errors.ts';
import { attempt } from './attempt.ts';
import {
  extendedKeyUsages,
  maySignCode,
  OID_BASIC_CONSTRAINTS,
  OID_EXTENDED_KEY_USAGE,
  OID_KEY_USAGE,
  OID_SUBJECT_ALT_NAME,
} from './extensions.ts';
import type { TrustMaterial } from './trust.ts';

/** Whatever else is critical, such as name constraints, is not enforced here and therefore refused. */
const PROCESSED = new Set([
  OID_KEY_USAGE,
  OID_SUBJECT_ALT_NAME,
  OID_BASIC_CONSTRAINTS,
  OID_EXTENDED_KEY_USAGE,
]);

/**
 * Verifies that `leaf` may sign code, chains to an authority of the trust root at each of `times`, and was
 * logged by a certificate transparency log of the trust root.
 * @throws ProofgateError `CERTIFICATE_INVALID`; `TIMESTAMP_INVALID` when there is no time to check it at
 */
export function verifyCertificate(leaf: X509Certificate, times: readonly Date[], trust: TrustMaterial): void {
  if (times.length === 0) {
    throw new ProofgateError(
      'TIMESTAMP_INVALID',
      'neither a log nor a trusted authority vouches for the time of signing',
      {
        hint: 'Sign with a timestamp authority of the trusted root, or with a log that promises inclusion.',
      },
    );
  }
  attempt('CERTIFICATE_INVALID', 'the signing certificate is not valid', () => {
    assertSignsCode(leaf);
    for (const time of times) {
      const path = verifyCertificateChain(time, leaf, [...trust.certificateAuthorities]);
      assertAuthorities(path.slice(1));
      assertLogged(path, trust);
    }
  });
}

function assertSignsCode(leaf: X509Certificate): void {
  assertExtensions(leaf);
  if (leaf.extBasicConstraints?.isCA === true || leaf.extKeyUsage?.keyCertSign === true) {
    throw new Error('it is a certificate authority');
  }
  if (leaf.extKeyUsage?.digitalSignature !== true) throw new Error('its key usage has no digital signature');
  if (!maySignCode(leaf)) throw new Error('its extended key usage has no code signing');
}

// An authority that is limited to other purposes does not vouch for code.
function assertAuthorities(authorities: readonly X509Certificate[]): void {
  for (const authority of authorities) {
    assertExtensions(authority);
    if (extendedKeyUsages(authority).length > 0 && !maySignCode(authority)) {
      throw new Error('one of its authorities is not for code signing');
    }
  }
}

function assertLogged([leaf, issuer]: readonly X509Certificate[], { ctlogs }: TrustMaterial): void {
  if (leaf === undefined || issuer === undefined) throw new Error('it has no issuer');
  const receipts = verifySCTs(leaf, issuer, [...ctlogs]);
  if (receipts.length === 0) throw new Error('no certificate transparency log has seen it');
}

// RFC 5280, 4.2: unknown critical extensions are refused, and no extension may be there twice.
function assertExtensions(certificate: X509Certificate): void {
  const oids = certificate.extensions.map(({ subs: [oid] }) => oid?.toOID() ?? '');
  if (new Set(oids).size !== oids.length) throw new Error('an extension is there twice');
  const unknown = oids.find((oid) => certificate.extension(oid)?.critical === true && !PROCESSED.has(oid));
  if (unknown !== undefined) throw new Error(`the critical extension ${unknown} is not known`);
}
