// The OCI distribution API over a RegistryStore: pull, push, tags and referrers. It knows nothing of sockets.
import { randomUUID } from 'node:crypto';
import { digestOf } from '../../src/base/digest.ts';
import { OCI_INDEX } from '../../src/oci/media-types.ts';
import type { Answer, RequestRecord } from './faults.ts';
import type { Access } from './registry-auth.ts';
import type { DescriptorStyle, RegistryStore, WireDescriptor, WireManifest } from './registry-store.ts';

/** How `/v2/<name>/referrers/` answers: for real, or 404 as distribution 2.8 (text) and crane's registry (JSON) do. */
export type ReferrersMode = 'native' | 'absent-text' | 'absent-json';

export interface ApiOptions {
  readonly referrers: ReferrersMode;
  /** Descriptors a page; more follow behind a `Link` header. */
  readonly referrersPageSize: number;
  readonly descriptorStyle: DescriptorStyle;
}

interface Call {
  readonly request: RequestRecord;
  readonly repository: string;
  readonly reference: string;
  readonly query: URLSearchParams;
}

const ROUTE = /^\/v2\/(.+?)\/(manifests|blobs|referrers|tags)\/(.*)$/;

export class RegistryApi {
  readonly #store: RegistryStore;
  readonly #options: ApiOptions;
  readonly #uploads = new Map<string, Buffer>();

  constructor(store: RegistryStore, options: ApiOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** What a request is about to do, for the check of its credentials. */
  static access(request: RequestRecord): Access {
    const route = ROUTE.exec(new URL(request.path, 'http://x').pathname);
    return { repository: route?.[1], action: /^(GET|HEAD)$/.test(request.method) ? 'pull' : 'push' };
  }

  handle(request: RequestRecord): Answer {
    const url = new URL(request.path, 'http://x');
    if (url.pathname === '/v2/' || url.pathname === '/v2') return json(200, {});
    const [, repository, kind, rest] = ROUTE.exec(url.pathname) ?? [];
    if (repository === undefined || kind === undefined) return text404();
    const call = { request, repository, reference: decodeURIComponent(rest ?? ''), query: url.searchParams };
    if (kind === 'referrers') return this.#referrers(call);
    if (kind === 'tags') return json(200, { name: repository, tags: this.#store.tags(repository) });
    if (kind === 'manifests')
      return request.method === 'PUT' ? this.#putManifest(call) : this.#manifest(call);
    return call.reference.startsWith('uploads') ? this.#upload(call) : this.#blob(call);
  }

  #manifest({ repository, reference }: Call): Answer {
    const stored = this.#store.manifest(repository, reference);
    if (stored === undefined) return failure(404, 'MANIFEST_UNKNOWN');
    return content(stored.bytes, stored.mediaType, stored.digest);
  }

  #blob({ repository, reference }: Call): Answer {
    const bytes = this.#store.blob(repository, reference);
    return bytes === undefined
      ? failure(404, 'BLOB_UNKNOWN')
      : content(bytes, 'application/octet-stream', reference);
  }

  #putManifest({ request, repository, reference }: Call): Answer {
    const digest = digestOf(request.body);
    if (reference.includes(':') && reference !== digest) return failure(400, 'DIGEST_INVALID');
    const mediaType = request.headers['content-type'];
    const stored = this.#store.putManifest(repository, request.body, mediaType as string | undefined);
    if (!reference.includes(':')) this.#store.tag(repository, reference, digest);
    const subject = (JSON.parse(stored.bytes.toString()) as WireManifest).subject?.digest;
    const processed = this.#options.referrers === 'native' && subject !== undefined;
    return created(
      `/v2/${repository}/manifests/${digest}`,
      digest,
      processed ? { 'oci-subject': subject } : {},
    );
  }

  #upload(call: Call): Answer {
    const { request, repository, query } = call;
    const id = call.reference.split('/')[1] ?? '';
    if (request.method === 'POST') return this.#startUpload(call);
    const sofar = this.#uploads.get(id);
    if (sofar === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN');
    const bytes = Buffer.concat([sofar, request.body]);
    if (request.method === 'PUT') {
      this.#uploads.delete(id);
      return this.#finishUpload(repository, bytes, query.get('digest'));
    }
    this.#uploads.set(id, bytes);
    return accepted(repository, id, bytes.length);
  }

  #startUpload({ request, repository, query }: Call): Answer {
    const mount = this.#store.blob(query.get('from') ?? '', query.get('mount') ?? '');
    if (mount !== undefined) return this.#finishUpload(repository, mount, query.get('mount'));
    if (query.has('digest')) return this.#finishUpload(repository, request.body, query.get('digest'));
    const id = randomUUID();
    this.#uploads.set(id, Buffer.alloc(0));
    return accepted(repository, id, 0);
  }

  #finishUpload(repository: string, bytes: Buffer, digest: string | null): Answer {
    if (digest !== digestOf(bytes)) return failure(400, 'DIGEST_INVALID');
    this.#store.putBlob(repository, bytes);
    return created(`/v2/${repository}/blobs/${digest}`, digest);
  }

  #referrers({ repository, reference, query }: Call): Answer {
    if (this.#options.referrers === 'absent-text') return text404();
    if (this.#options.referrers === 'absent-json') return failure(404, 'METHOD_UNKNOWN');
    const wanted = query.get('artifactType');
    const all = this.#store
      .referrers(repository, reference, this.#options.descriptorStyle)
      .filter((descriptor) => wanted === null || descriptor.artifactType === wanted);
    const start = Number(query.get('start') ?? 0);
    const end = start + this.#options.referrersPageSize;
    const headers: Record<string, string> = { 'content-type': OCI_INDEX };
    if (wanted !== null) headers['oci-filters-applied'] = 'artifactType';
    if (end < all.length) {
      const next = new URLSearchParams({
        ...(wanted === null ? {} : { artifactType: wanted }),
        start: String(end),
      });
      headers.link = `</v2/${repository}/referrers/${reference}?${next}>; rel="next"`;
    }
    return { status: 200, headers, body: indexOf(all.slice(start, end)) };
  }
}

/** An image index over these descriptors, as bytes. */
export function indexOf(manifests: readonly WireDescriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}

function content(body: Buffer, mediaType: string, digest: string): Answer {
  return { status: 200, headers: { 'content-type': mediaType, 'docker-content-digest': digest }, body };
}

function created(location: string, digest: string, more: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 201,
    headers: { location, 'docker-content-digest': digest, ...more },
    body: Buffer.alloc(0),
  };
}

function accepted(repository: string, id: string, received: number): Answer {
  const headers = {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, received - 1)}`,
    'docker-upload-uuid': id,
  };
  return { status: 202, headers, body: Buffer.alloc(0) };
}

function json(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

function failure(status: number, code: string): Answer {
  return json(status, { errors: [{ code, message: code.toLowerCase().replaceAll('_', ' '), detail: null }] });
}

function text404(): Answer {
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from('404 page not found\n'),
  };
}
