// A policy bundle in a registry: each layer that has a title is the file of that name. It is read through the run's image
// source, so that what is kept of it costs one HEAD the next time, and nothing when it is named by digest.
import { mapBounded } from '../../base/bounded.ts';
import { ProofgateError } from '../../base/errors.ts';
import type { Descriptor, ImageManifest, Manifest } from '../../oci/manifest.ts';
import { formatReference, formatRepository, type Reference } from '../../oci/reference.ts';
import type { SourceTree } from '../source-tree.ts';
import { addArchive } from './archive.ts';
import { badSource } from './source-text.ts';
import { limitsOf, type SourceTools } from './source-tools.ts';
import { TreeBuilder } from './tree-builder.ts';

const TITLE = 'org.opencontainers.image.title';
/** ORAS packs a folder into one layer, and says so. */
const UNPACK = 'io.deis.oras.content.unpack';
const CONCURRENCY = 8;
const PUSH = 'Push it with `conftest push` or `oras push`.';

interface Titled {
  readonly title: string;
  readonly layer: Descriptor;
}

/** @throws ProofgateError `BAD_POLICY` (not there, no bundle, unsafe names), and what the image source throws */
export async function fetchOciSource(
  url: string,
  reference: Reference,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<SourceTree> {
  const limits = limitsOf(tools);
  const manifest = toBundle(url, await resolve(url, reference, tools, signal));
  const builder = new TreeBuilder(url, '', limits);
  const read = async ({ title, layer }: Titled) => {
    const isFolder = layer.annotations[UNPACK] === 'true';
    const path = isFolder ? title : builder.admit(title);
    if (path === undefined) return;
    if (!isFolder) builder.expect(path, layer.size);
    const maxBytes = isFolder ? limits.sourceBytes : limits.fileBytes;
    const bytes = await tools.images.blob(reference.repository, layer, maxBytes, signal);
    if (isFolder) await addArchive(bytes, url, builder, limits);
    else builder.add(path, bytes);
  };
  await mapBounded(titledLayers(url, manifest), CONCURRENCY, read);
  await tools.kept?.keepContent(reference.repository, manifest);
  const { repository, tag } = reference;
  const name = `${formatRepository(repository)}${tag === undefined ? '' : `:${tag}`}`;
  return builder.build(`oci::${name}@${manifest.digest}`);
}

async function resolve(
  url: string,
  reference: Reference,
  { images }: SourceTools,
  signal: AbortSignal,
): Promise<Manifest> {
  try {
    return await images.resolve(reference, signal);
  } catch (error) {
    if (!(error instanceof ProofgateError && error.code === 'IMAGE_NOT_FOUND')) throw error;
    const hint = 'Check its registry, name and tag.';
    throw badSource(url, `there is no ${formatReference(reference)}`, hint, error);
  }
}

function toBundle(url: string, manifest: Manifest): ImageManifest {
  if (manifest.kind === 'image') return manifest;
  throw badSource(url, 'it is an index, not a policy bundle', PUSH);
}

function titledLayers(url: string, manifest: ImageManifest): readonly Titled[] {
  const titled = manifest.layers.flatMap((layer) => {
    const title = Object.hasOwn(layer.annotations, TITLE) ? layer.annotations[TITLE] : undefined;
    return title === undefined ? [] : [{ title, layer }];
  });
  if (titled.length === 0) throw badSource(url, `no layer of it has a title (${TITLE})`, PUSH);
  return titled;
}
