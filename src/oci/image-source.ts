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
  /** A blob whose size nobody has told; undefined only when the registry said that there is none. Bounded as `blob`. */
  findBlob(
    repository: Repository,
    digest: Digest,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined>;
  /**
   * A layer, in constant memory: its last bytes come once the digest is right. To be read to its end, or left. Chunks are
   * the reader's until he asks for the next. `CONTENT_TOO_LARGE` as `blob`.
   */
  stream(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/** Where what is known of a subject came from. */
export type ProofOrigin =
  | { readonly type: 'registry' }
  /** Listed then; nothing was listed again. */
  | { readonly type: 'cache'; readonly listedAtMs: number };

/** Proofs that outlive the run. They are hints: whoever uses one verifies it again. */
export interface KeptProofs {
  /**
   * Forgets, for this run, what was restored of a subject that did not verify with it: perhaps the registry knows
   * better. True when there was something to forget.
   */
  distrust(repository: Repository, digest: Digest): Promise<boolean>;
  /** Keeps where the proofs of a subject are. Call it only for a subject that verified in this run. */
  keep(repository: Repository, digest: Digest): Promise<void>;
  /** Keeps an artifact that is used as it is, layers and all, such as a policy bundle; its proofs are another matter. */
  keepContent(repository: Repository, manifest: Manifest): Promise<void>;
  origin(repository: Repository, digest: Digest): Promise<ProofOrigin>;
}
