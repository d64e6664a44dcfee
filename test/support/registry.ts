// A real OCI registry on loopback for tests and the demonstration: in memory, over node:http(s), with faults,
// accounts and a log of what it was asked. The parts: registry-store, registry-api, registry-auth, faults.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Fault, type FaultRule, type RequestRecord, send } from './faults.ts';
import { indexOf, type ReferrersMode, RegistryApi } from './registry-api.ts';
import { type AuthOptions, RegistryAuth, type TokenRequest } from './registry-auth.ts';
import {
  type DescriptorStyle,
  RegistryStore,
  toReferrer,
  type WireDescriptor,
  type WireManifest,
} from './registry-store.ts';

export interface RegistryOptions {
  /** Default `native`. */
  readonly referrers?: ReferrersMode;
  /** Default: all on one page. */
  readonly referrersPageSize?: number;
  /** What descriptors of the native referrers list look like. Default `specified`. */
  readonly descriptorStyle?: DescriptorStyle;
  readonly auth?: AuthOptions;
  /** Added before every answer. */
  readonly latencyMs?: number;
  readonly faults?: readonly FaultRule[] | FaultRule;
  /** Serve https with this PEM pair. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The time by which tokens expire. Default: the system's. */
  readonly clock?: { now(): number };
}

export interface TestRegistry {
  /** `127.0.0.1:<port>`, the host part of references. */
  readonly host: string;
  /** `http(s)://<host>`. */
  readonly url: string;
  readonly store: RegistryStore;
  /** In the order of arrival. */
  readonly requests: readonly RequestRecord[];
  readonly tokenRequests: readonly TokenRequest[];
  /** May be changed at any time. */
  readonly faults: FaultRule[];
  latencyMs: number;
  /** Most requests that were under way at one moment. */
  readonly peakConcurrency: number;
  /** Requests whose `METHOD path?query` matches. */
  count(pattern: RegExp): number;
  /** Forgets the logs, not the content. */
  clearLog(): void;
  revokeTokens(): void;
  putBlob(repository: string, bytes: Buffer | string): { digest: string; size: number };
  /** Stores a manifest, and tags it. JSON is written as `JSON.stringify` gives it; bytes are kept as they are. */
  putManifest(
    repository: string,
    manifest: WireManifest | Buffer,
    options?: { readonly tag?: string; readonly mediaType?: string },
  ): WireDescriptor;
  /** Stores a manifest with a `subject`; where there is no referrers API also lists it at the fallback tag, as clients must. */
  putReferrer(repository: string, manifest: WireManifest): WireDescriptor;
  close(): Promise<void>;
}

/** Starts a registry on a free port of 127.0.0.1. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = new LoopbackRegistry(options);
  await registry.listen(options);
  return registry;
}

class LoopbackRegistry implements TestRegistry {
  host = '';
  url = '';
  readonly store = new RegistryStore();
  readonly requests: RequestRecord[] = [];
  readonly faults: FaultRule[];
  latencyMs: number;
  peakConcurrency = 0;
  readonly #api: RegistryApi;
  readonly #auth: RegistryAuth;
  readonly #referrers: ReferrersMode;
  readonly #servers: Server[] = [];
  #underWay = 0;

  constructor(options: RegistryOptions) {
    const { faults = [], referrers = 'native', descriptorStyle = 'specified' } = options;
    this.faults = typeof faults === 'function' ? [faults] : [...faults];
    this.latencyMs = options.latencyMs ?? 0;
    this.#referrers = referrers;
    this.#api = new RegistryApi(this.store, {
      referrers,
      referrersPageSize: options.referrersPageSize ?? Number.POSITIVE_INFINITY,
      descriptorStyle,
    });
    this.#auth = new RegistryAuth(options.auth ?? { type: 'none' }, () => (options.clock ?? Date).now());
  }

  get tokenRequests(): readonly TokenRequest[] {
    return this.#auth.tokenRequests;
  }

  async listen({ tls, auth }: RegistryOptions): Promise<void> {
    const scheme = tls === undefined ? 'http' : 'https';
    this.host = await this.#serve('registry', tls);
    this.url = `${scheme}://${this.host}`;
    const separate = auth?.type === 'bearer' && auth.tokenServer === 'separate';
    this.#auth.realm = `${separate ? `${scheme}://${await this.#serve('token', tls)}` : this.url}/token`;
  }

  count(pattern: RegExp): number {
    return this.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
  }

  clearLog(): void {
    this.requests.length = 0;
    this.#auth.tokenRequests.length = 0;
    this.peakConcurrency = 0;
  }

  revokeTokens(): void {
    this.#auth.revokeTokens();
  }

  putBlob(repository: string, bytes: Buffer | string): { digest: string; size: number } {
    return this.store.putBlob(repository, Buffer.from(bytes));
  }

  putManifest(
    repository: string,
    manifest: WireManifest | Buffer,
    options: { readonly tag?: string; readonly mediaType?: string } = {},
  ): WireDescriptor {
    const bytes = Buffer.isBuffer(manifest) ? manifest : Buffer.from(JSON.stringify(manifest));
    const { mediaType, digest } = this.store.putManifest(repository, bytes, options.mediaType);
    if (options.tag !== undefined) this.store.tag(repository, options.tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  putReferrer(repository: string, manifest: WireManifest): WireDescriptor {
    const descriptor = this.putManifest(repository, manifest);
    const stored = this.store.manifest(repository, descriptor.digest);
    if (this.#referrers === 'native' || stored === undefined || manifest.subject === undefined)
      return descriptor;
    const tag = manifest.subject.digest.replace(':', '-');
    const before = this.store.manifest(repository, tag)?.bytes.toString() ?? '{"manifests":[]}';
    const listed = (JSON.parse(before) as { manifests: WireDescriptor[] }).manifests;
    if (listed.some(({ digest }) => digest === descriptor.digest)) return descriptor;
    this.putManifest(repository, indexOf([...listed, toReferrer(stored, 'cosign')]), { tag });
    return descriptor;
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  async #serve(to: RequestRecord['to'], tls: RegistryOptions['tls']): Promise<string> {
    const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
      this.#respond(to, incoming, response).catch(() => response.destroy());
    };
    const server = tls === undefined ? createHttpServer(listener) : createHttpsServer({ ...tls }, listener);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #respond(
    to: RequestRecord['to'],
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.#underWay += 1;
    this.peakConcurrency = Math.max(this.peakConcurrency, this.#underWay);
    response.once('close', () => {
      this.#underWay -= 1;
    });
    const record = await this.#record(to, incoming);
    if (this.latencyMs > 0) await delay(this.latencyMs);
    send(response, record, this.#answer(record), this.#fault(record));
  }

  async #record(to: RequestRecord['to'], incoming: IncomingMessage): Promise<RequestRecord> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const chunks: Buffer[] = [];
    const record = {
      to,
      method,
      path,
      headers,
      authorization: headers.authorization,
      body: Buffer.alloc(0),
      atMs: Date.now(),
      status: 0,
    };
    this.requests.push(record);
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    record.body = Buffer.concat(chunks);
    return record;
  }

  /** Rules count what they see, so none is asked after one has spoken. */
  #fault(record: RequestRecord): Fault | undefined {
    for (const rule of this.faults) {
      const fault = rule(record);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #answer(record: RequestRecord): Answer {
    if (/^\/token(\?|$)/.test(record.path)) return this.#auth.issue(record);
    return this.#auth.refuse(record, RegistryApi.access(record)) ?? this.#api.handle(record);
  }
}
