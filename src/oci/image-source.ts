// What verification reads images and evidence from: a registry, or proofs kept from earlier runs with a registry
// behind them. Content is checked against its digest by whoever implements this.
import type { Digest } from '../base/digest.ts';
import type { Descriptor, Manifest } from './manifest.ts';
import type { Reference, Repository } from './reference.ts';

/** All methods throw ProofgateError, or the reason of `signal`. */
export interface ImageSource {
  /** The manifest behind a reference: by digest when it has one, else by tag. `IMAGE_NOT_FOUND` when there is none. */
  resolve(reference: Reference, signal?: AbortSignal): Promise<Manifest>;
  /** `IMAGE_NOT_FOUND` when there is none. */
  manifest(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Manifest>;
  /** Undefined only when the registry said that there is no such tag. */
  findManifestByTag(repository: Repository, tag: string, signal?: AbortSignal): Promise<Manifest | undefined>;
  /** Everything that names `digest` as its subject; what descriptors say of a type is not reliable. */
  referrers(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<readonly Descriptor[]>;
  /** The whole blob. `CONTENT_TOO_LARGE` when it has more than `maxBytes`. */
  blob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer>;
}
