// One question of a policy while it is answered: what it may be answered with, and what came of it.
import type { Digest } from '../../base/digest.ts';
import { ProofgateError } from '../../base/errors.ts';
import type { ImageSource } from '../../oci/image-source.ts';
import { MalformedManifest, type Manifest } from '../../oci/manifest.ts';
import { parseReference, type Reference, type Repository } from '../../oci/reference.ts';

/** Tags and lists: they may have changed since, and who hides an entry of them could make a policy pass. */
export type Listings = Pick<ImageSource, 'findManifestByTag' | 'referrers'>;

export interface Lookup {
  /** Manifests and blobs, which their digests prove: perhaps from an earlier run. */
  readonly images: ImageSource;
  /** Asked of the registry in each run. */
  readonly registry: Listings;
  /** Of all who wait for the answer. */
  readonly signal: AbortSignal;
  /** Is told of each manifest that was read, for the next run. */
  readonly note?: (repository: Repository, digest: Digest) => void;
}

/** A reference that makes sense; undefined as in Rego when it does not. */
export function toReference(text: unknown): Reference | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ProofgateError && error.kind === 'usage') return undefined;
    throw error;
  }
}

export function toPinned(text: unknown): (Reference & { readonly digest: Digest }) | undefined {
  const reference = toReference(text);
  return reference?.digest === undefined ? undefined : { ...reference, digest: reference.digest };
}

/**
 * The manifest behind a reference; undefined when the registry says that there is none, or what is there is no manifest.
 * @throws ProofgateError of kind `undetermined`
 */
export async function findManifest(
  { images, signal, note }: Omit<Lookup, 'registry'>,
  reference: Reference,
): Promise<Manifest | undefined> {
  const manifest = await absentAsUndefined(images.resolve(reference, signal));
  if (manifest !== undefined) note?.(reference.repository, manifest.digest);
  return manifest;
}

/** @throws what `work` rejects with, unless it says that something is not there or makes no sense */
export async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MalformedManifest) return undefined;
    if (error instanceof ProofgateError && error.code === 'IMAGE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The name of a repository as Conforma writes it into references. */
export function conformaName({ registry, name }: Repository): string {
  return `${registry === 'docker.io' ? 'index.docker.io' : registry}/${name}`;
}
