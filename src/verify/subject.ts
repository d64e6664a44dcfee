// Everything that is to be known about one digest: its verified signatures and attestations, or why not.
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { ImageSource } from '../oci/image-source.ts';
import type { Manifest } from '../oci/manifest.ts';
import { pinned, type Repository } from '../oci/reference.ts';
import { type Found, fetchBundles, fetchLegacy, type Place } from './discovery.ts';
import { type Evidence, IMAGE_SIGNATURE_PREDICATE } from './evidence.ts';
import type { Signers } from './signers.ts';
import { isProvenance } from './slsa.ts';
import { parseStatement } from './statement.ts';
import type { Verified, Verifier } from './verifier.ts';

/** Which kinds are wanted; what is not wanted is neither asked for nor verified. */
export interface Wanted {
  readonly signature: boolean;
  readonly attestation: boolean;
  /** All evidence of these kinds is looked at, not just enough of it: a policy may ask for any piece. */
  readonly all?: boolean;
}

/** Why nothing of a kind verified, with one line for each piece of evidence that was looked at. */
export interface Failure {
  readonly error: ProofgateError;
  readonly details: readonly string[];
}

/** Positive only where there is a `Verified`. */
export interface KindResult {
  readonly verified: readonly Verified[];
  /** Set when nothing of this kind verified, or when a place could not be listed. */
  readonly failure?: Failure;
  /**
   * Pieces that nobody could look at, and when something verified also those that nobody could check: they did not
   * change that it did.
   */
  readonly unread: readonly ProofgateError[];
}

export interface SubjectResult {
  readonly signatures: KindResult;
  readonly attestations: KindResult;
}

type KindName = 'signature' | 'attestation';

/** What was found, by what it seems to be. */
interface Sorted extends Pick<Found, 'unread'> {
  readonly evidence: ReadonlyMap<KindName, readonly Evidence[]>;
}

interface Looked {
  readonly verified: Verified[];
  readonly failures: ProofgateError[];
}

export interface SubjectVerifierOptions {
  readonly images: ImageSource;
  readonly verifier: Verifier;
}

export class SubjectVerifier {
  readonly #images: ImageSource;
  readonly #verifier: Verifier;

  constructor({ images, verifier }: SubjectVerifierOptions) {
    this.#images = images;
    this.#verifier = verifier;
  }

  /**
   * Looks for evidence about `manifest` and verifies it. Bundles come first; unless all is wanted, a legacy tag is
   * asked for only when the bundles did not give what it could give (DESIGN.md, "Why legacy tags are asked for last").
   * @throws ProofgateError only when `signal` is aborted
   */
  async verify(
    repository: Repository,
    manifest: Manifest,
    signers: Signers,
    wanted: Wanted,
    signal?: AbortSignal,
  ): Promise<SubjectResult> {
    const place = { images: this.#images, repository, digest: manifest.digest };
    const look = (found: Sorted, kind: KindName) => this.#look(found, kind, manifest, signers, signal);
    const bundles = await attempt(() => fetchBundles(place, signal), signal);
    const kind = (name: KindName, isNotEnough: (verified: Verified) => boolean) =>
      wanted[name]
        ? this.#kind(place, name, bundles, look, wanted.all === true ? () => true : isNotEnough, signal)
        : emptyKind();
    const [signatures, attestations] = await Promise.all([
      kind('signature', () => false),
      kind('attestation', isNotProvenance),
    ]);
    return { signatures, attestations };
  }

  async #kind(
    place: Place,
    kind: KindName,
    bundles: Sorted | ProofgateError,
    look: (found: Sorted, kind: KindName) => Promise<Looked>,
    isNotEnough: (verified: Verified) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<KindResult> {
    const unlisted: ProofgateError[] = [];
    const unread: ProofgateError[] = [];
    const looked: Looked = { verified: [], failures: [] };
    const take = async (found: Sorted | ProofgateError) => {
      if (found instanceof ProofgateError) {
        unlisted.push(found);
        return;
      }
      const { verified, failures } = await look(found, kind);
      looked.verified.push(...verified);
      looked.failures.push(...failures);
      unread.push(...found.unread);
    };
    await take(bundles);
    if (looked.verified.every(isNotEnough)) {
      const suffix = kind === 'signature' ? 'sig' : 'att';
      await take(await attempt(() => fetchLegacy(place, suffix, signal), signal));
    }
    return toKindResult(place, kind, looked, unlisted, unread);
  }

  async #look(
    found: Sorted,
    kind: KindName,
    manifest: Manifest,
    signers: Signers,
    signal: AbortSignal | undefined,
  ): Promise<Looked> {
    const looked: Looked = { verified: [], failures: [] };
    const subject = { digest: manifest.digest, artifact: manifest.bytes };
    for (const evidence of found.evidence.get(kind) ?? []) {
      try {
        const verified = await this.#verifier.verify(evidence, subject, signers, signal);
        // The verifier's word on what it is counts, not the guess above.
        if (kindOfClaim(verified) === kind) looked.verified.push(verified);
      } catch (error) {
        signal?.throwIfAborted();
        looked.failures.push(toProofgateError(error));
      }
    }
    return looked;
  }
}

const isNotProvenance = (verified: Verified): boolean =>
  verified.claim.type !== 'statement' || !isProvenance(verified.claim.statement);

function kindOfClaim(verified: Verified): KindName {
  return verified.claim.type === 'image-signature' ? 'signature' : 'attestation';
}

// A look at unverified bytes, only to choose which check they are tried for.
function kindOf(evidence: Evidence): KindName {
  if (evidence.content.type !== 'dsse') return 'signature';
  try {
    const { predicateType } = parseStatement(evidence.content.payload);
    return predicateType === IMAGE_SIGNATURE_PREDICATE ? 'signature' : 'attestation';
  } catch {
    return 'attestation';
  }
}

function toKindResult(
  place: Place,
  kind: KindName,
  { verified, failures }: Looked,
  unlisted: readonly ProofgateError[],
  unread: readonly ProofgateError[],
): KindResult {
  if (unlisted.length === 0 && verified.length > 0) {
    return { verified, unread: [...unread, ...failures.filter((error) => error.kind === 'undetermined')] };
  }
  const looked = [...unlisted, ...failures, ...unread];
  // A single cause is the error's own message already.
  const details = looked.length > 1 ? looked.map((error) => error.message) : [];
  const error = chooseError(place, kind, failures, unlisted, unread);
  return { verified, unread, failure: { error, details } };
}

/**
 * What could not be looked at decides first: a place that could not be listed, then a piece that could not be
 * read. Only when everything was looked at is the answer "no".
 */
function chooseError(
  { repository, digest }: Place,
  kind: KindName,
  failures: readonly ProofgateError[],
  unlisted: readonly ProofgateError[],
  unread: readonly ProofgateError[],
): ProofgateError {
  const subject = pinned(repository, digest);
  const noun = kind === 'signature' ? 'image signature' : 'attestation';
  const blocking = unlisted[0] ?? [...unread, ...failures].find((error) => error.kind === 'undetermined');
  if (blocking !== undefined) {
    const message = `the ${noun}s of ${subject} could not be looked at: ${blocking.message}`;
    return new ProofgateError(blocking.code, message, withHint(blocking));
  }
  const looked = [...failures, ...unread];
  if (looked.length === 0) return noEvidence(subject, kind);
  const first = looked.find((error) => error.code !== 'SIGNER_MISMATCH') ?? looked[0];
  const cause = first ?? noEvidence(subject, kind);
  const count = looked.length === 1 ? `the only ${noun}` : `none of ${looked.length} ${noun}s`;
  const verb = looked.length === 1 ? 'does not verify' : 'verifies';
  return new ProofgateError(cause.code, `${count} of ${subject} ${verb}: ${cause.message}`, withHint(cause));
}

function noEvidence(subject: string, kind: KindName): ProofgateError {
  if (kind === 'signature') {
    return new ProofgateError(
      'NO_SIGNATURE',
      `${subject} has no image signature, neither as a bundle nor at its .sig tag`,
      {
        hint: 'Sign the image (an attestation is not a signature), or check that signing ran for this very digest.',
      },
    );
  }
  return new ProofgateError(
    'NO_ATTESTATION',
    `${subject} has no attestation, neither as a bundle nor at its .att tag`,
    {
      hint: 'Attest the image, or check that attesting ran for this very digest.',
    },
  );
}

function withHint(error: ProofgateError): { cause: unknown; hint?: string } {
  return error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint };
}

function emptyKind(): KindResult {
  return { verified: [], unread: [] };
}

async function attempt(
  work: () => Promise<Found>,
  signal: AbortSignal | undefined,
): Promise<Sorted | ProofgateError> {
  try {
    const { evidence, unread } = await work();
    return { evidence: Map.groupBy(evidence, kindOf), unread };
  } catch (error) {
    signal?.throwIfAborted();
    return toProofgateError(error);
  }
}
