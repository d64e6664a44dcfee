// An X.509 certificate that nobody changes after parsing, so that what is derived from it is derived once:
// the library encodes certificates anew for each comparison and verifies each authority for each signature.
import { X509Certificate } from '@sigstore/core';

/** Takes a copy of its bytes; everything remembered is a function of them. */
export class ImmutableCertificate extends X509Certificate {
  readonly #der: Buffer;
  readonly #verifiedBy = new WeakMap<X509Certificate, boolean>();
  #publicKey: Buffer | undefined;

  /** @throws Error when `der` is no certificate in DER */
  constructor(der: Buffer) {
    const copy = Buffer.from(der);
    super(X509Certificate.parse(Buffer.from(copy)).root);
    this.#der = copy;
  }

  /** SubjectPublicKeyInfo, DER. */
  override get publicKey(): Buffer {
    this.#publicKey ??= super.publicKey;
    return this.#publicKey;
  }

  /** Remembered only for issuers that cannot change either. */
  override verify(issuer: X509Certificate = this): boolean {
    if (!(issuer instanceof ImmutableCertificate)) return super.verify(issuer);
    const known = this.#verifiedBy.get(issuer);
    if (known !== undefined) return known;
    const verified = super.verify(issuer);
    this.#verifiedBy.set(issuer, verified);
    return verified;
  }

  // Encodings are strict DER: equal bytes and equal certificates are the same thing.
  override equals(other: X509Certificate): boolean {
    return this.#der.equals(other instanceof ImmutableCertificate ? other.#der : other.root.toDER());
  }

  override clone(): X509Certificate {
    return X509Certificate.parse(Buffer.from(this.#der));
  }
}
