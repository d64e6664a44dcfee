import { readdirSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import tufHandler from '@tufjs/repo-mock/dist/handler.js';
import tufRepo from '@tufjs/repo-mock/dist/repo.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import type { HttpClient } from '../../src/base/http.ts';
import { loadTrust, parseTrustedRoot, type TrustSource } from '../../src/verify/trust.ts';
import type { BundleJson } from '../support/bundle-layout.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';
import { startAuthority } from './support/authority.ts';
import { publicGoodRoot } from './support/conformance.ts';
import { plainHttp } from './support/http.ts';
import {
  errorOf,
  IDENTITY,
  IMAGE_SUBJECT,
  KEYLESS,
  rootWith,
  signMessage,
  verifierFor,
} from './support/world.ts';

let sigstore: SigstoreServices;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

const changed = (change: (root: BundleJson) => void): string => {
  const root = structuredClone(sigstore.trustedRoot) as BundleJson;
  change(root);
  return JSON.stringify(root);
};

describe('a trusted root', () => {
  it('of the public-good instance is usable as it is', () => {
    const trust = parseTrustedRoot(publicGoodRoot, 'public good');
    expect(trust.warnings).toEqual([]);
    expect(trust.summary).toEqual({ source: 'public good', fingerprint: trust.fingerprint });
    expect(trust.material.tlogs.length).toBeGreaterThanOrEqual(2);
  });

  it('has a fingerprint that spacing does not change and contents do', () => {
    const { fingerprint } = parseTrustedRoot(sigstore.trustedRootJson, 'a');
    expect(parseTrustedRoot(JSON.stringify(sigstore.trustedRoot, null, 2), 'b').fingerprint).toBe(
      fingerprint,
    );
    expect(
      parseTrustedRoot(
        changed(({ tlogs }) => tlogs.pop()),
        'c',
      ).fingerprint,
    ).not.toBe(fingerprint);
  });

  it('may be empty: there are users who trust keys alone', () => {
    const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
    expect(parseTrustedRoot(JSON.stringify({ mediaType }), 'empty').material.tlogs).toEqual([]);
  });

  const BROKEN: readonly (readonly [string, (root: BundleJson) => void])[] = [
    ['no media type', (root) => delete root.mediaType],
    [
      'the media type of a bundle',
      (root) => Object.assign(root, { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }),
    ],
    [
      'the media type of a version to come',
      (root) =>
        Object.assign(root, { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.10' }),
    ],
    ['a log key without a start', ({ tlogs }) => delete tlogs[0].publicKey.validFor.start],
    ['a log key that is always valid', ({ tlogs }) => delete tlogs[0].publicKey.validFor],
    ['a certificate log key without a start', ({ ctlogs }) => delete ctlogs[0].publicKey.validFor.start],
    [
      'a log key from a time that is none',
      ({ tlogs }) => Object.assign(tlogs[0].publicKey.validFor, { start: 'yesterday' }),
    ],
    ['a log without a key', ({ tlogs }) => delete tlogs[0].publicKey],
    ['a log key that is none', ({ tlogs }) => Object.assign(tlogs[0].publicKey, { rawBytes: 'AAAA' })],
    ['a log without an ID', ({ tlogs }) => delete tlogs[0].logId],
    [
      'an authority without a chain',
      ({ certificateAuthorities }) => delete certificateAuthorities[0].certChain,
    ],
    [
      'a certificate that is none',
      ({ certificateAuthorities }) =>
        Object.assign(certificateAuthorities[0].certChain.certificates[0], { rawBytes: 'AAAA' }),
    ],
    ['logs that are no list', (root) => Object.assign(root, { tlogs: {} })],
  ];
  it.each(BROKEN)('with %s is refused', async (_, change) => {
    const error = await errorOf(() => parseTrustedRoot(changed(change), 'root.json'));
    expect(error.code).toBe('BAD_TRUSTED_ROOT');
    expect(error.message).toContain('root.json');
  });

  it.each(['', '{', '[]', 'null', '"x"', `${'['.repeat(1e5)}`])('%.10s is refused', async (text) => {
    expect((await errorOf(() => parseTrustedRoot(text, 'root.json'))).code).toBe('BAD_TRUSTED_ROOT');
  });

  it('an authority that ends in no self-signed root is left out, with a warning', async () => {
    const authority = await startAuthority();
    const leaf = await authority.issue({ isAuthority: true, keyUsage: 0b100001 });
    const trust = parseTrustedRoot(rootWith(sigstore, authority, [leaf.der]), 'root.json');
    expect(trust.material.certificateAuthorities).toEqual([]);
    expect(trust.warnings).toMatchObject([{ code: 'trust.unusable_authority' }]);
    const evidence = await signMessage({ signer: KEYLESS, sigstore });
    const verifier = verifierFor(rootWith(sigstore, authority, [leaf.der]));
    expect((await errorOf(verifier.verify(evidence, IMAGE_SUBJECT, IDENTITY))).code).toBe(
      'CERTIFICATE_INVALID',
    );
  });

  it('a timestamp authority whose certificate is for code is left out, with a warning', async () => {
    const authority = await startAuthority();
    const { der } = await authority.issue();
    const root = changed(({ timestampAuthorities }) => {
      const certificates = [der, authority.rootDer].map((each) => ({ rawBytes: each.toString('base64') }));
      timestampAuthorities[0].certChain = { certificates };
    });
    const trust = parseTrustedRoot(root, 'root.json');
    expect(trust.material.timestampAuthorities).toEqual([]);
    expect(trust.warnings[0]?.message).toContain('time stamping');
  });
});

/** Serves on loopback for as long as `use` runs. */
async function serving<T>(handle: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

type Repo = ReturnType<typeof tufRepo.initializeTUFRepo>;

async function respond(repo: Repo, path: string): Promise<{ status: number; body: Buffer | string }> {
  const handler = tufHandler.tufHandlers(repo, { metadataPathPrefix: '' }).find((each) => each.path === path);
  if (handler === undefined) return { status: 404, body: 'no' };
  const { statusCode, response } = await handler.fn();
  const body = typeof response === 'string' ? response : Buffer.from(response);
  return { status: statusCode, body };
}

/** A mirror whose answers `alter` may change; undefined leaves one as it is. */
function mirror(
  repo: Repo,
  alter: (path: string, body: string) => string | number | undefined = () => undefined,
): RequestListener {
  return (request, response) => {
    const path = request.url ?? '';
    respond(repo, path).then(
      ({ status, body }) => {
        const altered = alter(path, body.toString());
        if (typeof altered === 'number') response.writeHead(altered).end('no');
        else response.writeHead(altered === undefined ? status : 200).end(altered ?? body);
      },
      () => response.destroy(),
    );
  };
}

const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith('proofgate-tuf-'));

describe('a TUF mirror', () => {
  let repo: Repo;
  let rootJson: Buffer;
  beforeAll(() => {
    repo = tufRepo.initializeTUFRepo([{ name: 'trusted_root.json', content: sigstore.trustedRootJson }]);
    rootJson = Buffer.from(JSON.stringify(repo.rootMeta.toJSON()));
  });
  const source = (mirrorUrl: string, root = rootJson): TrustSource => ({
    type: 'tuf',
    mirrorUrl,
    rootJson: root,
  });

  it('gives the trusted root, and leaves no file behind', async () => {
    const before = temporary();
    const trust = await loadTrust(
      { type: 'tuf', mirrorUrl: `${sigstore.url}/`, rootJson: Buffer.from(sigstore.tufRoot) },
      plainHttp,
    );
    expect(trust.fingerprint).toBe(parseTrustedRoot(sigstore.trustedRootJson, 'x').fingerprint);
    expect(trust.summary.source).toBe(`${sigstore.url}/`);
    expect(temporary()).toEqual(before);
  });

  it('is asked anew each time: nothing is cached', async () => {
    const asked: string[] = [];
    const http: HttpClient = (request) => {
      asked.push(new URL(request.url).pathname);
      return plainHttp(request);
    };
    await serving(mirror(repo), async (url) => {
      await loadTrust(source(url), http);
      const first = asked.splice(0);
      await loadTrust(source(url), http);
      expect(asked).toEqual(first);
      expect(asked).toContain('/timestamp.json');
    });
  });

  it('a planted repository, signed by someone else, is unavailable trust', async () => {
    const planted = tufRepo.initializeTUFRepo([{ name: 'trusted_root.json', content: publicGoodRoot }]);
    const error = await errorOf(serving(mirror(planted), (url) => loadTrust(source(url), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
    expect(error.message).toContain('does not verify');
  });

  const DAMAGE: readonly (readonly [string, Parameters<typeof mirror>[1]])[] = [
    [
      'an altered target',
      (path, body) => (path.includes('trusted_root') ? body.replace('"ctlogs"', '"ctlogz"') : undefined),
    ],
    ['a target that is longer', (path, body) => (path.includes('trusted_root') ? `${body} ` : undefined)],
    [
      'an altered timestamp',
      (path, body) => (path.includes('timestamp') ? body.replace(/"version":1/, '"version":2') : undefined),
    ],
    [
      'an altered snapshot',
      (path, body) => (path.includes('snapshot') ? body.replace(/20\d\d-/, '2099-') : undefined),
    ],
    [
      'altered targets',
      (path, body) =>
        path.includes('targets.json') ? body.replace(/[0-9a-f]{64}/, 'a'.repeat(64)) : undefined,
    ],
    ['metadata that is no JSON', (path) => (path.includes('timestamp') ? '<html>' : undefined)],
    ['a next root that nobody signed', (path) => (path.includes('2.root') ? rootJson.toString() : undefined)],
    ['metadata without end', (path) => (path.includes('timestamp') ? 'x'.repeat(1_000_000) : undefined)],
  ];
  it.each(DAMAGE)('%s is unavailable trust', async (_, alter) => {
    const before = temporary();
    const error = await errorOf(serving(mirror(repo, alter), (url) => loadTrust(source(url), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
    expect(error.message).toContain('does not verify');
    expect(temporary()).toEqual(before);
  });

  it('expired metadata is unavailable trust', async () => {
    // The mock's metadata lives for a year from now: make it two years ago.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 2 * 366 * 86_400_000 });
    const old = tufRepo.initializeTUFRepo([{ name: 'trusted_root.json', content: sigstore.trustedRootJson }]);
    vi.useRealTimers();
    const root = Buffer.from(JSON.stringify(old.rootMeta.toJSON()));
    const error = await errorOf(serving(mirror(old), (url) => loadTrust(source(url, root), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
    expect(error.message).toMatch(/expired/i);
  });

  it('a repository without the target is unavailable trust', async () => {
    const other = tufRepo.initializeTUFRepo([{ name: 'other.json', content: '{}' }]);
    const root = Buffer.from(JSON.stringify(other.rootMeta.toJSON()));
    const error = await errorOf(serving(mirror(other), (url) => loadTrust(source(url, root), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
  });

  it('a target that is no trusted root is unavailable trust', async () => {
    const other = tufRepo.initializeTUFRepo([{ name: 'trusted_root.json', content: '{}' }]);
    const root = Buffer.from(JSON.stringify(other.rootMeta.toJSON()));
    const error = await errorOf(serving(mirror(other), (url) => loadTrust(source(url, root), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
  });

  it.each([503, 403, 404, 429])('a mirror that answers %i is unavailable trust', async (status) => {
    const error = await errorOf(
      serving(
        mirror(repo, () => status),
        (url) => loadTrust(source(url), plainHttp),
      ),
    );
    expect(error.code).toBe('TRUST_UNAVAILABLE');
    expect(error.message).toContain(`HTTP ${status}`);
  });

  it('a mirror that fails half-way is unavailable, not unverifiable', async () => {
    const alter = (path: string) => (path.includes('snapshot') ? 500 : undefined);
    const error = await errorOf(serving(mirror(repo, alter), (url) => loadTrust(source(url), plainHttp)));
    expect(error.code).toBe('TRUST_UNAVAILABLE');
    expect(error.message).toContain('HTTP 500');
  });

  it('a mirror that is not there is unavailable trust', async () => {
    const url = await serving(
      () => {},
      async (gone) => gone,
    );
    expect((await errorOf(loadTrust(source(url), plainHttp))).code).toBe('TRUST_UNAVAILABLE');
  });

  it.each(['', '{}', 'null', '{"signed":{},"signatures":[]}'])('%j is no TUF root', async (text) => {
    const error = await errorOf(loadTrust(source(sigstore.url, Buffer.from(text)), plainHttp));
    expect(error.code).toBe('BAD_TRUSTED_ROOT');
  });

  it('a cancelled run ends with its reason', async () => {
    const reason = new ProofgateError('CANCELLED', 'enough');
    const http: HttpClient = (request) => plainHttp({ ...request, signal: AbortSignal.abort(reason) });
    await expect(loadTrust(source(sigstore.url), http, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('the public-good instance', () => {
  const answering = (handle: HttpClient): HttpClient => handle;

  it('that cannot be reached falls back to the shipped root, and says so', async () => {
    for (const code of ['NETWORK', 'TIMEOUT'] as const) {
      const http = answering(() => Promise.reject(new ProofgateError(code, 'offline')));
      const trust = await loadTrust({ type: 'public-good' }, http);
      expect(trust.fingerprint).toBe(parseTrustedRoot(publicGoodRoot, 'x').fingerprint);
      expect(trust.warnings).toMatchObject([{ code: 'trust.shipped_root' }]);
    }
    const refusing = answering(async () => ({ status: 503, body: Buffer.from('') }));
    expect((await loadTrust({ type: 'public-good' }, refusing)).warnings).toHaveLength(1);
  });

  it('that answers with metadata that does not verify is never papered over', async () => {
    const repo = tufRepo.initializeTUFRepo([
      { name: 'trusted_root.json', content: sigstore.trustedRootJson },
    ]);
    const planted = answering(async ({ url }) => {
      const { status, body } = await respond(repo, new URL(url).pathname);
      return { status, body: Buffer.from(body) };
    });
    const html = answering(async () => ({ status: 200, body: Buffer.from('<html>log in</html>') }));
    const endless = answering(() => Promise.reject(new ProofgateError('CONTENT_TOO_LARGE', 'endless')));
    const elsewhere = answering(() => Promise.reject(new ProofgateError('REDIRECT_REFUSED', 'elsewhere')));
    for (const http of [planted, html, endless, elsewhere]) {
      expect((await errorOf(loadTrust({ type: 'public-good' }, http))).code).toBe('TRUST_UNAVAILABLE');
    }
  });

  it('a cancelled look-up is not an outage', async () => {
    const reason = new ProofgateError('CANCELLED', 'enough');
    const http = answering(() => Promise.reject(reason));
    await expect(loadTrust({ type: 'public-good' }, http, AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(loadTrust({ type: 'public-good' }, http)).rejects.toBe(reason);
  });
});
