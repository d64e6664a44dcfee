// The registry that other tests lean on, over real HTTP.
import { get } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { FakeClock } from './clock.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from './registry.ts';
import type { WireManifest } from './registry-store.ts';
import { selfSignedCertificate } from './tls.ts';

const running: TestRegistry[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()));
});

async function start(options?: RegistryOptions): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  running.push(registry);
  return registry;
}

const manifest = (registry: TestRegistry, repository: string, seed: string): WireManifest => {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    ...registry.putBlob(repository, `{"${seed}":1}`),
  };
  return { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
};

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('pull', () => {
  test('a manifest is served by tag and by digest, byte for byte', async () => {
    const registry = await start();
    const { digest } = registry.putManifest('team/app', manifest(registry, 'team/app', 'a'), { tag: 'v1' });
    for (const reference of ['v1', digest]) {
      const answer = await fetch(`${registry.url}/v2/team/app/manifests/${reference}`);
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
      expect(answer.headers.get('content-type')).toBe(OCI_MANIFEST);
      expect(digestOf(await answer.text())).toBe(digest);
    }
    expect((await fetch(`${registry.url}/v2/team/app/manifests/v2`)).status).toBe(404);
    const head = await fetch(`${registry.url}/v2/team/app/manifests/v1`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(registry.count(/^GET .*\/manifests\//)).toBe(3);
    expect(registry.requests.map(({ status }) => status)).toEqual([200, 200, 404, 200]);
  });

  test('referrers come in pages with links, and carry artifact types', async () => {
    const registry = await start({ referrersPageSize: 2 });
    const subject = registry.putManifest('app', manifest(registry, 'app', 's'));
    for (const seed of ['a', 'b', 'c', 'd', 'e'])
      registry.putReferrer('app', { ...manifest(registry, 'app', seed), artifactType: 'x/y', subject });
    const seen: string[] = [];
    let next: string | undefined = `/v2/app/referrers/${subject.digest}`;
    let pages = 0;
    for (; next !== undefined; pages += 1) {
      const answer: Response = await fetch(registry.url + next);
      const { manifests } = (await answer.json()) as {
        manifests: { digest: string; artifactType: string }[];
      };
      expect(manifests.every(({ artifactType }) => artifactType === 'x/y')).toBe(true);
      seen.push(...manifests.map(({ digest }) => digest));
      next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect([pages, new Set(seen).size]).toEqual([3, 5]);
  });

  test.each([
    ['absent-text', '404 page not found\n'],
    ['absent-json', 'METHOD_UNKNOWN'],
  ] as const)(
    'without a referrers API (%s) the list is at the fallback tag, typed as cosign types it',
    async (mode, text) => {
      const registry = await start({ referrers: mode });
      const subject = registry.putManifest('app', manifest(registry, 'app', 's'));
      for (const seed of ['a', 'b', 'b'])
        registry.putReferrer('app', { ...manifest(registry, 'app', seed), artifactType: 'x/y', subject });
      const answer = await fetch(`${registry.url}/v2/app/referrers/${subject.digest}`);
      expect([answer.status, (await answer.text()).includes(text)]).toEqual([404, true]);
      const index = await fetch(`${registry.url}/v2/app/manifests/${subject.digest.replace(':', '-')}`);
      const { manifests } = (await index.json()) as { manifests: { artifactType: string }[] };
      expect(manifests.map(({ artifactType }) => artifactType)).toEqual(
        Array(2).fill('application/vnd.oci.image.config.v1+json'),
      );
    },
  );
});

describe('transport', () => {
  test('https is served with the key and certificate that were given', async () => {
    const tls = await selfSignedCertificate();
    const registry = await start({ tls });
    const status = await new Promise((resolve, reject) => {
      get(`${registry.url}/v2/`, { ca: tls.cert }, (answer) => resolve(answer.resume().statusCode)).on(
        'error',
        reject,
      );
    });
    expect([status, registry.url.startsWith('https:')]).toEqual([200, true]);
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
  });

  test('latency holds every answer back, and requests under way together are counted', async () => {
    const registry = await start({ latencyMs: 40 });
    const before = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => fetch(`${registry.url}/v2/`)));
    expect(performance.now() - before).toBeGreaterThan(35);
    expect(registry.peakConcurrency).toBe(5);
  });
});

describe('push', () => {
  test('blobs arrive in one piece, in chunks or by mounting, and a wrong digest is refused', async () => {
    const registry = await start();
    const uploads = `${registry.url}/v2/app/blobs/uploads/`;
    const open = async () =>
      registry.url + (await fetch(uploads, { method: 'POST' })).headers.get('location');
    const location = await open();
    expect((await fetch(location, { method: 'PATCH', body: 'hello ' })).headers.get('range')).toBe('0-5');
    const done = await fetch(`${location}?digest=${digestOf('hello world')}`, {
      method: 'PUT',
      body: 'world',
    });
    expect([done.status, registry.store.blob('app', digestOf('hello world'))?.toString()]).toEqual([
      201,
      'hello world',
    ]);
    expect(
      (await fetch(`${await open()}?digest=${digestOf('x')}`, { method: 'PUT', body: 'y' })).status,
    ).toBe(400);
    const mount = `${registry.url}/v2/other/blobs/uploads/?mount=${digestOf('hello world')}&from=app`;
    expect((await fetch(mount, { method: 'POST' })).status).toBe(201);
  });

  test('a pushed manifest with a subject becomes its referrer', async () => {
    const registry = await start();
    const subject = registry.putManifest('app', manifest(registry, 'app', 's'));
    const body = JSON.stringify({ ...manifest(registry, 'app', 'a'), subject });
    const headers = { 'content-type': OCI_MANIFEST };
    const answer = await fetch(`${registry.url}/v2/app/manifests/sig`, { method: 'PUT', body, headers });
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    const list = await (await fetch(`${registry.url}/v2/app/referrers/${subject.digest}`)).json();
    expect(list).toMatchObject({ manifests: [{ digest: digestOf(body), size: body.length }] });
  });
});

describe('accounts', () => {
  test('basic credentials open only the repositories of their account', async () => {
    const accounts = [{ username: 'ann', password: 'p', repositories: ['team/*'] }];
    const registry = await start({ auth: { type: 'basic', accounts, public: ['open'] } });
    const status = async (repository: string, headers = {}) =>
      (await fetch(`${registry.url}/v2/${repository}/tags/list`, { headers })).status;
    expect(await status('open')).toBe(200);
    expect(await status('team/app')).toBe(401);
    expect(await status('team/app', basic('ann:q'))).toBe(401);
    expect(await status('team/app', basic('ann:p'))).toBe(200);
    expect(await status('other', basic('ann:p'))).toBe(403);
  });

  test.each(['same', 'separate'] as const)(
    'bearer tokens (%s port) are scoped, expire and are revoked',
    async (tokenServer) => {
      const clock = new FakeClock();
      const accounts = [{ username: 'ann', password: 'p', repositories: ['app'], identityToken: 'idt' }];
      const registry = await start({
        clock,
        auth: { type: 'bearer', accounts, tokenServer, tokenLifetimeMs: 60_000 },
      });
      const get = (repository: string, token = '') =>
        fetch(`${registry.url}/v2/${repository}/tags/list`, {
          headers: { authorization: `Bearer ${token}` },
        });
      const challenge = (await get('app')).headers.get('www-authenticate') ?? '';
      const realm = /realm="([^"]+)"/.exec(challenge)?.[1] ?? '';
      expect(challenge).toContain('scope="repository:app:pull"');
      expect(realm.startsWith(registry.url)).toBe(tokenServer === 'same');
      const ask = async (init?: RequestInit) => {
        const answer = await fetch(`${realm}?service=registry.test&scope=repository:app:pull`, init);
        return answer.ok ? ((await answer.json()) as { token: string }).token : answer.status;
      };
      const token = String(await ask({ headers: basic('ann:p') }));
      expect((await get('app', token)).status).toBe(200);
      expect((await get('other', token)).headers.get('www-authenticate')).toContain('insufficient_scope');
      clock.advance(60_000);
      expect((await get('app', token)).status).toBe(401);
      expect(await ask({ headers: basic('ann:q') })).toBe(401);
      expect((await get('app', String(await ask()))).status).toBe(401);
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'idt' });
      const refreshed = String(await ask({ method: 'POST', body }));
      expect((await get('app', refreshed)).status).toBe(200);
      registry.revokeTokens();
      expect((await get('app', refreshed)).status).toBe(401);
      expect(registry.tokenRequests.map(({ account }) => account)).toEqual([
        'ann',
        undefined,
        undefined,
        'ann',
      ]);
    },
  );
});
