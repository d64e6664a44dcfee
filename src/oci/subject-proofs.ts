// What a run knows of each subject's proofs: the record that an earlier run left, as far as it is fresh and ours, and
// what this run has listed itself.
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import type { ProofIndex } from '../store/proof-index.ts';
import type { ListedDescriptor, ProofRecord } from '../store/proof-record.ts';
import type { ProofOrigin } from './image-source.ts';
import type { Manifest } from './manifest.ts';
import { formatRepository, pinned, type Repository } from './reference.ts';
import type { Registry } from './registry.ts';

export type LegacyKind = 'sig' | 'att';

/** What this run knows of one subject. */
export interface SubjectState {
  /** Fresh, and for this account to use. */
  record: ProofRecord | undefined;
  /** What an earlier run listed, where this one lists anew. */
  readonly superseded: ProofRecord | undefined;
  /** Fresh, and made on behalf of another account: not to be used before this one was seen to read the subject. */
  foreign: ProofRecord | undefined;
  /** Something of `record` was used. */
  used: boolean;
  referrers: readonly ListedDescriptor[] | undefined;
  readonly tags: Partial<Record<LegacyKind, ListedDescriptor | null>>;
  /** When the registry was first asked in this run. */
  askedAtMs: number | undefined;
}

export interface SubjectProofsOptions {
  readonly registry: Registry;
  readonly index: ProofIndex;
  readonly clock: Clock;
  /** Records of this age or older are not used. */
  readonly maxAgeMs: number;
  /** What records list is listed again in this run; what they say of access and content is used. */
  readonly listsAnew: boolean;
}

export class SubjectProofs {
  readonly #options: SubjectProofsOptions;
  readonly #states = new Map<string, Promise<SubjectState>>();
  /** Of this run. Most belong to evidence, which has no record to be looked for. */
  readonly #manifests = new Map<string, ListedDescriptor>();

  constructor(options: SubjectProofsOptions) {
    this.#options = options;
  }

  /** @throws ProofgateError `CREDENTIAL_HELPER_FAILED` */
  of(repository: Repository, digest: Digest): Promise<SubjectState> {
    const key = pinned(repository, digest);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.#open(repository, digest);
    this.#states.set(key, state);
    state.catch(() => this.#states.delete(key)); // Failures are not kept.
    return state;
  }

  /** A manifest that this run has read or fetched. */
  seen(repository: Repository, manifest: Manifest): void {
    this.#manifests.set(pinned(repository, manifest.digest), toListed(manifest));
  }

  asked(state: SubjectState): void {
    state.askedAtMs ??= this.#options.clock.now();
  }

  /** This account may read the subject: what others have listed of it is for this one too. */
  admitted(state: SubjectState): void {
    state.record ??= state.foreign;
    state.foreign = undefined;
  }

  async distrust(repository: Repository, digest: Digest): Promise<boolean> {
    const state = await this.of(repository, digest);
    const wasUsed = state.used;
    state.record = undefined;
    state.foreign = undefined;
    state.used = false;
    return wasUsed;
  }

  /** Writes the record of a subject about which something was listed in this run; true when it is kept. */
  async keep(
    repository: Repository,
    digest: Digest,
    layersOf: (manifest: Digest) => readonly Digest[],
  ): Promise<boolean> {
    const state = await this.of(repository, digest);
    const { record: old, askedAtMs } = state;
    const subject = this.#manifests.get(pinned(repository, digest)) ?? old?.subject;
    if (askedAtMs === undefined || subject === undefined) return false;
    const referrers = state.referrers ?? old?.referrers;
    const tags = { ...old?.tags, ...state.tags };
    const listed = [...(referrers ?? []), ...Object.values(tags)].filter((one) => one != null);
    const manifests = listed.map((one) => one.digest);
    if (isListedIn(state.superseded, referrers, tags)) return false;
    return this.#options.index.write({
      repository: formatRepository(repository),
      digest,
      scope: await this.#options.registry.scope(repository),
      // What is kept of the old record is as old as it was: a hit never makes it younger.
      listedAtMs: old?.listedAtMs ?? askedAtMs,
      subject,
      ...(referrers === undefined ? {} : { referrers }),
      tags,
      blobs: [digest, ...manifests, ...manifests.flatMap(layersOf)],
    });
  }

  /**
   * Writes a record without any listing, where there is no fresh one; true when it is kept. What was listed in this run
   * is for `keep` to write: this record would take the place of that one.
   */
  async keepContent(repository: Repository, manifest: Manifest): Promise<boolean> {
    const { index, registry, clock } = this.#options;
    const { digest } = manifest;
    const layers = manifest.kind === 'image' ? manifest.layers : [];
    const { record, askedAtMs } = await this.of(repository, digest);
    if (record !== undefined || askedAtMs !== undefined) return false;
    return index.write({
      repository: formatRepository(repository),
      digest,
      scope: await registry.scope(repository),
      listedAtMs: clock.now(),
      subject: toListed(manifest),
      tags: {},
      blobs: [digest, ...new Set(layers.map((layer) => layer.digest))],
    });
  }

  async origin(repository: Repository, digest: Digest): Promise<ProofOrigin> {
    const { record, used, askedAtMs } = await this.of(repository, digest);
    if (record === undefined || !used || askedAtMs !== undefined) return { type: 'registry' };
    return { type: 'cache', listedAtMs: record.listedAtMs };
  }

  async #open(repository: Repository, digest: Digest): Promise<SubjectState> {
    const { index, registry, clock, maxAgeMs, listsAnew } = this.#options;
    const empty = {
      foreign: undefined,
      superseded: undefined,
      used: false,
      referrers: undefined,
      tags: {},
      askedAtMs: undefined,
    };
    const nowMs = clock.now();
    const kept = await index.read(formatRepository(repository), digest, { nowMs, maxAgeMs });
    if (kept === undefined) return { ...empty, record: undefined };
    const record = listsAnew ? withoutLists(kept, nowMs) : kept;
    const known = listsAnew ? { ...empty, superseded: kept } : empty;
    const isOurs = record.scope === (await registry.scope(repository));
    return isOurs ? { ...known, record } : { ...known, record: undefined, foreign: record };
  }
}

function withoutLists({ referrers: _, ...record }: ProofRecord, nowMs: number): ProofRecord {
  return { ...record, tags: {}, listedAtMs: nowMs };
}

/** True when the same things were listed then: writing it again would only have it saved again. */
function isListedIn(
  old: ProofRecord | undefined,
  referrers: ProofRecord['referrers'],
  tags: ProofRecord['tags'],
): boolean {
  if (old === undefined) return false;
  const lists = (of: Pick<ProofRecord, 'referrers' | 'tags'>) =>
    JSON.stringify([of.referrers ?? null, of.tags.sig, of.tags.att]);
  return lists(old) === lists({ ...(referrers === undefined ? {} : { referrers }), tags });
}

export function toListed({ mediaType, digest, bytes }: Manifest): ListedDescriptor {
  return { mediaType, digest, size: bytes.length };
}
