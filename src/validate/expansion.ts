// A snapshot's components, each resolved to a digest once; image indexes give their children too.
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { ImageSource } from '../oci/image-source.ts';
import type { Descriptor, ImageIndex, Manifest, Platform } from '../oci/manifest.ts';
import { parseReference, pinned, type Repository } from '../oci/reference.ts';
import type { SnapshotComponent } from './snapshot.ts';

/** Indexes within indexes: two levels are seen in the wild. */
export const MAX_INDEX_DEPTH = 4;
/** Children of one component, all levels together. */
export const MAX_CHILDREN = 500;

/** A component after resolution. From here on only the digest is used. */
export interface Target {
  readonly component: SnapshotComponent;
  readonly repository: Repository | undefined;
  readonly manifest: Manifest | undefined;
  /** Why there is no manifest, or why an index could not be expanded. */
  readonly error: ProofgateError | undefined;
  readonly platform: string | undefined;
  /** `containerImage` of the index that this is a child of. */
  readonly index: string | undefined;
}

interface Parent {
  readonly component: SnapshotComponent;
  readonly repository: Repository;
  readonly depth: number;
  readonly budget: { children: number };
}

/**
 * The component and, when it is an index, its children, itself first. A reference that cannot be resolved, or an
 * index that cannot be expanded, is returned with its error: nothing is ever skipped. Never rejects.
 */
export async function expandComponent(
  images: ImageSource,
  component: SnapshotComponent,
  signal: AbortSignal | undefined,
): Promise<readonly Target[]> {
  let repository: Repository | undefined;
  try {
    const reference = parseReference(component.containerImage);
    repository = reference.repository;
    const manifest = await images.resolve(reference, signal);
    const parent = { component, repository, depth: 1, budget: { children: MAX_CHILDREN } };
    return await withChildren(images, toTarget(component, repository, manifest), parent, signal);
  } catch (error) {
    return [toFailedTarget(component, repository, error)];
  }
}

/** Those of one digest in one repository together; what could not be resolved shares with nobody. */
export function groupBySubject(targets: readonly Target[]): readonly (readonly Target[])[] {
  const groups = Map.groupBy(targets, (target) => {
    const { repository, manifest } = target;
    return repository === undefined || manifest === undefined ? target : pinned(repository, manifest.digest);
  });
  return [...groups.values()];
}

/** The target and, when it is an index, its children; an index out of bounds carries an error. */
async function withChildren(
  images: ImageSource,
  target: Target,
  parent: Parent,
  signal: AbortSignal | undefined,
): Promise<readonly Target[]> {
  if (target.manifest?.kind !== 'index') return [target];
  const children = platformChildren(target.manifest);
  parent.budget.children -= children.length;
  if (parent.depth > MAX_INDEX_DEPTH || parent.budget.children < 0) {
    const error = new ProofgateError(
      'CONTENT_TOO_LARGE',
      `${target.component.containerImage} is an index with more than ${MAX_CHILDREN} children or ${MAX_INDEX_DEPTH} levels`,
      { hint: 'Name the images that are released, by digest, instead of this index.' },
    );
    return [{ ...target, error }];
  }
  const expanded = await Promise.all(
    children.map((descriptor, position) => expandChild(images, descriptor, position, parent, signal)),
  );
  return [target, ...expanded.flat()];
}

async function expandChild(
  images: ImageSource,
  descriptor: Descriptor,
  position: number,
  parent: Parent,
  signal: AbortSignal | undefined,
): Promise<readonly Target[]> {
  const component = toChildComponent(parent, descriptor, position);
  const place = { platform: formatPlatform(descriptor.platform), index: parent.component.containerImage };
  try {
    const manifest = await images.manifest(parent.repository, descriptor.digest, signal);
    const target = { ...toTarget(component, parent.repository, manifest), ...place };
    return await withChildren(images, target, { ...parent, component, depth: parent.depth + 1 }, signal);
  } catch (error) {
    return [{ ...toFailedTarget(component, parent.repository, error), ...place }];
  }
}

/** Conforma's names for the children of an index. */
function toChildComponent({ component, repository }: Parent, descriptor: Descriptor, position: number) {
  const architecture = descriptor.platform?.architecture || `noarch-${position}`;
  return {
    name: `${component.name}-${descriptor.digest}-${architecture}`,
    containerImage: pinned(repository, descriptor.digest),
    source: component.source,
  };
}

function platformChildren(index: ImageIndex): readonly Descriptor[] {
  return index.manifests.filter((descriptor) => !isBuildxAttestation(descriptor));
}

/**
 * buildx keeps its attestations as children of the index. The annotation alone would let whoever writes the
 * index hide a runnable image from verification, so the platform must be one that nothing runs on.
 */
function isBuildxAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations['vnd.docker.reference.type'] === 'attestation-manifest' &&
    platform?.os === 'unknown' &&
    platform.architecture === 'unknown'
  );
}

function formatPlatform(platform: Platform | undefined): string | undefined {
  if (platform === undefined) return undefined;
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

function toTarget(component: SnapshotComponent, repository: Repository, manifest: Manifest): Target {
  return { component, repository, manifest, error: undefined, platform: undefined, index: undefined };
}

function toFailedTarget(
  component: SnapshotComponent,
  repository: Repository | undefined,
  error: unknown,
): Target {
  return {
    component,
    repository,
    manifest: undefined,
    error: toProofgateError(error),
    platform: undefined,
    index: undefined,
  };
}
