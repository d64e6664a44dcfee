// Copies what the tags of a repository lead to, from one registry on this machine to another, byte by byte.
import { z } from 'zod';

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const descriptor = z.looseObject({ digest: z.string() });
const manifest = z.looseObject({ config: descriptor, layers: z.array(descriptor) });

/** Images alone, no indexes. */
export async function copyRepository(repository: string, from: string, to: string): Promise<void> {
  const listed = await request(from, repository, 'tags/list');
  const { tags } = z.object({ tags: z.array(z.string()) }).parse(await listed.json());
  for (const tag of tags) {
    const found = await request(from, repository, `manifests/${tag}`, { headers: { accept: ACCEPT } });
    const bytes = await found.bytes();
    const { config, layers } = manifest.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    for (const { digest } of [config, ...layers]) await copyBlob(repository, digest, from, to);
    const type = found.headers.get('content-type') ?? '';
    await request(to, repository, `manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: bytes,
    });
  }
}

async function copyBlob(repository: string, digest: string, from: string, to: string): Promise<void> {
  const found = await request(from, repository, `blobs/${digest}`);
  const started = await request(to, repository, 'blobs/uploads/', { method: 'POST' });
  const upload = new URL(started.headers.get('location') ?? '', `http://${to}`);
  upload.searchParams.set('digest', digest);
  const done = await fetch(upload, { method: 'PUT', body: await found.bytes() });
  if (!done.ok) throw new Error(`pushing a blob to ${repository}: ${done.status}`);
}

async function request(host: string, repository: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://${host}/v2/${repository}/${path}`, init);
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path} at ${host}: ${response.status}`);
  return response;
}
