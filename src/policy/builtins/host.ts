// Answers what policies ask beside their input: ec.oci.* and ec.sigstore.*, once for all components of a run.
import { mapBounded } from '../../base/bounded.ts';
import type { Clock } from '../../base/clock.ts';
import type { Digest } from '../../base/digest.ts';
import { ProofgateError } from '../../base/errors.ts';
import { fingerprint, type Json } from '../../base/fingerprint.ts';
import type { HttpClient } from '../../base/http.ts';
import type { ImageSource, KeptProofs } from '../../oci/image-source.ts';
import { pinned, type Reference, type Repository } from '../../oci/reference.ts';
import type { Trust } from '../../verify/trust.ts';
import type { HostFunctions } from '../engine.ts';
import { Answers } from './answers.ts';
import { blobFiles, blobText, type PinnedReference, parsedBlob } from './blobs.ts';
import { imageFiles } from './image-files.ts';
import { type Listings, type Lookup, toPinned, toReference } from './lookup.ts';
import { imageDescriptor, imageIndex, imageManifest, imageReferrers, imageTagRefs } from './manifests.ts';
import { SigstoreFunctions } from './sigstore.ts';

export interface HostTools {
  /** Manifests and blobs, which their digests prove. */
  readonly images: ImageSource;
  /** Tags and lists of referrers, which may have changed since: the registry itself, asked in each run. */
  readonly registry: Listings;
  /** Where what was read is noted for the next run. */
  readonly proofs?: KeptProofs | undefined;
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  /** For transparency logs that options name. */
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Of answers, as JSON; default 64 MiB. */
  readonly maxKeptBytes?: number;
}

/** What the policies of one component ask with. */
export interface ComponentHost {
  readonly functions: HostFunctions;
  /** Notes for the next run what was read. Call it only when the component is verified, its policies included. */
  keep(): Promise<void>;
}

type Builtin = (lookup: Lookup, ...args: readonly unknown[]) => Promise<unknown>;

/** Undefined arguments are those of the wrong type: the answer is undefined, as in Conforma. */
const OCI: Readonly<Record<string, Builtin>> = {
  'ec.oci.blob': ofPinned(blobText),
  'ec.oci.parsed_blob': ofPinned(parsedBlob),
  'ec.oci.blob_files': ofPinned(blobFiles, true),
  'ec.oci.descriptor': ofReference(imageDescriptor),
  'ec.oci.image_manifest': ofReference(imageManifest),
  'ec.oci.image_files': ofPinned(imageFiles, true),
  'ec.oci.image_index': ofReference(imageIndex),
  'ec.oci.image_tag_refs': ofReference(imageTagRefs),
  'ec.oci.image_referrers': ofReference(imageReferrers),
};

const KIB = 1024;
const MIB = 1024 * KIB;
const DEFAULT_KEPT_BYTES = 64 * MIB;
/** Manifests of one call under way; the registry's own limiter decides how many requests are. */
const CONCURRENCY = 16;
const MAX_PATHS = 1000;

interface Read {
  readonly repository: Repository;
  readonly digest: Digest;
}

interface Answered {
  readonly value: unknown;
  readonly reads: readonly Read[];
}

/** Call it once a run; then what it gives, once a component: all of them share each lookup. */
export function createHostFunctions(tools: HostTools): () => ComponentHost {
  const host = new Host(tools);
  return () => {
    const reads = new Map<string, Read>();
    const note = (read: Read) => void reads.set(pinned(read.repository, read.digest), read);
    return {
      functions: async (name, args, signal) => {
        const answered = await host.answer(name, args, signal);
        answered.reads.forEach(note);
        return answered.value;
      },
      keep: () => host.keep(reads),
    };
  };
}

class Host {
  readonly #tools: HostTools;
  readonly #answers: Answers<Answered>;
  readonly #builtins: Readonly<Record<string, Builtin>>;
  readonly #kept = new Set<string>();

  constructor(tools: HostTools) {
    const sigstore = new SigstoreFunctions(tools);
    this.#tools = tools;
    this.#answers = new Answers(tools.maxKeptBytes ?? DEFAULT_KEPT_BYTES);
    this.#builtins = {
      ...OCI,
      'ec.sigstore.verify_image': (lookup, ...args) => sigstore.verifyImage(lookup, args[0], args[1]),
      'ec.sigstore.verify_attestation': (lookup, ...args) =>
        sigstore.verifyAttestation(lookup, args[0], args[1]),
    };
  }

  /** @throws ProofgateError of kind `undetermined`, or the reason of `signal` */
  async answer(name: string, args: readonly unknown[], signal: AbortSignal): Promise<Answered> {
    if (name === 'ec.oci.image_manifests') return this.#manifests(args[0], signal);
    const builtin = Object.hasOwn(this.#builtins, name) ? this.#builtins[name] : undefined;
    if (builtin === undefined) throw new ProofgateError('INTERNAL', `nothing answers ${name}`);
    const work = (shared: AbortSignal) => this.#work(builtin, args, shared);
    return this.#answers.get(fingerprint([name, args as readonly Json[]]), work, signal);
  }

  /** What is not kept costs the next run a request. */
  async keep(reads: ReadonlyMap<string, Read>): Promise<void> {
    const { images, proofs } = this.#tools;
    if (proofs === undefined) return;
    for (const [name, { repository, digest }] of reads) {
      if (this.#kept.has(name)) continue;
      this.#kept.add(name);
      try {
        await proofs.keepContent(repository, await images.manifest(repository, digest));
      } catch (error) {
        if (!(error instanceof ProofgateError)) throw error;
      }
    }
  }

  async #work(builtin: Builtin, args: readonly unknown[], signal: AbortSignal) {
    const reads: Read[] = [];
    const { images, registry } = this.#tools;
    const note = (repository: Repository, digest: Digest) => void reads.push({ repository, digest });
    const value = await builtin({ images, registry, signal, note }, ...args);
    const bytes = KIB + (value === undefined ? 0 : JSON.stringify(value).length);
    return { value: { value, reads }, bytes };
  }

  /** One after the other shared with who asks for it alone: the answer as a whole is not kept. */
  async #manifests(refs: unknown, signal: AbortSignal): Promise<Answered> {
    const texts = toTexts(refs);
    if (texts === undefined) return { value: undefined, reads: [] };
    const ask = (ref: string) => this.answer('ec.oci.image_manifest', [ref], signal);
    const answers = await mapBounded(texts, CONCURRENCY, ask);
    const found = texts.flatMap((ref, at): [string, unknown][] => {
      const value = answers[at]?.value;
      return value === undefined ? [] : [[ref, value]];
    });
    return { value: Object.fromEntries(found), reads: answers.flatMap(({ reads }) => reads) };
  }
}

function ofReference(work: (lookup: Lookup, reference: Reference) => Promise<unknown>): Builtin {
  return async (lookup, text) => {
    const reference = toReference(text);
    return reference && (await work(lookup, reference));
  };
}

/** @param hasPaths a second argument is a list of texts */
function ofPinned(
  work: (lookup: Lookup, reference: PinnedReference, paths: readonly string[]) => Promise<unknown>,
  hasPaths = false,
): Builtin {
  return async (lookup, text, list) => {
    const reference = toPinned(text);
    const paths = hasPaths ? toTexts(list) : [];
    if (reference === undefined || paths === undefined || paths.length > MAX_PATHS) return undefined;
    return work(lookup, reference, paths);
  };
}

function toTexts(list: unknown): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.every((item) => typeof item === 'string') ? (list as string[]) : undefined;
}
