// What a registry holds, in memory: blobs, manifests, tags and referrers of each repository.
import { digestOf } from '../../src/base/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';

/** OCI image-spec, descriptor.md, as written to the wire. */
export interface WireDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
}

/** Any manifest or index as JSON; the registry only looks at the members named here. */
export interface WireManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: WireDescriptor;
  readonly layers?: readonly WireDescriptor[];
  readonly manifests?: readonly WireDescriptor[];
  readonly subject?: WireDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/**
 * Whether a referrers list names a manifest's own `artifactType` and annotations, as the specification says, or
 * its config's media type and no annotations, as real cosign's fallback index does.
 */
export type DescriptorStyle = 'specified' | 'cosign';

class Repository {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, StoredManifest>();
  readonly tags = new Map<string, string>();
  /** By the subject's digest. */
  readonly referrers = new Map<string, string[]>();
}

export class RegistryStore {
  readonly #repositories = new Map<string, Repository>();

  putBlob(repository: string, bytes: Buffer): { digest: string; size: number } {
    const digest = digestOf(bytes);
    this.#open(repository).blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  blob(repository: string, digest: string): Buffer | undefined {
    return this.#repositories.get(repository)?.blobs.get(digest);
  }

  putManifest(repository: string, bytes: Buffer, mediaType?: string): StoredManifest {
    const parsed = parseManifest(bytes);
    const type =
      mediaType ?? parsed?.mediaType ?? (parsed?.manifests === undefined ? OCI_MANIFEST : OCI_INDEX);
    const stored = { bytes, mediaType: type, digest: digestOf(bytes) };
    const opened = this.#open(repository);
    opened.manifests.set(stored.digest, stored);
    if (parsed?.subject !== undefined) {
      const known = opened.referrers.get(parsed.subject.digest) ?? [];
      if (!known.includes(stored.digest))
        opened.referrers.set(parsed.subject.digest, [...known, stored.digest]);
    }
    return stored;
  }

  /** `reference` is a tag or a digest. */
  manifest(repository: string, reference: string): StoredManifest | undefined {
    const opened = this.#repositories.get(repository);
    return opened?.manifests.get(opened.tags.get(reference) ?? reference);
  }

  tag(repository: string, tag: string, digest: string): void {
    this.#open(repository).tags.set(tag, digest);
  }

  untag(repository: string, tag: string): void {
    this.#repositories.get(repository)?.tags.delete(tag);
  }

  tags(repository: string): string[] {
    return [...(this.#repositories.get(repository)?.tags.keys() ?? [])].sort();
  }

  /** Forgets a manifest, and itself as a referrer of its subject. */
  deleteManifest(repository: string, digest: string): void {
    const opened = this.#repositories.get(repository);
    opened?.manifests.delete(digest);
    for (const [subject, list] of opened?.referrers ?? []) {
      opened?.referrers.set(
        subject,
        list.filter((referrer) => referrer !== digest),
      );
    }
  }

  referrers(repository: string, subject: string, style: DescriptorStyle): WireDescriptor[] {
    const opened = this.#repositories.get(repository);
    const stored = (opened?.referrers.get(subject) ?? []).map((digest) => opened?.manifests.get(digest));
    return stored.filter((manifest) => manifest !== undefined).map((manifest) => toReferrer(manifest, style));
  }

  #open(repository: string): Repository {
    const opened = this.#repositories.get(repository) ?? new Repository();
    this.#repositories.set(repository, opened);
    return opened;
  }
}

/** The descriptor of a stored manifest as a referrers list shows it. */
export function toReferrer(stored: StoredManifest, style: DescriptorStyle): WireDescriptor {
  const parsed = parseManifest(stored.bytes);
  const artifactType =
    style === 'cosign' ? parsed?.config?.mediaType : (parsed?.artifactType ?? parsed?.config?.mediaType);
  return {
    mediaType: stored.mediaType,
    digest: stored.digest,
    size: stored.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(style === 'cosign' || parsed?.annotations === undefined ? {} : { annotations: parsed.annotations }),
  };
}

/** Tests push manifests that are no JSON too: a registry need not mind. */
function parseManifest(bytes: Buffer): WireManifest | undefined {
  try {
    return JSON.parse(bytes.toString()) as WireManifest;
  } catch {
    return undefined;
  }
}
