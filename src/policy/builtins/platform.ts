// Which image of an index a policy means when it says "the image": the one for linux/amd64, as in Conforma.
import type { Descriptor, ImageManifest, Manifest, Platform } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { findManifest, type Lookup } from './lookup.ts';

/** Indexes in indexes: a chain of them is somebody's joke. */
const MAX_DEPTH = 4;

/** Undefined when the index has no such image, or names one that is not there. */
export async function toImage(
  lookup: Omit<Lookup, 'registry'>,
  repository: Repository,
  manifest: Manifest,
): Promise<ImageManifest | undefined> {
  let found: Manifest | undefined = manifest;
  for (let depth = 0; found !== undefined && depth < MAX_DEPTH; depth += 1) {
    if (found.kind === 'image') return found;
    const child: Descriptor | undefined = found.manifests.find(({ platform }) => isDefault(platform));
    found = child && (await findManifest(lookup, { repository, digest: child.digest }));
  }
  return undefined;
}

/** What names no platform is for this one. */
function isDefault(platform: Platform | undefined): boolean {
  return platform === undefined || (platform.os === 'linux' && platform.architecture === 'amd64');
}
