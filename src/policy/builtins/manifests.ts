// Manifests, indexes and descriptors as policies see them: Conforma's shapes, with every member there.
import { z } from 'zod';
import { MalformedManifest, type Manifest } from '../../oci/manifest.ts';
import type { Reference, Repository } from '../../oci/reference.ts';
import { conformaName, findManifest, type Lookup } from './lookup.ts';
import { toImage } from './platform.ts';

const list = z
  .array(z.string())
  .nullish()
  .transform((texts) => texts ?? []);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const platform = z
  .object({
    architecture: text,
    os: text,
    'os.version': text,
    'os.features': list,
    variant: text,
    features: list,
  })
  .nullish();
const descriptor = z
  .object({
    mediaType: text,
    size: z.int(),
    digest: z.string(),
    data: z
      .base64()
      .nullish()
      .transform((data) => Buffer.from(data ?? '', 'base64').toString()),
    urls: list,
    annotations: z
      .record(z.string(), z.string())
      .nullish()
      .transform((annotations) => annotations ?? {}),
    artifactType: text,
    platform,
  })
  .transform(({ platform: of, ...rest }) => (of == null ? rest : { ...rest, platform: of }));
const descriptors = z
  .array(descriptor)
  .nullish()
  .transform((all) => all ?? []);
const common = {
  schemaVersion: z.int(),
  mediaType: text,
  annotations: descriptor.in.shape.annotations,
  subject: z.exactOptional(descriptor.nullable()),
};
const image = z.object({ ...common, config: descriptor, layers: descriptors }).transform(withoutNull);
const index = z.object({ ...common, manifests: descriptors }).transform(withoutNull);

/** `ec.oci.image_manifest`; of an index, the manifest of its linux/amd64 image. */
export async function imageManifest(lookup: Lookup, reference: Reference): Promise<unknown> {
  const manifest = await findManifest(lookup, reference);
  const found = manifest && (await toImage(lookup, reference.repository, manifest));
  return found && reread(found, image);
}

/** `ec.oci.image_index` */
export async function imageIndex(lookup: Lookup, reference: Reference): Promise<unknown> {
  const manifest = await findManifest(lookup, reference);
  return manifest?.kind === 'index' ? reread(manifest, index) : undefined;
}

/** `ec.oci.descriptor`: of what is there, not of what a registry's headers claim. */
export async function imageDescriptor(lookup: Lookup, reference: Reference): Promise<unknown> {
  const manifest = await findManifest(lookup, reference);
  if (manifest === undefined) return undefined;
  const { mediaType, bytes, digest } = manifest;
  return { mediaType, size: bytes.length, digest, data: '', urls: [], annotations: {}, artifactType: '' };
}

/** `ec.oci.image_referrers` */
export async function imageReferrers(lookup: Lookup, reference: Reference): Promise<unknown> {
  const { repository } = reference;
  const digest = reference.digest ?? (await findManifest(lookup, reference))?.digest;
  if (digest === undefined) return undefined;
  const found = await lookup.registry.referrers(repository, digest, lookup.signal);
  return found.map(({ mediaType, size, digest: own, artifactType = '', annotations }) => ({
    mediaType,
    size,
    digest: own,
    artifactType,
    ref: `${conformaName(repository)}@${own}`,
    annotations,
  }));
}

/** `ec.oci.image_tag_refs`: which of cosign's tags there are, in this order. */
export async function imageTagRefs(lookup: Lookup, reference: Reference): Promise<unknown> {
  const { repository } = reference;
  const digest = reference.digest ?? (await findManifest(lookup, reference))?.digest;
  if (digest === undefined) return undefined;
  const tags = ['sig', 'att', 'sbom'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`);
  const found = await Promise.all(tags.map((tag) => isTagThere(lookup, repository, tag)));
  return tags.filter((_, at) => found[at]).map((tag) => `${conformaName(repository)}:${tag}`);
}

async function isTagThere(
  { registry, signal }: Lookup,
  repository: Repository,
  tag: string,
): Promise<boolean> {
  try {
    return (await registry.findManifestByTag(repository, tag, signal)) !== undefined;
  } catch (error) {
    // Whatever it is, it is there.
    if (error instanceof MalformedManifest) return true;
    throw error;
  }
}

/** The bytes have been parsed before, by the rules of `parseManifest`: here for members that only policies want. */
function reread<T>({ bytes }: Manifest, schema: z.ZodType<T>): T | undefined {
  const parsed = schema.safeParse(JSON.parse(bytes.toString()));
  return parsed.success ? parsed.data : undefined;
}

function withoutNull<T extends { subject?: unknown }>(manifest: T): T {
  if (manifest.subject != null) return manifest;
  const { subject: _, ...rest } = manifest;
  return rest as T;
}
