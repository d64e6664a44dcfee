// Fulcio, a CT log, Rekor v1 and v2, a timestamp authority and a TUF mirror on one loopback port, with real
// cryptography from @sigstore/mock and @tufjs/repo-mock. Deep imports on purpose: the packages' entry points
// load nock, which patches node:http for the whole process.
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fulcio from '@sigstore/mock/dist/fulcio/index.js';
import rekor from '@sigstore/mock/dist/rekor/index.js';
import timestamp from '@sigstore/mock/dist/timestamp/index.js';
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import tufHandler from '@tufjs/repo-mock/dist/handler.js';
import tufRepo from '@tufjs/repo-mock/dist/repo.js';
import { fromPem } from './keys.ts';
import { TransparencyLog } from './transparency-log.ts';

export interface Identity {
  /** The certificate's subject alternative name, a URI. */
  readonly subject: string;
  readonly issuer: string;
  /** Further claims of the token; GitHub's become Fulcio's extensions. */
  readonly claims?: Readonly<Record<string, string>>;
}

export interface SigstoreServices {
  /** Base URL of all of them; also the TUF mirror (metadata at the root, targets under `/targets`). */
  readonly url: string;
  readonly trustedRoot: Readonly<Record<string, unknown>>;
  /** `trustedRoot` as the text of a file. */
  readonly trustedRootJson: string;
  /** The TUF mirror's first root metadata, as the text of a file. */
  readonly tufRoot: string;
  /** How often each `METHOD path` was asked for. */
  readonly hits: Readonly<Record<string, number>>;
  readonly log: TransparencyLog;
  readonly fulcioRoot: Buffer;
  /**
   * What these services take for now, in milliseconds; change it to sign later than now. Not earlier: the
   * authorities' own certificates begin when the services start, and end a year later.
   */
  now: () => number;
  /** A ten-minute certificate (DER) with SCT for a P-256 key, asked of Fulcio with a token of this identity. */
  issueCertificate(publicKey: KeyObject, identity: Identity): Promise<Buffer>;
  /** An RFC 3161 response (DER) over the SHA-256 of `bytes`. */
  timestamp(bytes: Buffer): Promise<Buffer>;
  close(): Promise<void>;
}

interface Reply {
  readonly statusCode: number;
  readonly response: string | ArrayBufferView;
  readonly contentType?: string | undefined;
}
type Route = (body: string) => Reply | Promise<Reply>;

const HOUR_MS = 3_600_000;
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** Starts fresh services with keys of their own: two instances do not trust each other. */
export async function startSigstore(): Promise<SigstoreServices> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = { now: () => Date.now() };
  const authorities = await startAuthorities(url, () => clock.now());
  const log = new TransparencyLog(authorities.tlog);
  const trustedRoot = toTrustedRoot(url, authorities) as Readonly<Record<string, unknown>>;
  const trustedRootJson = JSON.stringify(trustedRoot);
  const repository = tufRepo.initializeTUFRepo([{ name: 'trusted_root.json', content: trustedRootJson }]);
  const routes = toRoutes(authorities, log, tufHandler.tufHandlers(repository, { metadataPathPrefix: '' }));
  const hits: Record<string, number> = {};
  server.on('request', (request, response) => {
    respond(routes, log, hits, request, response).catch(() => response.destroy());
  });
  return {
    url,
    trustedRoot,
    trustedRootJson,
    tufRoot: JSON.stringify(repository.rootMeta.toJSON()),
    hits,
    log,
    fulcioRoot: toBuffer(authorities.ca.rootCertificate),
    get now() {
      return clock.now;
    },
    set now(now) {
      clock.now = now;
    },
    issueCertificate: (publicKey, identity) => issue(routes, publicKey, identity),
    timestamp: async (bytes) => toBuffer(await authorities.tsa.timestamp(timestampRequest(bytes))),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Authorities = Awaited<ReturnType<typeof startAuthorities>>;

async function startAuthorities(url: string, now: () => number) {
  const ct = await fulcio.initializeCTLog(pair());
  const ca = await fulcio.initializeCA(pair(), ct);
  const tlog = await rekor.initializeTLog(url, pair());
  const tsa = await timestamp.initializeTSA(pair());
  // Whole seconds: @sigstore/core reads only fractions of exactly three digits, and DER drops trailing zeros.
  const wholeSeconds = () => Math.floor(now() / 1000) * 1000;
  Object.assign(tlog, { getCurrentTime: wholeSeconds });
  for (const authority of [ct, ca, tsa])
    Object.assign(authority, { getCurrentTime: () => new Date(wholeSeconds()) });
  return { ct, ca, tlog, tsa };
}

function toTrustedRoot(url: string, { ct, ca, tlog, tsa }: Authorities): unknown {
  const validFor = { start: new Date(Date.now() - HOUR_MS) };
  const keyDetails = PublicKeyDetails.PKIX_ECDSA_P256_SHA_256;
  const logOf = (rawBytes: Buffer) => ({
    baseUrl: url,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes, keyDetails, validFor },
    logId: { keyId: sha256(rawBytes) },
    checkpointKeyId: undefined,
    operator: '',
  });
  const authorityOf = (...certificates: ArrayBufferView[]) => ({
    subject: { commonName: 'sigstore', organization: 'sigstore.mock' },
    uri: url,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: toBuffer(der) })) },
    validFor,
    operator: '',
  });
  return TrustedRoot.toJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf(tlog.publicKey)],
    ctlogs: [logOf(ct.publicKey)],
    certificateAuthorities: [authorityOf(ca.rootCertificate)],
    timestampAuthorities: [authorityOf(tsa.intCertificate, tsa.rootCertificate)],
  });
}

function toRoutes(
  { ca, tsa }: Authorities,
  log: TransparencyLog,
  tuf: readonly { path: string; fn: Route }[],
): Map<string, Route> {
  const handlerLog = log.toHandlerLog();
  const posts = [
    fulcio.fulcioHandler(ca),
    rekor.rekorHandler(handlerLog),
    rekor.rekorV2Handler(handlerLog),
    timestamp.tsaHandler(tsa),
  ];
  return new Map<string, Route>([
    ...posts.map(({ path, fn }): [string, Route] => [`POST ${path}`, fn]),
    ...tuf.map(({ path, fn }): [string, Route] => [`GET ${path}`, fn]),
    ['POST /api/v1/index/retrieve', (body) => json(log.searchIndex(body))],
    ['POST /api/v1/log/entries/retrieve', (body) => json(log.retrieve(body))],
  ]);
}

function json(value: unknown): Reply {
  return { statusCode: 200, response: JSON.stringify(value), contentType: 'application/json' };
}

async function respond(
  routes: ReadonlyMap<string, Route>,
  log: TransparencyLog,
  hits: Record<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const name = `${request.method} ${request.url}`;
  hits[name] = (hits[name] ?? 0) + 1;
  const entry = log.entry(/^GET \/api\/v1\/log\/entries\/(\w+)$/.exec(name)?.[1] ?? '');
  const route =
    entry === undefined ? routes.get(name) : () => json({ [name.slice(name.lastIndexOf('/') + 1)]: entry });
  const reply = (await route?.(Buffer.concat(chunks).toString())) ?? {
    statusCode: 404,
    response: 'not found',
  };
  response.writeHead(reply.statusCode, { 'content-type': reply.contentType ?? 'text/plain' });
  response.end(typeof reply.response === 'string' ? reply.response : toBuffer(reply.response));
}

/** An OIDC token that nobody signed: the mock Fulcio reads its claims and asks no further. */
export function fakeToken({ subject, issuer, claims }: Identity): string {
  const parts = [{ alg: 'none' }, { ...claims, sub: subject, iss: issuer, aud: 'sigstore' }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}

async function issue(
  routes: ReadonlyMap<string, Route>,
  publicKey: KeyObject,
  identity: Identity,
): Promise<Buffer> {
  const content = publicKey.export({ type: 'spki', format: 'pem' });
  const request = {
    credentials: { oidcIdentityToken: fakeToken(identity) },
    publicKeyRequest: { publicKey: { algorithm: 'ECDSA', content } },
  };
  const reply = await routes.get('POST /api/v2/signingCert')?.(JSON.stringify(request));
  if (reply?.statusCode !== 201) throw new Error(`Fulcio refused: ${String(reply?.response)}`);
  const answer = JSON.parse(reply.response as string) as {
    signedCertificateEmbeddedSct: { chain: { certificates: [string, string] } };
  };
  return fromPem(answer.signedCertificateEmbeddedSct.chain.certificates[0]);
}

function timestampRequest(bytes: Buffer) {
  const policyOID = '1.3.6.1.4.1.57264.2';
  return {
    artifactHash: sha256(bytes),
    hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
    nonce: 1_234_567_890,
    policyOID,
    certReq: true,
  };
}

function toBuffer(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
