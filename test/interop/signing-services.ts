// A door in front of the tests' Sigstore services that speaks Fulcio as cosign does: version 1 of its API for
// cosign 2.5, version 2 with the token in a header for 3.x. All else is handed on.
import { createPublicKey } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toPem } from '../support/keys.ts';
import type { Identity, SigstoreServices } from '../support/sigstore.ts';

export interface SigningServices extends AsyncDisposable {
  /** Base URL of Fulcio, Rekor and the timestamp authority. */
  readonly url: string;
  /** An OIDC token of that identity; cosign reads it, nobody checks its signature. */
  readonly token: string;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly etag?: string;
  readonly body: Buffer | string;
}

/** Everyone who asks gets a certificate for `identity`. */
export async function startSigningServices(
  sigstore: SigstoreServices,
  identity: Identity,
): Promise<SigningServices> {
  const server = createServer((request, response) => {
    respond(sigstore, identity, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: toToken(identity),
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function respond(
  sigstore: SigstoreServices,
  identity: Identity,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const issue = (pem: string) => issueChain(sigstore, identity, pem);
  const { status, contentType, etag, body: answer } = await reply(sigstore.url, request, body, issue);
  const headers = { 'content-type': contentType, ...(etag === undefined ? {} : { etag }) };
  response.writeHead(status, headers).end(answer);
}

async function reply(
  url: string,
  request: IncomingMessage,
  body: Buffer,
  issue: (pem: string) => Promise<readonly string[]>,
): Promise<Reply> {
  if (request.url === '/api/v1/signingCert') {
    const asked = JSON.parse(body.toString()) as { publicKey: { content: string } };
    const chain = await issue(Buffer.from(asked.publicKey.content, 'base64').toString());
    return { status: 201, contentType: 'application/pem-certificate-chain', body: chain.join('') };
  }
  if (request.url === '/api/v2/signingCert') {
    const asked = JSON.parse(body.toString()) as { publicKeyRequest: { publicKey: { content: string } } };
    const certificates = await issue(asked.publicKeyRequest.publicKey.content);
    const answer = JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } });
    return { status: 200, contentType: 'application/json', body: answer };
  }
  const answer = await handOn(url, request, body);
  return request.url === '/api/v1/log/entries' ? { ...answer, ...etagOf(answer) } : answer;
}

/** Rekor names a new entry in this header, and cosign 3 looks it up by that name. */
function etagOf({ status, body }: Reply): { readonly etag?: string } {
  const [uuid] = status === 201 ? Object.keys(JSON.parse(body.toString()) as object) : [];
  return uuid === undefined ? {} : { etag: uuid };
}

async function handOn(url: string, request: IncomingMessage, body: Buffer): Promise<Reply> {
  const { method = 'GET' } = request;
  const sent = method === 'GET' ? {} : { body: new Uint8Array(body) };
  const answer = await fetch(`${url}${request.url}`, { method, ...sent });
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type') ?? 'application/octet-stream',
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

async function issueChain(
  sigstore: SigstoreServices,
  identity: Identity,
  pem: string,
): Promise<readonly string[]> {
  const leaf = await sigstore.issueCertificate(createPublicKey(pem), identity);
  return [toPem(leaf), toPem(sigstore.fulcioRoot)];
}

function toToken({ subject, issuer }: Identity): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { sub: subject, iss: issuer, aud: 'sigstore' };
  return `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}.${Buffer.alloc(64, 1).toString('base64url')}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
