// What the input document says of an image beside its proofs: its configuration, its parent, the files of an operator's
// bundle. An absence is a fact, a fault is not.
import type { ImageSource } from '../../oci/image-source.ts';
import type { Manifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';

/** JSON values whose numbers keep their digits: only `JSON.stringify` reads them right. */
export interface ImageFacts {
  /** `config` of the image's configuration file. */
  readonly config?: unknown;
  readonly parent?: { readonly ref: string; readonly config?: unknown };
  /** By path: manifests of an operator's bundle. */
  readonly files?: Readonly<Record<string, unknown>>;
}

/**
 * Of an index, the facts of its linux/amd64 image. What is not there, or makes no sense, is absent.
 * @throws ProofgateError of kind `undetermined`: something could not be looked at
 */
export async function readImageFacts(
  _images: ImageSource,
  _repository: Repository,
  _manifest: Manifest,
  _signal?: AbortSignal,
): Promise<ImageFacts> {
  return {};
}
