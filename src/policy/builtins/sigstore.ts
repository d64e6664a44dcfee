// ec.sigstore.*: whether an image or its attestations are signed by whom the policy trusts. "No" is an answer; that
// nobody could look is not.
import type { Clock } from '../../base/clock.ts';
import { ProofgateError } from '../../base/errors.ts';
import { exactNumber } from '../../base/exact-number.ts';
import { fingerprint, type Json } from '../../base/fingerprint.ts';
import type { HttpClient } from '../../base/http.ts';
import type { ImageSource } from '../../oci/image-source.ts';
import type { SignatureSummary } from '../../report/report.ts';
import { RekorClient } from '../../verify/rekor.ts';
import type { Signers } from '../../verify/signers.ts';
import { type KindResult, SubjectVerifier, type Wanted } from '../../verify/subject.ts';
import type { Trust } from '../../verify/trust.ts';
import { type Verified, Verifier } from '../../verify/verifier.ts';
import { findManifest, type Listings, type Lookup, toPinned } from './lookup.ts';
import { parseSigstoreOptions, type SigstoreOptions, toSigners } from './sigstore-options.ts';

export interface SigstoreTools {
  readonly images: ImageSource;
  readonly registry: Listings;
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  readonly http: HttpClient;
  readonly clock: Clock;
}

interface Outcome {
  readonly errors: readonly string[];
  readonly verified: readonly Verified[];
}

interface Check {
  readonly verifier: SubjectVerifier;
  readonly signers: Signers;
}

/** As many as policies have, with room; options can be computed by a policy. */
const MAX_CHECKS = 64;

export class SigstoreFunctions {
  readonly #tools: SigstoreTools;
  readonly #images: ImageSource;
  /** By the options' fingerprint. */
  readonly #checks = new Map<string, Check>();

  constructor(tools: SigstoreTools) {
    this.#tools = tools;
    this.#images = withFreshListings(tools);
  }

  /** `ec.sigstore.verify_image`: an attestation is no signature. @throws ProofgateError of kind `undetermined` */
  async verifyImage(lookup: Lookup, reference: unknown, options: unknown): Promise<unknown> {
    const wanted = { signature: true, attestation: false, all: true };
    const { errors, verified } = await this.#verify(lookup, reference, options, wanted);
    const signatures = verified.map(({ signature }) => toSignature(signature));
    return { success: errors.length === 0, errors, signatures };
  }

  /** `ec.sigstore.verify_attestation` @throws ProofgateError of kind `undetermined` */
  async verifyAttestation(lookup: Lookup, reference: unknown, options: unknown): Promise<unknown> {
    const wanted = { signature: false, attestation: true, all: true };
    const { errors, verified } = await this.#verify(lookup, reference, options, wanted);
    const attestations = verified.flatMap(({ claim, signature }) =>
      claim.type === 'statement'
        ? [
            {
              statement: JSON.parse(claim.statement.payload.toString(), exactNumber),
              signatures: [toSignature(signature)],
            },
          ]
        : [],
    );
    return { success: errors.length === 0, errors, attestations };
  }

  async #verify(lookup: Lookup, text: unknown, options: unknown, wanted: Wanted): Promise<Outcome> {
    const reference = toPinned(text);
    if (reference === undefined) return failed('the reference has no digest, or is none');
    const check = this.#checkFor(options);
    if (check instanceof ProofgateError) return failed(check.message);
    const manifest = await findManifest(lookup, reference);
    if (manifest === undefined) return failed(`${String(text)} does not exist`);
    const { repository } = reference;
    const found = await check.verifier.verify(repository, manifest, check.signers, wanted, lookup.signal);
    return toOutcome(wanted.signature ? found.signatures : found.attestations);
  }

  /** The error of kind `usage` when the options trust nobody in particular. */
  #checkFor(value: unknown): Check | ProofgateError {
    try {
      const options = parseSigstoreOptions(value);
      const key = fingerprint(options as unknown as Json);
      const check = this.#checks.get(key) ?? this.#open(options);
      if (this.#checks.size >= MAX_CHECKS) this.#checks.clear();
      this.#checks.set(key, check);
      return check;
    } catch (error) {
      if (error instanceof ProofgateError && error.kind === 'usage') return error;
      throw error;
    }
  }

  #open(options: SigstoreOptions): Check {
    const { trust, http, clock } = this.#tools;
    const { rekor_url: rekorUrl, ignore_rekor: ignoreRekor } = options;
    const rekor = rekorUrl === '' ? undefined : new RekorClient(toLogUrl(rekorUrl), http);
    const verifier = new Verifier({ trust, ignoreRekor, rekor, clock });
    return {
      verifier: new SubjectVerifier({ images: this.#images, verifier }),
      signers: toSigners(options),
    };
  }
}

/**
 * A list from an earlier run may lack what was added since, or what somebody who can write the cache left out. For a
 * check that is a "no", and asked again; a policy may take it for a pass.
 */
function withFreshListings({ images, registry }: SigstoreTools): ImageSource {
  return {
    resolve: (...args) => images.resolve(...args),
    manifest: (...args) => images.manifest(...args),
    blob: (...args) => images.blob(...args),
    findBlob: (...args) => images.findBlob(...args),
    stream: (...args) => images.stream(...args),
    findManifestByTag: (...args) => registry.findManifestByTag(...args),
    referrers: (...args) => registry.referrers(...args),
  };
}

/** With something unread, a policy would judge a part and take it for the whole. */
function toOutcome({ verified, failure, unread }: KindResult): Outcome {
  const blocking = [failure?.error, ...unread].find((error) => error?.kind === 'undetermined');
  if (blocking !== undefined) throw blocking;
  return failure === undefined ? { errors: [], verified } : failed(failure.error.message);
}

function failed(error: string): Outcome {
  return { errors: [error], verified: [] };
}

function toSignature({ keyid, sig, certificate = '', chain = [] }: SignatureSummary): object {
  return { keyid, signature: sig, certificate, chain, metadata: {} };
}

function toLogUrl(text: string): string {
  if (URL.parse(text)?.protocol.match(/^https?:$/)) return text;
  throw new ProofgateError('BAD_OPTION', 'rekor_url is no http(s) address');
}
