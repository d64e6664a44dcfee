// Proofs kept from earlier runs, with the registry behind them. The index says where to look and the store has the
// bytes; neither is believed: content is hashed, and whoever verifies does so again.
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import type { ProofIndex } from '../store/proof-index.ts';
import { CacheUse } from './cache-use.ts';
import type { ImageSource, KeptProofs, ProofOrigin } from './image-source.ts';
import { KeptBlobs } from './kept-blobs.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { DSSE_ENVELOPE, SIGSTORE_BUNDLE_PREFIX, SIMPLE_SIGNING } from './media-types.ts';
import { formatReference, formatRepository, type Reference, type Repository } from './reference.ts';
import type { Registry } from './registry.ts';
import { imageNotFound } from './status-error.ts';
import { type LegacyKind, SubjectProofs, type SubjectState, toListed } from './subject-proofs.ts';

export interface ProofSourceOptions {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly index: ProofIndex;
  readonly clock: Clock;
  /** Listings of this age or older are made anew; 0: every one is. */
  readonly maxAgeMs: number;
  /** Listings are made anew whatever their age; what they led to is read from the store. */
  readonly listsAnew: boolean;
}

const LEGACY_TAG = /^(sha256|sha512)-([0-9a-f]+)\.(sig|att)$/;

export class ProofSource implements ImageSource, KeptProofs {
  readonly #options: ProofSourceOptions;
  readonly #subjects: SubjectProofs;
  /** Repositories that this account has been seen to read, in this run or by a record of the same account. */
  readonly #readable = new Set<string>();
  readonly #blobs: KeptBlobs;
  /** Evidence layers of the manifests that passed through, for the records' lists. */
  readonly #layers = new Map<Digest, readonly Digest[]>();
  #knownRepositories: Promise<ReadonlySet<string>> | undefined;
  readonly #use = new CacheUse();
  #keptSubjects = 0;

  constructor(options: ProofSourceOptions) {
    this.#options = options;
    this.#subjects = new SubjectProofs(options);
    this.#blobs = new KeptBlobs(options, this.#readable, this.#use);
  }

  /** Lookups that cost no request because of what earlier runs kept. */
  get restoredLookups(): number {
    return this.#use.restoredLookups;
  }

  /** Subjects whose proofs were new in this run. */
  get keptSubjects(): number {
    return this.#keptSubjects;
  }

  /** Something was fetched in this run, and with it the store has grown. */
  get hasFetched(): boolean {
    return this.#use.hasFetched;
  }

  async resolve(reference: Reference, signal?: AbortSignal): Promise<Manifest> {
    const { repository, digest, tag = 'latest' } = reference;
    if (digest !== undefined) return this.manifest(repository, digest, signal);
    const { registry } = this.#options;
    // One HEAD may save the transfer, but only where something is known: else it would cost a request more.
    if ((await this.#repositories()).has(formatRepository(repository))) {
      const found = await registry.head(repository, tag, signal);
      if (found === undefined) throw imageNotFound(formatReference(reference));
      this.#readable.add(formatRepository(repository));
      // What the header claims is only where to look: the content has to have that digest.
      if (found.claimed !== undefined) return this.manifest(repository, found.claimed, signal);
    }
    return this.#take(repository, await registry.resolve(reference, signal));
  }

  async manifest(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Manifest> {
    const { registry } = this.#options;
    const kept = await this.#readManifest(repository, digest, signal);
    if (kept !== undefined) return kept;
    return this.#take(repository, await registry.manifest(repository, digest, signal));
  }

  async findManifestByTag(
    repository: Repository,
    tag: string,
    signal?: AbortSignal,
  ): Promise<Manifest | undefined> {
    const { registry } = this.#options;
    const [, algorithm, hex, kind] = LEGACY_TAG.exec(tag) ?? [];
    if (kind === undefined) return registry.findManifestByTag(repository, tag, signal);
    const state = await this.#stateOf(repository, `${algorithm}:${hex}` as Digest);
    const listed = state.record?.tags[kind as LegacyKind];
    if (listed !== undefined) {
      state.used = true;
      this.#use.restored();
      return listed === null ? undefined : this.manifest(repository, listed.digest, signal);
    }
    this.#subjects.asked(state);
    const manifest = await registry.findManifestByTag(repository, tag, signal);
    state.tags[kind as LegacyKind] = manifest === undefined ? null : toListed(manifest);
    return manifest && this.#take(repository, manifest);
  }

  async referrers(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const state = await this.#stateOf(repository, digest);
    const listed = state.record?.referrers;
    if (listed !== undefined) {
      state.used = true;
      this.#use.restored();
      return listed.map((descriptor) => ({ ...descriptor, annotations: {} }));
    }
    this.#subjects.asked(state);
    const descriptors = await this.#options.registry.referrers(repository, digest, signal);
    state.referrers = descriptors.map(({ mediaType, digest: own, size }) => ({
      mediaType,
      digest: own,
      size,
    }));
    return descriptors;
  }

  blob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    return this.#blobs.blob(repository, descriptor, maxBytes, signal);
  }

  findBlob(
    repository: Repository,
    digest: Digest,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    return this.#blobs.find(repository, digest, maxBytes, signal);
  }

  stream(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#blobs.stream(repository, descriptor, maxBytes, signal);
  }

  distrust(repository: Repository, digest: Digest): Promise<boolean> {
    return this.#subjects.distrust(repository, digest);
  }

  async keep(repository: Repository, digest: Digest): Promise<void> {
    await this.#stateOf(repository, digest);
    const layersOf = (manifest: Digest) => this.#layers.get(manifest) ?? [];
    if (await this.#subjects.keep(repository, digest, layersOf)) this.#keptSubjects += 1;
  }

  async keepContent(repository: Repository, manifest: Manifest): Promise<void> {
    await this.#stateOf(repository, manifest.digest);
    if (await this.#subjects.keepContent(repository, manifest)) this.#keptSubjects += 1;
  }

  origin(repository: Repository, digest: Digest): Promise<ProofOrigin> {
    return this.#subjects.origin(repository, digest);
  }

  async #readManifest(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<Manifest | undefined> {
    const bytes = await this.#options.blobs.read(digest, {
      maxBytes: this.#options.registry.transport.limits.manifestBytes,
    });
    if (bytes === undefined || !(await this.#mayRead(repository, digest, signal))) return undefined;
    try {
      const manifest = await this.#parseKept(repository, digest, bytes);
      this.#use.read(digest);
      this.#note(repository, manifest);
      return manifest;
    } catch {
      return undefined; // The registry's own media type may make sense of it.
    }
  }

  async #parseKept(repository: Repository, digest: Digest, bytes: Buffer): Promise<Manifest> {
    try {
      return parseManifest(bytes, digest, undefined);
    } catch {
      // Not every manifest says what it is.
      const { record } = await this.#stateOf(repository, digest);
      return parseManifest(bytes, digest, record?.subject.mediaType);
    }
  }

  /** What was fetched with one account is for no other, until the registry has shown that it would give it too. */
  async #mayRead(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const name = formatRepository(repository);
    if (this.#readable.has(name)) return true;
    const { record } = await this.#subjects.of(repository, digest);
    const mayRead =
      record !== undefined || (await this.#options.registry.head(repository, digest, signal)) !== undefined;
    if (mayRead) this.#readable.add(name);
    return mayRead;
  }

  /** In a repository that this account was seen to read, what another has listed is for this one too. */
  async #stateOf(repository: Repository, digest: Digest): Promise<SubjectState> {
    const state = await this.#subjects.of(repository, digest);
    if (this.#readable.has(formatRepository(repository))) this.#subjects.admitted(state);
    return state;
  }

  async #take(repository: Repository, manifest: Manifest): Promise<Manifest> {
    this.#readable.add(formatRepository(repository));
    this.#note(repository, manifest);
    this.#use.fetched(manifest.digest);
    await this.#options.blobs.write(manifest.digest, manifest.bytes);
    return manifest;
  }

  #note(repository: Repository, manifest: Manifest): void {
    this.#subjects.seen(repository, manifest);
    if (manifest.kind !== 'image') return;
    const isEvidence = ({ mediaType }: Descriptor) =>
      mediaType.startsWith(SIGSTORE_BUNDLE_PREFIX) ||
      mediaType === SIMPLE_SIGNING ||
      mediaType === DSSE_ENVELOPE;
    this.#layers.set(
      manifest.digest,
      manifest.layers.filter(isEvidence).map((layer) => layer.digest),
    );
  }

  #repositories(): Promise<ReadonlySet<string>> {
    this.#knownRepositories ??= (async () => {
      const names = new Set<string>();
      for await (const record of this.#options.index.all()) names.add(record.repository);
      return names;
    })();
    return this.#knownRepositories;
  }
}
