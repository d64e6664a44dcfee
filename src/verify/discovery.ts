// Where the evidence about a digest is kept in a registry: Sigstore bundles among its referrers, and
// cosign's legacy tags. It lists and reads; it believes nothing.
import { type Digest, digestAlgorithm, digestHex } from '../base/digest.ts';
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { ImageSource } from '../oci/image-source.ts';
import type { Descriptor, Manifest } from '../oci/manifest.ts';
import { DSSE_ENVELOPE, SIGSTORE_BUNDLE_PREFIX, SIMPLE_SIGNING } from '../oci/media-types.ts';
import type { Repository } from '../oci/reference.ts';
import { parseBundle } from './bundle.ts';
import type { Evidence, EvidenceSource } from './evidence.ts';
import { parseLegacyLayer } from './legacy.ts';

/** Most pieces of evidence that are read for one subject and one format; cosign's own limit is 1000. */
export const MAX_EVIDENCE = 200;
/** Attestations carry whole SBOMs; actions/attest allows predicates of 16 MiB, base64 makes 22 of them. */
export const MAX_EVIDENCE_BYTES = 48 * 1024 * 1024;

/** What was found about one subject in one place. */
export interface Found {
  readonly evidence: readonly Evidence[];
  /** Pieces that could not be fetched or parsed. They are not evidence, and not its absence either. */
  readonly unread: readonly ProofgateError[];
}

export interface Place {
  readonly images: ImageSource;
  readonly repository: Repository;
  readonly digest: Digest;
}

type Parse = (bytes: Buffer, layer: Descriptor, source: EvidenceSource) => Evidence;

/**
 * Sigstore bundles among the referrers. The descriptors' `artifactType` is not used: real registries and
 * cosign write the config's type there, so each referrer's manifest is looked into.
 * @throws ProofgateError when the listing fails: that is never "none".
 */
export async function fetchBundles(place: Place, signal?: AbortSignal): Promise<Found> {
  const { images, repository, digest } = place;
  const referrers = await images.referrers(repository, digest, signal);
  const pieces = referrers.slice(0, MAX_EVIDENCE).map(async (descriptor): Promise<Found> => {
    try {
      const manifest = await images.manifest(repository, descriptor.digest, signal);
      const isBundle = (layer: Descriptor) => layer.mediaType.startsWith(SIGSTORE_BUNDLE_PREFIX);
      return await fetchLayers(
        place,
        manifest,
        'bundle',
        isBundle,
        (bytes, _, source) => parseBundle(bytes, source),
        signal,
      );
    } catch (error) {
      signal?.throwIfAborted();
      return { evidence: [], unread: [toProofgateError(error)] };
    }
  });
  return merge(await Promise.all(pieces), tooMany(referrers.length, 'referrers'));
}

/**
 * The layers of the legacy tag `sha256-<hex>.sig` or `.att`.
 * @throws ProofgateError when the tag cannot be read; only a clean 404 is "none".
 */
export async function fetchLegacy(place: Place, suffix: 'sig' | 'att', signal?: AbortSignal): Promise<Found> {
  const { images, repository, digest } = place;
  const tag = `${digestAlgorithm(digest)}-${digestHex(digest)}.${suffix}`;
  const manifest = await images.findManifestByTag(repository, tag, signal);
  if (manifest === undefined) return { evidence: [], unread: [] };
  const mediaType = suffix === 'sig' ? SIMPLE_SIGNING : DSSE_ENVELOPE;
  const isEvidence = (layer: Descriptor) => layer.mediaType === mediaType;
  return fetchLayers(place, manifest, 'legacy', isEvidence, parseLegacyLayer, signal);
}

async function fetchLayers(
  { images, repository }: Place,
  manifest: Manifest,
  format: EvidenceSource['format'],
  isEvidence: (layer: Descriptor) => boolean,
  parse: Parse,
  signal: AbortSignal | undefined,
): Promise<Found> {
  if (manifest.kind !== 'image') return { evidence: [], unread: [] };
  const layers = manifest.layers.filter(isEvidence);
  const pieces = layers.slice(0, MAX_EVIDENCE).map(async (layer): Promise<Found> => {
    try {
      const bytes = await images.blob(repository, layer, MAX_EVIDENCE_BYTES, signal);
      const source = { format, manifest: manifest.digest, blob: layer.digest };
      return { evidence: [parse(bytes, layer, source)], unread: [] };
    } catch (error) {
      signal?.throwIfAborted();
      return { evidence: [], unread: [toProofgateError(error)] };
    }
  });
  return merge(await Promise.all(pieces), tooMany(layers.length, 'layers'));
}

function merge(found: readonly Found[], more: readonly ProofgateError[]): Found {
  return {
    evidence: found.flatMap((one) => one.evidence),
    unread: [...found.flatMap((one) => one.unread), ...more],
  };
}

// Whoever may push can attach thousands of signatures; reading them all would be their attack.
function tooMany(count: number, what: string): readonly ProofgateError[] {
  if (count <= MAX_EVIDENCE) return [];
  const message = `${count} ${what}: only the first ${MAX_EVIDENCE} were read`;
  return [
    new ProofgateError('CONTENT_TOO_LARGE', message, { hint: 'Remove the referrers that are not needed.' }),
  ];
}
