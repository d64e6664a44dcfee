// What the input document says of an image beside its proofs: its configuration, its parent, the files of an operator's
// bundle. An absence is a fact, a fault is not.
import { isMapValue } from '../../base/exact-number.ts';
import { findOtherCase } from '../../base/member-case.ts';
import type { ImageSource } from '../../oci/image-source.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { parseJsonContent, parseUnambiguousJson } from './content.ts';
import { malformedAsUndefined, unreadable } from './content-error.ts';
import { readImageFiles } from './image-files.ts';
import { findManifest, type Lookup, toPinned } from './lookup.ts';
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
const MEMBERS = new Set([
  'ArgsEscaped',
  'AttachStderr',
  'AttachStdin',
  'AttachStdout',
  'Cmd',
  'Domainname',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Healthcheck',
  'Hostname',
  'Image',
  'Labels',
  'MacAddress',
  'NetworkDisabled',
  'OnBuild',
  'OpenStdin',
  'Shell',
  'StdinOnce',
  'StopSignal',
  'Tty',
  'User',
  'Volumes',
  'WorkingDir',
]);
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

type Context = Pick<Lookup, 'images' | 'signal'>;

/**
 * Of an index, the facts of its linux/amd64 image. What is not there, or makes no sense, is absent.
 * @throws ProofgateError of kind `undetermined`: something could not be looked at, or is written so that others would see
 *   what policies do not
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
  if (folder !== undefined && files === undefined) {
    throw unreadable(`the image is an operator's bundle, and a layer of it is no archive that can be read`);
  }
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
  if (!isMapValue(file)) return undefined;
  parseUnambiguousJson(bytes, "the image's configuration");
  refuseOtherCase(file, ['config']);
  const given = Object.hasOwn(file, 'config') ? (file.config ?? {}) : {};
  if (!isMapValue(given)) return undefined;
  refuseOtherCase(given, MEMBERS);
  return withoutEmpty(given);
}

/** Whoever writes `labels` has labels in a container, and none here. */
function refuseOtherCase(map: object, names: Iterable<string>): void {
  const name = findOtherCase(map, [...names]);
  if (name === undefined) return;
  throw unreadable(
    `the image's configuration has a member ${JSON.stringify(name)}, which readers take for another`,
  );
}

/** As Conforma gives it: members that image-spec and Docker define, and only when they say something. */
function withoutEmpty(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => MEMBERS.has(name) && !isEmpty(value)),
  );
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isMapValue(value)) return Object.keys(value).length === 0;
  return value === null || value === '' || value === false;
}

async function readParent(
  context: Context,
  { annotations }: ImageManifest,
): Promise<ImageFacts['parent'] | undefined> {
  const name = annotations[BASE_NAME];
  if (!name) return undefined;
  const ref = name.includes('@') ? name : `${name}@${annotations[BASE_DIGEST] ?? ''}`;
  const reference = toPinned(ref);
  if (reference === undefined) return undefined;
  const { repository } = reference;
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
