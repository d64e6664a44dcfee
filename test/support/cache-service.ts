// GitHub's cache service, protocol v2, on loopback: the Twirp methods and the signed blob store.
// Written from our notes of what @actions/cache sends; see its `generated/results/api/v1/cache.d.ts`.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const RPC = '/twirp/github.actions.results.api.v1.CacheService/';
const TOKEN = 'runtime-token-of-the-cache-service';

/** An archive, as saved. `body` may be replaced by a test: that is what a poisoned cache is. */
export interface CacheEntry {
  readonly id: number;
  readonly scope: string;
  readonly key: string;
  readonly version: string;
  readonly signature: string;
  body: Buffer;
  /** Visible to readers: finalized. */
  isReady: boolean;
}

/** What a test can match on: the method's name for a Twirp call, `GET blob`, `PUT blob?comp=block`, … */
export type CacheOperation = string;

export type CacheFault =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Accepts the request and never answers. */
  | 'hang'
  /** Answers with the length that was announced, and half of the bytes. */
  | 'truncate';

export interface CacheService extends AsyncDisposable {
  /** What a runner gives to a Node action. */
  readonly environment: Readonly<Record<string, string>>;
  readonly entries: CacheEntry[];
  /** Operations in the order of their arrival, with the key for Twirp calls: `CreateCacheEntry k1`. */
  readonly log: string[];
  /** Own ref first, then those that it may read: base, default branch. Written to is the first. */
  scopes: readonly string[];
  isReadable: boolean;
  isWritable: boolean;
  /** Asked for every request; undefined = behave. */
  fault: (operation: CacheOperation) => CacheFault | undefined;
  /** Emits `request` (operation) when one arrives, and `gone` (operation) when its client left unanswered. */
  readonly events: EventEmitter<{ request: [CacheOperation]; gone: [CacheOperation] }>;
}

interface TwirpRequest {
  readonly key?: string;
  readonly version?: string;
  readonly restore_keys?: readonly string[];
  readonly size_bytes?: string;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const json = (status: number, value: object): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** Starts one; dispose of it to end it with all its connections. */
export async function startCacheService(): Promise<CacheService> {
  const store = new CacheStore();
  const service: Omit<CacheService, 'environment' | typeof Symbol.asyncDispose> = Object.assign(store, {
    log: [],
    fault: () => undefined,
    events: new EventEmitter<{ request: [CacheOperation]; gone: [CacheOperation] }>(),
  });
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', store.origin);
    const body = await readBody(request);
    const operation = nameOf(request, url);
    const twirp: TwirpRequest | undefined = url.pathname.startsWith(RPC) ? JSON.parse(`${body}`) : undefined;
    service.log.push(twirp === undefined ? operation : `${operation} ${twirp.key ?? ''}`);
    response.once('close', () => {
      if (!response.writableFinished) service.events.emit('gone', operation);
    });
    service.events.emit('request', operation);
    const fault = service.fault(operation);
    if (fault === 'hang') return;
    if (typeof fault === 'object') return send(response, { ...json(fault.status, {}), ...fault });
    const reply =
      twirp === undefined ? store.blob(request, url, body) : store.call(operation, twirp, request);
    if (fault === 'truncate') return truncate(response, reply);
    send(response, reply, request.method === 'HEAD');
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  store.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(service, {
    environment: {
      ACTIONS_RESULTS_URL: `${store.origin}/`,
      ACTIONS_RUNTIME_TOKEN: TOKEN,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      GITHUB_SERVER_URL: 'https://github.com',
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** What the service remembers, and its rules. */
class CacheStore {
  readonly entries: CacheEntry[] = [];
  readonly #uploads = new Map<string, { blocks: Map<string, Buffer>; body: Buffer | undefined }>();
  origin = 'http://127.0.0.1';
  scopes: readonly string[] = ['refs/heads/main'];
  isReadable = true;
  isWritable = true;

  call(method: string, body: TwirpRequest, request: IncomingMessage): Reply {
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return json(401, { code: 'unauthenticated', msg: 'bad token' });
    const { key = '', version = '' } = body;
    if (method === 'CreateCacheEntry') return this.#create(key, version);
    if (method === 'FinalizeCacheEntryUpload') return this.#finalize(key, version, body.size_bytes);
    if (method === 'GetCacheEntryDownloadURL') return this.#find(key, version, body.restore_keys ?? []);
    return json(404, { code: 'bad_route', msg: 'no such method' });
  }

  #create(key: string, version: string): Reply {
    if (!this.isWritable)
      return json(200, { ok: false, message: 'cache write denied: token has no writable scopes' });
    if (this.#own(key, version) !== undefined)
      return json(409, { code: 'already_exists', msg: 'an entry with this key, version and scope exists' });
    const signature = randomBytes(16).toString('hex');
    const [id, scope] = [this.entries.length + 1, this.scopes[0] ?? ''];
    this.entries.push({ id, scope, key, version, signature, body: Buffer.alloc(0), isReady: false });
    this.#uploads.set(signature, { blocks: new Map(), body: undefined });
    return json(200, { ok: true, signed_upload_url: this.#signedUrl(signature) });
  }

  #finalize(key: string, version: string, size: string | undefined): Reply {
    const entry = this.#own(key, version);
    const body = entry && this.#uploads.get(entry.signature)?.body;
    if (entry === undefined || body === undefined || String(body.length) !== size)
      return json(200, { ok: false, message: 'no upload of this size' });
    Object.assign(entry, { body, isReady: true });
    return json(200, { ok: true, entry_id: String(entry.id) });
  }

  /** Exact first, then prefixes, of the primary key too; the newest of each; own scope before others. */
  #find(key: string, version: string, restoreKeys: readonly string[]): Reply {
    if (!this.isReadable)
      return json(403, { code: 'permission_denied', msg: 'cache read denied: token has no readable scopes' });
    const live = this.entries.filter((entry) => entry.isReady && entry.version === version).reverse();
    for (const scope of this.scopes) {
      const mine = live.filter((entry) => entry.scope === scope);
      const exact = mine.find((entry) => entry.key === key);
      const prefixes = [key, ...restoreKeys];
      const found = exact ?? prefixes.flatMap((p) => mine.find((e) => e.key.startsWith(p)) ?? [])[0];
      if (found === undefined) continue;
      const url = this.#signedUrl(found.signature);
      return json(200, { ok: true, signed_download_url: url, matched_key: found.key });
    }
    return json(200, { ok: false });
  }

  #own(key: string, version: string): CacheEntry | undefined {
    return this.entries.find(
      (entry) => entry.scope === this.scopes[0] && entry.key === key && entry.version === version,
    );
  }

  #signedUrl(signature: string): string {
    return `${this.origin}/blob/${signature}?sig=${signature}&se=2099-01-01`;
  }

  /** Azure's Put Blob, Put Block, Put Block List, Get Blob and Get Blob Properties. */
  blob(request: IncomingMessage, url: URL, body: Buffer): Reply {
    const signature = url.searchParams.get('sig') ?? '';
    const upload = this.#uploads.get(signature);
    if (upload === undefined || url.pathname !== `/blob/${signature}`) return { status: 403 };
    if (request.method === 'PUT') {
      const kind = url.searchParams.get('comp');
      const [blocks, id] = [upload.blocks, url.searchParams.get('blockid') ?? ''];
      if (kind === 'block') blocks.set(id, body);
      else upload.body = kind === 'blocklist' ? joinBlocks(blocks, body) : body;
      return { status: 201, headers: AZURE_HEADERS };
    }
    const saved = this.entries.find((entry) => entry.signature === signature && entry.isReady);
    return saved === undefined ? { status: 404 } : readRange(saved.body, request.headers);
  }
}

const AZURE_HEADERS = { etag: '"0x1"', 'x-ms-request-id': 'r', 'x-ms-version': '2025-01-05' };

function joinBlocks(blocks: ReadonlyMap<string, Buffer>, list: Buffer): Buffer {
  const ids = `${list}`.matchAll(/<(?:Latest|Committed|Uncommitted)>([^<]+)</g);
  return Buffer.concat([...ids].map(([, id = '']) => blocks.get(id) ?? Buffer.alloc(0)));
}

function readRange(body: Buffer, headers: IncomingMessage['headers']): Reply {
  const range = /bytes=(\d+)-(\d*)/.exec(String(headers['x-ms-range'] ?? headers.range ?? ''));
  if (range === null) return { status: 200, headers: AZURE_HEADERS, body };
  const first = Number(range[1]);
  const last = Math.min(range[2] ? Number(range[2]) : body.length, body.length - 1);
  const part = { 'content-range': `bytes ${first}-${last}/${body.length}` };
  return { status: 206, headers: { ...AZURE_HEADERS, ...part }, body: body.subarray(first, last + 1) };
}

function nameOf({ method }: IncomingMessage, url: URL): CacheOperation {
  if (url.pathname.startsWith(RPC)) return url.pathname.slice(RPC.length);
  const part = url.searchParams.get('comp');
  return `${method} blob${part === null ? '' : `?comp=${part}`}`;
}

function send(response: ServerResponse, { status, headers, body = '' }: Reply, isHead = false): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(isHead ? undefined : body);
}

function truncate(response: ServerResponse, { status, headers, body = '' }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
