// Where cosign keeps the proofs of an image, in both of its layouts: to read them, to put others in their
// place, and to take them away.
import { digestHex } from '../../src/base/digest.ts';
import { OCI_INDEX } from '../../src/oci/media-types.ts';
import {
  deleteManifest,
  hasTag,
  type Image,
  pushBlob,
  pushManifest,
  type Repository,
  readBlob,
  readManifest,
  type WireDescriptor,
  type WireManifest,
} from './content.ts';

/** `legacy`: tags `.sig` and `.att`. `bundle`: referrers, listed at the fallback tag. */
export type Layout = 'legacy' | 'bundle';

export type Part = 'signature' | 'attestation';

/** The manifest that carries a proof, and the one layer that it carries. */
export interface Proof {
  readonly manifest: WireManifest;
  readonly blob: Buffer;
}

const PREDICATE_TYPE = 'dev.sigstore.bundle.predicateType';
/** What cosign writes as the `artifactType` of every entry of the list. */
const EMPTY = 'application/vnd.oci.empty.v1+json';
const SIGNATURE_STATEMENT = 'https://sigstore.dev/cosign/sign/v1';

/** cosign's tag for the proofs of one part. */
export function legacyTag(image: Image, part: Part): string {
  return `${fallbackTag(image)}.${part === 'signature' ? 'sig' : 'att'}`;
}

/** The tag at which clients list referrers where a registry does not (OCI distribution-spec, "Referrers tag schema"). */
export function fallbackTag(image: Image): string {
  return `sha256-${digestHex(image.descriptor.digest)}`;
}

export async function readProof(image: Image, layout: Layout, part: Part): Promise<Proof> {
  if (layout === 'legacy') return toProof(image.repository, legacyTag(image, part));
  return toProof(image.repository, (await findReferrer(image, part)).digest);
}

/** Puts `proof` in the place of the image's own, or adds it where there is none. Both must be in one repository. */
export async function writeProof(image: Image, layout: Layout, part: Part, proof: Proof): Promise<void> {
  const layer = proof.manifest.layers?.[0];
  if (layer === undefined) throw new Error('a proof without a layer');
  const manifest = {
    ...proof.manifest,
    layers: [{ ...layer, ...(await pushBlob(image.repository, proof.blob)) }],
  };
  if (layout === 'legacy') {
    await pushManifest(image.repository, manifest, legacyTag(image, part));
    return;
  }
  const pushed = await pushManifest(image.repository, { ...manifest, subject: image.descriptor });
  await replaceReferrer(image, part, [{ ...pushed, artifactType: EMPTY }]);
}

/** Puts `proof` after those that the image has: a further layer of the tag's manifest, or a further referrer. */
export async function addProof(image: Image, layout: Layout, part: Part, proof: Proof): Promise<void> {
  if (layout === 'legacy') {
    await pushBlob(image.repository, proof.blob);
    const { manifest } = await readManifest(image.repository, legacyTag(image, part));
    const layers = [...(manifest.layers ?? []), ...(proof.manifest.layers ?? [])];
    await pushManifest(image.repository, { ...manifest, layers }, legacyTag(image, part));
    return;
  }
  const pushed = await pushManifest(image.repository, { ...proof.manifest, subject: image.descriptor });
  await listReferrer(image, { ...pushed, artifactType: EMPTY });
}

/** Takes the part away as someone with push rights would: the tag is deleted, or the list shortened. */
export async function removeProof(image: Image, layout: Layout, part: Part): Promise<void> {
  if (layout === 'legacy') await deleteManifest(image.repository, legacyTag(image, part));
  else await replaceReferrer(image, part, []);
}

/** Lists a referrer of one image as if it were one of another, and leaves the referrer's own words as they are. */
export async function listReferrer(image: Image, descriptor: WireDescriptor): Promise<void> {
  await writeReferrers(image, [...(await readReferrers(image)), descriptor]);
}

/** The descriptor, in the list of referrers, of the bundle that holds the image's `part`. */
export async function findReferrer(image: Image, part: Part): Promise<WireDescriptor> {
  for (const descriptor of await readReferrers(image)) {
    if ((await partOf(image.repository, descriptor)) === part) return descriptor;
  }
  throw new Error(`no bundle with the ${part} of ${image.reference}`);
}

async function replaceReferrer(image: Image, part: Part, by: readonly WireDescriptor[]): Promise<void> {
  const kept: WireDescriptor[] = [];
  for (const descriptor of await readReferrers(image)) {
    if ((await partOf(image.repository, descriptor)) !== part) kept.push(descriptor);
  }
  await writeReferrers(image, [...kept, ...by]);
}

async function partOf(repository: Repository, descriptor: WireDescriptor): Promise<Part> {
  const { manifest } = await readManifest(repository, descriptor.digest);
  return manifest.annotations?.[PREDICATE_TYPE] === SIGNATURE_STATEMENT ? 'signature' : 'attestation';
}

async function readReferrers(image: Image): Promise<readonly WireDescriptor[]> {
  if (!(await hasTag(image.repository, fallbackTag(image)))) return [];
  return (await readManifest(image.repository, fallbackTag(image))).manifest.manifests ?? [];
}

async function writeReferrers(image: Image, manifests: readonly WireDescriptor[]): Promise<void> {
  await pushManifest(
    image.repository,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    fallbackTag(image),
  );
}

async function toProof(repository: Repository, reference: string): Promise<Proof> {
  const { manifest } = await readManifest(repository, reference);
  const [layer, ...others] = manifest.layers ?? [];
  if (layer === undefined || others.length > 0) throw new Error(`${reference} has not just one layer`);
  return { manifest, blob: await readBlob(repository, layer.digest) };
}
