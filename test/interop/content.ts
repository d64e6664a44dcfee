// Puts content into a real registry, and takes it out, over the OCI distribution protocol's raw HTTP.
import { randomUUID } from 'node:crypto';
import { type Digest, digestOf, parseDigest } from '../../src/base/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';

export interface Repository {
  /** `127.0.0.1:port` of a registry that speaks plain HTTP and asks nobody who they are. */
  readonly host: string;
  readonly name: string;
}

export interface WireDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

/** A manifest or an index as JSON; nothing is checked: these are our own tests' words. */
export interface WireManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config?: WireDescriptor;
  readonly layers?: readonly WireDescriptor[];
  readonly manifests?: readonly WireDescriptor[];
  readonly subject?: WireDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Image {
  readonly repository: Repository;
  readonly descriptor: WireDescriptor;
  /** `host/name@digest` */
  readonly reference: string;
}

/** An image like no other: its configuration holds a random word. */
export async function pushImage(repository: Repository): Promise<Image> {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { unique: randomUUID() } },
    rootfs: { type: 'layers', diff_ids: [] },
  };
  const pushed = await pushBlob(repository, Buffer.from(JSON.stringify(config)));
  const descriptor = await pushManifest(repository, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...pushed },
    layers: [],
  });
  return { repository, descriptor, reference: toReference(repository, descriptor.digest) };
}

export function toReference(repository: Repository, digest: Digest): string {
  return `${repository.host}/${repository.name}@${digest}`;
}

export async function pushBlob(
  repository: Repository,
  bytes: Buffer,
): Promise<{ digest: Digest; size: number }> {
  const digest = digestOf(bytes);
  const started = await request(repository, 'POST', 'blobs/uploads/');
  const upload = new URL(started.headers.get('location') ?? '', `http://${repository.host}`);
  upload.searchParams.set('digest', digest);
  const done = await fetch(upload, { method: 'PUT', body: new Uint8Array(bytes) });
  if (!done.ok) throw new Error(`pushing a blob to ${repository.name}: ${done.status}`);
  return { digest, size: bytes.length };
}

export async function readBlob(repository: Repository, digest: Digest): Promise<Buffer> {
  const response = await request(repository, 'GET', `blobs/${digest}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Pushes to `tag`, or to the manifest's own digest. */
export async function pushManifest(
  repository: Repository,
  manifest: WireManifest,
  tag?: string,
): Promise<WireDescriptor> {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  await request(repository, 'PUT', `manifests/${tag ?? digest}`, {
    headers: { 'content-type': manifest.mediaType },
    body: new Uint8Array(bytes),
  });
  return { mediaType: manifest.mediaType, digest, size: bytes.length };
}

export async function readManifest(
  repository: Repository,
  reference: string,
): Promise<{ manifest: WireManifest; digest: Digest }> {
  const response = await request(repository, 'GET', `manifests/${reference}`, {
    headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
  });
  const digest = parseDigest(response.headers.get('docker-content-digest') ?? '');
  return { manifest: (await response.json()) as WireManifest, digest };
}

export async function hasTag(repository: Repository, tag: string): Promise<boolean> {
  const response = await fetch(`http://${repository.host}/v2/${repository.name}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
  });
  return response.ok;
}

/** Deletes the manifest behind a tag, and with it every tag that names it. */
export async function deleteManifest(repository: Repository, tag: string): Promise<void> {
  const { digest } = await readManifest(repository, tag);
  await request(repository, 'DELETE', `manifests/${digest}`);
}

async function request(
  repository: Repository,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const response = await fetch(`http://${repository.host}/v2/${repository.name}/${path}`, {
    ...init,
    method,
  });
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${(await response.text()).slice(0, 500)}`);
  return response;
}
