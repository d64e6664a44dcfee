// An X.509 certificate that nobody changes after parsing, so that what is derived from it is derived once:
// the library encodes certificates anew for each comparison and verifies each authority for each signature.
import type { KeyObject } from 'node:crypto';
import { ASN1Obj, crypto, X509Certificate } from '@sigstore/core';

/** Takes a copy of its bytes; everything remembered is a function of them. */
export class ImmutableCertificate extends X509Certificate {
  readonly #der: Buffer;
  /** The objects around the extensions, outermost first: certificate, TBSCertificate, `[3]`, their list. */
  readonly #outline: readonly ASN1Obj[];
  readonly #verifiedBy = new WeakMap<X509Certificate, boolean>();
  #publicKey: Buffer | undefined;
  #keyObject: KeyObject | undefined;

  /** @throws Error when `der` is no certificate in DER */
  constructor(der: Buffer) {
    const copy = Buffer.from(der);
    super(X509Certificate.parse(Buffer.from(copy)).root);
    this.#der = copy;
    const tagged = this.tbsCertificate.subs.find(({ tag }) => tag.isContextSpecific(0x03));
    const outline = [this.root, this.tbsCertificate, tagged, tagged?.subs[0]];
    this.#outline = outline.filter((object) => object !== undefined);
    this.#outline.forEach(keepEncodings);
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
    const signed = this.tbsCertificate.toDER();
    const verified = crypto.verify(signed, issuer.#key, this.signatureValue, this.signatureAlgorithm);
    this.#verifiedBy.set(issuer, verified);
    return verified;
  }

  // Encodings are strict DER: equal bytes and equal certificates are the same thing.
  override equals(other: X509Certificate): boolean {
    return this.#der.equals(other instanceof ImmutableCertificate ? other.#der : other.root.toDER());
  }

  /** Its list of extensions may be changed, as the library does for receipts (RFC 6962, 3.2); the rest is shared. */
  override clone(): X509Certificate {
    const copy = (object: ASN1Obj): ASN1Obj =>
      this.#outline.includes(object) ? new ASN1Obj(object.tag, object.value, object.subs.map(copy)) : object;
    return new X509Certificate(copy(this.root));
  }

  get #key(): KeyObject {
    this.#keyObject ??= crypto.createPublicKey(this.publicKey);
    return this.#keyObject;
  }
}

/** Children of an object that nobody changes are encoded as they came: the parser takes nothing but DER. */
function keepEncodings({ subs, value }: ASN1Obj): void {
  let start = 0;
  for (const sub of subs) {
    const end = sub.value.byteOffset - value.byteOffset + sub.value.length;
    const der = value.subarray(start, end);
    sub.toDER = () => der;
    start = end;
  }
}
