// Files of an image, read out of its layers as they stream by: the uppermost first, so that what it removes or replaces
// is known below (OCI image-spec, layer.md "Whiteouts").
import { posix } from 'node:path';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { FileCollection, type PinnedReference } from './blobs.ts';
import { decompress, readToItsEnd } from './content.ts';
import { malformedAsUndefined, tooLarge } from './content-error.ts';
import { findManifest, type Lookup } from './lookup.ts';
import { toImage } from './platform.ts';
import { readTar, type TarEntry, type TarSink } from './tar.ts';

const GIB = 1024 ** 3;
/** Compressed. */
const MAX_LAYER_BYTES = 8 * GIB;
const MAX_UNCOMPRESSED_BYTES = 32 * GIB;
const MAX_LAYERS = 1000;
const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** `ec.oci.image_files`: JSON and YAML files directly in the folders. */
export async function imageFiles(
  lookup: Lookup,
  reference: PinnedReference,
  folders: readonly string[],
): Promise<unknown> {
  const manifest = await findManifest(lookup, reference);
  const image = manifest && (await toImage(lookup, reference.repository, manifest));
  return image && readImageFiles(lookup, reference.repository, image, folders);
}

/**
 * By path. Undefined when a layer is no archive.
 * @throws ProofgateError of kind `undetermined`, also when a layer is missing
 */
export async function readImageFiles(
  { images, signal }: Pick<Lookup, 'images' | 'signal'>,
  repository: Repository,
  image: ImageManifest,
  folders: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  if (folders.length === 0) return {};
  if (image.layers.length > MAX_LAYERS) throw tooLarge(`an image has more than ${MAX_LAYERS} layers`);
  return malformedAsUndefined(async () => {
    const tree = new FlattenedTree(folders);
    for (const layer of image.layers.toReversed()) {
      const content = images.stream(repository, layer, MAX_LAYER_BYTES, signal);
      await readToItsEnd(content, (chunks) =>
        readTar(decompress(chunks, MAX_UNCOMPRESSED_BYTES), (entry) => tree.take(entry)),
      );
      tree.endLayer();
    }
    return tree.files.parse();
  });
}

/** What is visible of some folders. Only names that matter to them are kept: an image has a hundred thousand others. */
class FlattenedTree {
  readonly files = new FileCollection();
  /** In lower case, as folders are compared. */
  readonly #folders: ReadonlySet<string>;
  readonly #hidden = new Set<string>();
  readonly #opaque = new Set<string>();
  /** Of the layer that is being read: it does not hide what is its own. */
  #layerHidden = new Set<string>();
  #layerOpaque = new Set<string>();

  constructor(folders: readonly string[]) {
    this.#folders = new Set(folders.map((folder) => cleanPath(folder).toLowerCase()));
  }

  take({ name: rawName, kind }: TarEntry): TarSink | undefined {
    const name = cleanPath(rawName);
    const folder = posix.dirname(name);
    const base = posix.basename(name);
    if (base === OPAQUE) {
      if (this.#concerns(folder)) this.#layerOpaque.add(folder);
    } else if (base.startsWith(WHITEOUT)) {
      this.#hide(posix.join(folder, base.slice(WHITEOUT.length)));
    } else if (kind !== 'directory') {
      this.#hide(name);
      if (!this.#isWanted(name) || this.#isHidden(name)) return undefined;
      // Until its content comes: a link that replaces a file of the same layer leaves nothing.
      this.files.delete(name);
      return (content) => this.files.set(name, content);
    }
    return undefined;
  }

  endLayer(): void {
    for (const name of this.#layerHidden) this.#hidden.add(name);
    for (const name of this.#layerOpaque) this.#opaque.add(name);
    this.#layerHidden = new Set();
    this.#layerOpaque = new Set();
  }

  #hide(name: string): void {
    if (this.#isWanted(name) || this.#concerns(name)) this.#layerHidden.add(name);
  }

  #isWanted(name: string): boolean {
    return (
      EXTENSIONS.has(posix.extname(name).toLowerCase()) &&
      this.#folders.has(posix.dirname(name).toLowerCase())
    );
  }

  /** True for a wanted folder and all above it. */
  #concerns(name: string): boolean {
    const lower = name.toLowerCase();
    const isAbove = (folder: string) =>
      lower === '.' || folder === lower || folder.startsWith(lower.endsWith('/') ? lower : `${lower}/`);
    return [...this.#folders].some(isAbove);
  }

  #isHidden(name: string): boolean {
    if (this.#hidden.has(name)) return true;
    for (let folder = posix.dirname(name); ; folder = posix.dirname(folder)) {
      if (this.#hidden.has(folder) || this.#opaque.has(folder)) return true;
      if (folder === posix.dirname(folder)) return false;
    }
  }
}

/**
 * Without `.`, `..` and slashes that say nothing: where whoever unpacks the image puts the file. With two spellings, a
 * layer could replace a file behind the policy's back.
 */
function cleanPath(path: string): string {
  return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '') || '.';
}
