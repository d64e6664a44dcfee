// An API server of Kubernetes, as far as one object can be read from it by its name: real TLS, an authority of its own,
// bearer tokens, and the folder that a kubelet mounts.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { type TempDirectory, tempDirectory } from './temp.ts';
import { selfSignedCertificate } from './tls.ts';

export interface ClusterRequest {
  readonly path: string;
  readonly authorization: string;
}

/** Answers in place of the API; false: it was not meant. */
export type ClusterFault = (request: IncomingMessage, response: ServerResponse) => boolean;

export class TestCluster implements Disposable {
  readonly requests: ClusterRequest[] = [];
  readonly faults: ClusterFault[] = [];
  /** Tokens that the API knows. */
  readonly tokens = new Set<string>();
  /** Paths that the service account may not read. */
  readonly forbidden = new Set<string>();
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly #objects = new Map<string, string>();
  readonly #temp: TempDirectory;
  readonly #stop: () => void;

  constructor(port: number, authority: string, temp: TempDirectory, stop: () => void) {
    this.environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
    this.folder = join(temp.path, 'serviceaccount');
    this.#temp = temp;
    this.#stop = stop;
    mkdirSync(this.folder);
    this.mount('ca.crt', authority);
    this.mount('namespace', 'tenant');
    this.rotate('first-token');
  }

  mount(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** As the kubelet does: from now on only the new token is good. */
  rotate(token: string): void {
    this.tokens.clear();
    this.tokens.add(token);
    this.mount('token', `${token}\n`);
  }

  putSecret(namespace: string, name: string, data: unknown): string {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    return this.put(path, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data });
  }

  putKey(namespace: string, name: string, pem: string): string {
    const encode = (text: string) => Buffer.from(text).toString('base64');
    return this.putSecret(namespace, name, {
      'cosign.key': encode('-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----'),
      'cosign.password': encode('hunter2'),
      'cosign.pub': encode(pem),
    });
  }

  putPolicy(namespace: string, name: string, spec: unknown): string {
    const path = `/apis/appstudio.redhat.com/v1alpha1/namespaces/${namespace}/enterprisecontractpolicies/${name}`;
    return this.put(path, {
      apiVersion: 'appstudio.redhat.com/v1alpha1',
      kind: 'EnterpriseContractPolicy',
      metadata: { namespace, name, resourceVersion: '1' },
      spec,
    });
  }

  put(path: string, object: unknown): string {
    this.#objects.set(path, typeof object === 'string' ? object : JSON.stringify(object));
    return path;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { url: path = '', headers } = request;
    const { authorization = '' } = headers;
    this.requests.push({ path, authorization });
    if (this.faults.some((fault) => fault(request, response))) return;
    const object = this.#objects.get(path);
    if (!this.tokens.has(authorization.replace(/^Bearer /, ''))) refuse(response, 401);
    else if (this.forbidden.has(path)) refuse(response, 403);
    else if (object === undefined) refuse(response, 404);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(object);
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#temp.remove();
  }
}

export async function startCluster(): Promise<TestCluster> {
  const { key, cert } = await selfSignedCertificate();
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (request, response) => cluster.answer(request, response));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = new TestCluster(port, cert, tempDirectory(), () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return cluster;
}

/** A `Status`, which quotes what was sent: nobody may print it. */
export function refuse(response: ServerResponse, code: number): void {
  const message = `refused: ${String(response.req.headers.authorization)}`;
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message };
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
