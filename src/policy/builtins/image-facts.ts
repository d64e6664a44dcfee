// What the input document says of an image beside its proofs: its configuration, its parent, the files of an operator's
// bundle. An absence is a fact, a fault is not.
import { isMapValue } from '../../base/exact-number.ts';
import type { ImageSource } from '../../oci/image-source.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { parseJsonContent } from './content.ts';
import { malformedAsUndefined } from './content-error.ts';
import { readImageFiles } from './image-files.ts';
import { conformaName, findManifest, type Lookup, toPinned } from './lookup.ts';
import { toImage } from './platform.ts';

/** JSON values whose numbers keep their digits: only `JSON.stringify` reads them right. */
export interface ImageFacts {
  /** `config` of the image's configuration file. */
  readonly config?: unknown;
  readonly parent?: { readonly ref: string; readonly config?: unknown };
  /** By path: manifests of an operator's bundle. */
  readonly files?: Readonly<Record<string, unknown>>;
}

const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const OLM_MANIFESTS = 'operators.operatorframework.io.bundle.manifests.v1';
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

type Context = Pick<Lookup, 'images' | 'signal'>;

/**
 * Of an index, the facts of its linux/amd64 image. What is not there, or makes no sense, is absent.
 * @throws ProofgateError of kind `undetermined`: something could not be looked at
 */
export async function readImageFacts(
  images: ImageSource,
  repository: Repository,
  manifest: Manifest,
  signal: AbortSignal = new AbortController().signal,
): Promise<ImageFacts> {
  const context = { images, signal };
  const image = await toImage(context, repository, manifest);
  if (image === undefined) return {};
  const config = await readConfig(context, repository, image);
  const parent = await readParent(context, image);
  const folder = folderOfOperator(config);
  const files = folder === undefined ? undefined : await readImageFiles(context, repository, image, [folder]);
  return {
    ...(config === undefined ? {} : { config }),
    ...(parent === undefined ? {} : { parent }),
    ...(files === undefined ? {} : { files }),
  };
}

async function readConfig(
  { images, signal }: Context,
  repository: Repository,
  { config }: ImageManifest,
): Promise<unknown> {
  const bytes = await images.blob(repository, config, MAX_CONFIG_BYTES, signal);
  const file = await malformedAsUndefined(async () => parseJsonContent(bytes));
  return isMapValue(file) && Object.hasOwn(file, 'config') && isMapValue(file.config)
    ? file.config
    : undefined;
}

async function readParent(
  context: Context,
  { annotations }: ImageManifest,
): Promise<ImageFacts['parent'] | undefined> {
  const name = annotations[BASE_NAME];
  if (!name) return undefined;
  const reference = toPinned(name.includes('@') ? name : `${name}@${annotations[BASE_DIGEST] ?? ''}`);
  if (reference === undefined) return undefined;
  const { repository, digest } = reference;
  const ref = `${conformaName(repository)}@${digest}`;
  const manifest = await findManifest(context, reference);
  const image = manifest && (await toImage(context, repository, manifest));
  const config = image && (await readConfig(context, repository, image));
  return config === undefined ? { ref } : { ref, config };
}

function folderOfOperator(config: unknown): string | undefined {
  const labels = isMapValue(config) && Object.hasOwn(config, 'Labels') ? config.Labels : undefined;
  if (!isMapValue(labels) || !Object.hasOwn(labels, OLM_MANIFESTS)) return undefined;
  const folder = labels[OLM_MANIFESTS];
  return typeof folder === 'string' ? folder : undefined;
}
