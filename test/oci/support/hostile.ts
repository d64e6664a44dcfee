// A registry made by hand for one test: whatever the handler says goes over a real socket. And the client for it.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../../src/base/digest.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { RegistryLimits } from '../../../src/oci/limits.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import type { Repository } from '../../../src/oci/reference.ts';
import { Registry, type RegistryOptions } from '../../../src/oci/registry.ts';
import { FakeClock } from '../../support/clock.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface HostileServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly origin: string;
  readonly asked: Asked[];
  /** Connections that are open now. */
  connections(): Promise<number>;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: Asked,
) => void | Promise<void>;

/** Over TLS with a key pair in PEM, else plain. */
export async function serve(handler: Handler, tls?: { key: string; cert: string }): Promise<HostileServer> {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const record = {
      method,
      url,
      authorization: headers.authorization,
      body: Buffer.concat(chunks).toString(),
    };
    asked.push(record);
    // The client is free to cut a connection; writing to it then is no failure of the test.
    response.on('error', () => {});
    await handler(request, response, record);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    origin: `${tls === undefined ? 'http' : 'https'}://${host}`,
    asked,
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Client extends AsyncDisposable {
  readonly registry: Registry;
  readonly clock: FakeClock;
}

/** Deadlines of real sockets are short, waits between attempts cost nothing, and jitter is at its longest. */
export function client(
  options: Partial<Omit<RegistryOptions, 'clock'>> & { clock?: FakeClock } = {},
): Client {
  const clock = options.clock ?? new FakeClock();
  const registry = new Registry({
    environment: {},
    insecureRegistries: new Set(),
    random: () => 1,
    ...options,
    clock,
    limits: { ...SHORT, ...options.limits },
  });
  return { registry, clock, [Symbol.asyncDispose]: () => registry.close() };
}

const SHORT: Partial<RegistryLimits> = {
  connectMs: 5_000,
  headersMs: 5_000,
  idleBodyMs: 5_000,
  requestMs: 10_000,
};

export function repository(server: { host: string }, name = 'team/app'): Repository {
  return { registry: server.host, name };
}

export const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };

/** The bytes of an image manifest; `salt` makes it another one. */
export function image(salt = ''): Buffer {
  const annotations = { salt };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: EMPTY,
      layers: [EMPTY],
      annotations,
    }),
  );
}

export function index(manifests: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}

export function descriptorOf(bytes: Buffer): { mediaType: string; digest: string; size: number } {
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
}

export function answer(
  response: ServerResponse,
  status: number,
  body: Buffer | string,
  headers: object = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

export function serveManifest(response: ServerResponse, bytes: Buffer, headers: object = {}): void {
  answer(response, 200, bytes, { 'content-type': OCI_MANIFEST, ...headers });
}

export function serveIndex(response: ServerResponse, bytes: Buffer, headers: object = {}): void {
  answer(response, 200, bytes, { 'content-type': OCI_INDEX, ...headers });
}

/** For `expect(promise).rejects.toMatchObject`. */
export function failure(code: ErrorCode): { name: string; code: ErrorCode } {
  return { name: 'ProofgateError', code };
}
