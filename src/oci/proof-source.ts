// Proofs kept from earlier runs, with the registry behind them. The index says where to look and the store has the
// bytes; neither is believed: content is hashed, and whoever verifies does so again.
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import type { BlobStore } from '../store/blob-store.ts';
import type { ProofIndex } from '../store/proof-index.ts';
import type { ListedDescriptor, ProofRecord } from '../store/proof-record.ts';
import type { ImageSource } from './image-source.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { DSSE_ENVELOPE, SIGSTORE_BUNDLE_PREFIX, SIMPLE_SIGNING } from './media-types.ts';
import { formatReference, formatRepository, type Reference, type Repository } from './reference.ts';
import type { Registry } from './registry.ts';

export interface ProofSourceOptions {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly index: ProofIndex;
  readonly clock: Clock;
  /** Listings of this age or older are made anew; 0: every one is. */
  readonly maxAgeMs: number;
}

/** Where what is known of a subject came from. */
export type ProofOrigin =
  | { readonly type: 'registry' }
  /** Listed then; nothing of it was asked for again. */
  | { readonly type: 'cache'; readonly listedAtMs: number };

type LegacyKind = 'sig' | 'att';

/** What this run knows of one subject. */
interface SubjectState {
  /** Fresh, and read on behalf of the same account. */
  record: ProofRecord | undefined;
  /** Something of `record` was used. */
  used: boolean;
  manifest: ListedDescriptor | undefined;
  referrers: readonly ListedDescriptor[] | undefined;
  readonly tags: Partial<Record<LegacyKind, ListedDescriptor | null>>;
  /** When the registry was first asked in this run. */
  askedAtMs: number | undefined;
}

const LEGACY_TAG = /^(sha256|sha512)-([0-9a-f]+)\.(sig|att)$/;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export class ProofSource implements ImageSource {
  readonly #options: ProofSourceOptions;
  readonly #states = new Map<string, Promise<SubjectState>>();
  /** Repositories that this account has been seen to read, in this run or by a record of the same account. */
  readonly #readable = new Set<string>();
  /** Evidence layers of the manifests that passed through, for the records' lists. */
  readonly #layers = new Map<Digest, readonly Digest[]>();
  #knownRepositories: Promise<ReadonlySet<string>> | undefined;
  #restoredLookups = 0;
  #keptSubjects = 0;

  constructor(options: ProofSourceOptions) {
    this.#options = options;
  }

  /** Lookups that cost no request because of what earlier runs kept. */
  get restoredLookups(): number {
    return this.#restoredLookups;
  }

  /** Subjects whose proofs were new in this run. */
  get keptSubjects(): number {
    return this.#keptSubjects;
  }

  async resolve(reference: Reference, signal?: AbortSignal): Promise<Manifest> {
    const { repository, digest, tag = 'latest' } = reference;
    if (digest !== undefined) return this.manifest(repository, digest, signal);
    const { registry } = this.#options;
    // One HEAD may save the transfer, but only where something is known: else it would cost a request more.
    if ((await this.#repositories()).has(formatRepository(repository))) {
      const found = await registry.head(repository, tag, signal);
      if (found === undefined) throw notFound(formatReference(reference));
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
    const state = await this.#state(repository, `${algorithm}:${hex}` as Digest, signal);
    const listed = state.record?.tags[kind as LegacyKind];
    if (listed !== undefined) {
      this.#restored(state);
      return listed === null ? undefined : this.manifest(repository, listed.digest, signal);
    }
    this.#asked(state);
    const manifest = await registry.findManifestByTag(repository, tag, signal);
    state.tags[kind as LegacyKind] = manifest === undefined ? null : toListed(manifest);
    return manifest && this.#take(repository, manifest);
  }

  async referrers(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const state = await this.#state(repository, digest, signal);
    const listed = state.record?.referrers;
    if (listed !== undefined) {
      this.#restored(state);
      return listed.map((descriptor) => ({ ...descriptor, annotations: {} }));
    }
    this.#asked(state);
    const descriptors = await this.#options.registry.referrers(repository, digest, signal);
    state.referrers = descriptors.map(({ mediaType, digest: own, size }) => ({
      mediaType,
      digest: own,
      size,
    }));
    return descriptors;
  }

  async blob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const { registry, blobs } = this.#options;
    const { digest, size } = descriptor;
    if (size <= maxBytes && this.#readable.has(formatRepository(repository))) {
      const kept = await blobs.read(digest, { size });
      if (kept !== undefined) {
        this.#restoredLookups += 1;
        return kept;
      }
    }
    const bytes = await registry.blob(repository, descriptor, maxBytes, signal);
    await blobs.write(digest, bytes);
    return bytes;
  }

  /**
   * Forgets, for this run, what was restored of a subject that did not verify with it: perhaps the registry knows
   * better. True when there was something to forget.
   */
  async distrust(repository: Repository, digest: Digest): Promise<boolean> {
    const state = await this.#state(repository, digest);
    const wasUsed = state.used;
    state.record = undefined;
    state.used = false;
    return wasUsed;
  }

  /** Keeps where the proofs of a subject are. Call it only for a subject that verified in this run. */
  async keep(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<void> {
    const state = await this.#state(repository, digest, signal);
    const { record: old, askedAtMs, manifest: subject = old?.subject } = state;
    if (askedAtMs === undefined || subject === undefined) return;
    const referrers = state.referrers ?? old?.referrers;
    const tags = { ...old?.tags, ...state.tags };
    const listed = [...(referrers ?? []), ...Object.values(tags)].filter((descriptor) => descriptor != null);
    const manifests = listed.map((descriptor) => descriptor.digest);
    const isKept = await this.#options.index.write({
      repository: formatRepository(repository),
      digest,
      scope: await this.#options.registry.scope(repository, signal),
      // What is kept of the old record is as old as it was: a hit never makes it younger.
      listedAtMs: old?.listedAtMs ?? askedAtMs,
      subject,
      ...(referrers === undefined ? {} : { referrers }),
      tags,
      blobs: [digest, ...manifests, ...manifests.flatMap((manifest) => this.#layers.get(manifest) ?? [])],
    });
    if (isKept) this.#keptSubjects += 1;
  }

  async origin(repository: Repository, digest: Digest): Promise<ProofOrigin> {
    const { record, used, askedAtMs } = await this.#state(repository, digest);
    if (record === undefined || !used || askedAtMs !== undefined) return { type: 'registry' };
    return { type: 'cache', listedAtMs: record.listedAtMs };
  }

  async #readManifest(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<Manifest | undefined> {
    const bytes = await this.#options.blobs.read(digest, { maxBytes: MAX_MANIFEST_BYTES });
    if (bytes === undefined || !(await this.#mayRead(repository, digest, signal))) return undefined;
    const state = await this.#state(repository, digest, signal);
    try {
      const manifest = parseManifest(bytes, digest, state.record?.subject.mediaType);
      this.#restoredLookups += 1;
      this.#note(state, manifest);
      return manifest;
    } catch {
      return undefined; // The registry's own media type may make sense of it.
    }
  }

  /** What was fetched with one account is for no other, until the registry has shown that it would give it too. */
  async #mayRead(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const name = formatRepository(repository);
    if (this.#readable.has(name)) return true;
    const { record } = await this.#state(repository, digest, signal);
    const mayRead =
      record !== undefined || (await this.#options.registry.head(repository, digest, signal)) !== undefined;
    if (mayRead) this.#readable.add(name);
    return mayRead;
  }

  async #take(repository: Repository, manifest: Manifest): Promise<Manifest> {
    this.#readable.add(formatRepository(repository));
    const state = await this.#state(repository, manifest.digest);
    this.#note(state, manifest);
    await this.#options.blobs.write(manifest.digest, manifest.bytes);
    return manifest;
  }

  #note(state: SubjectState, manifest: Manifest): void {
    state.manifest = toListed(manifest);
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

  #restored(state: SubjectState): void {
    state.used = true;
    this.#restoredLookups += 1;
  }

  #asked(state: SubjectState): void {
    state.askedAtMs ??= this.#options.clock.now();
  }

  #state(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<SubjectState> {
    const key = `${formatRepository(repository)}@${digest}`; // No repository's name has an @.
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.#openState(repository, digest, signal);
    this.#states.set(key, state);
    state.catch(() => this.#states.delete(key)); // Failures are not kept.
    return state;
  }

  async #openState(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<SubjectState> {
    const { index, registry, clock, maxAgeMs } = this.#options;
    const empty = { used: false, manifest: undefined, referrers: undefined, tags: {}, askedAtMs: undefined };
    const record = await index.read(formatRepository(repository), digest, { nowMs: clock.now(), maxAgeMs });
    if (record === undefined) return { ...empty, record };
    const isOwn = record.scope === (await registry.scope(repository, signal));
    return { ...empty, record: isOwn ? record : undefined };
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

function toListed({ mediaType, digest, bytes }: Manifest): ListedDescriptor {
  return { mediaType, digest, size: bytes.length };
}

function notFound(what: string): ProofgateError {
  return new ProofgateError('IMAGE_NOT_FOUND', `${what} does not exist`, {
    hint: 'Check the reference; an image that was deleted or never pushed cannot be verified.',
  });
}
