import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { parseSecretReference } from '../../src/cluster/object-reference.ts';
import { parsePublicKeys } from '../../src/verify/keys.ts';
import { FakeClock } from '../support/clock.ts';
import { generateKey } from '../support/keys.ts';
import { type ClusterFault, startCluster, type TestCluster } from '../support/kubernetes.ts';
import { selfSignedCertificate } from '../support/tls.ts';
import { codeOf, errorOf } from '../verify/support/world.ts';

const KEY = generateKey().publicPem;
const PRIVATE_KEY = generateKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const SECRET = { namespace: 'openshift-pipelines', name: 'public-key' };
const SECRET_TEXT = JSON.stringify({
  metadata: SECRET,
  data: { 'cosign.pub': Buffer.from(KEY).toString('base64') },
});
const LIMITS = { attemptMs: 20_000, delaysMs: [10, 20], maxBytes: 100_000 };

let api: TestCluster;
let clock: FakeClock;
let secretPath: string;
beforeEach(async () => {
  api = await startCluster();
  clock = new FakeClock();
  secretPath = api.putKey(SECRET.namespace, SECRET.name, KEY);
});
afterEach(() => {
  vi.unstubAllEnvs();
  api[Symbol.dispose]();
});

const open = (more: object = {}) =>
  new Cluster({
    environment: api.environment,
    clock,
    offline: false,
    folder: api.folder,
    limits: LIMITS,
    ...more,
  });
const fetchKeys = (more: object = {}) => open(more).fetchPublicKeys(SECRET);
const status =
  (code: number): ClusterFault =>
  (_, response) =>
    response.writeHead(code).end('{}') !== undefined;
const once = (fault: ClusterFault): ClusterFault => {
  let isDone = false;
  return (...exchange) => {
    if (isDone) return false;
    isDone = true;
    return fault(...exchange);
  };
};

describe('a public key in a secret', () => {
  it('is read with the service account of the pod, and is called as its user calls it', async () => {
    const [expected] = parsePublicKeys(KEY, '');
    const [key, ...others] = await fetchKeys();
    expect(others).toEqual([]);
    expect(key).toMatchObject({
      fingerprint: expected?.fingerprint,
      name: 'k8s://openshift-pipelines/public-key',
    });
    expect(api.requests).toEqual([{ path: secretPath, authorization: 'Bearer first-token' }]);
  });

  it('is asked for with the token of the moment', async () => {
    const cluster = open();
    await cluster.fetchPublicKeys(SECRET);
    api.rotate('second-token');
    await cluster.fetchPublicKeys(SECRET);
    expect(api.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer first-token',
      'Bearer second-token',
    ]);
  });

  it.each([
    ['nobody knows the token', 'UNAUTHORIZED', () => api.tokens.clear()],
    ['the service account may not read it', 'UNAUTHORIZED', () => api.forbidden.add(secretPath)],
    ['the API is throttled', 'CLUSTER_UNAVAILABLE', () => api.faults.push(status(429))],
    ['the API is down', 'CLUSTER_UNAVAILABLE', () => api.faults.push(status(503))],
    ['the API says something odd', 'CLUSTER_UNAVAILABLE', () => api.faults.push(status(204))],
    [
      'the API hangs up',
      'CLUSTER_UNAVAILABLE',
      () => api.faults.push((request) => !!request.socket.destroy()),
    ],
    ['the answer is no JSON', 'CLUSTER_UNAVAILABLE', () => api.put(secretPath, '{"data":')],
    ['the answer is no object', 'CLUSTER_UNAVAILABLE', () => api.put(secretPath, '[]')],
    [
      'the answer is another object',
      'CLUSTER_UNAVAILABLE',
      () => api.put(secretPath, { metadata: { ...SECRET, name: 'other' } }),
    ],
    [
      'the answer is huge',
      'CLUSTER_UNAVAILABLE',
      () => api.put(secretPath, SECRET_TEXT + ' '.repeat(LIMITS.maxBytes)),
    ],
    [
      'somebody else has the address',
      'CLUSTER_UNAVAILABLE',
      async () => api.mount('ca.crt', (await selfSignedCertificate()).cert),
    ],
    [
      'somebody else has the address, and the environment waves certificates through',
      'CLUSTER_UNAVAILABLE',
      async () => {
        vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
        api.mount('ca.crt', (await selfSignedCertificate()).cert);
      },
    ],
  ])('is not to be had, and nobody is told no, when %s', async (_, code, damage) => {
    await damage();
    const error = await errorOf(fetchKeys());
    expect(error).toMatchObject({ code, kind: 'undetermined' });
    expect(error.message).toContain('openshift-pipelines/public-key');
    expect(`${error.message} ${error.hint}`).not.toMatch(/first-token|hunter2/);
  });

  it.each([
    ['the secret is not there', 'BAD_KEY', () => api.put(secretPath, { kind: 'Secret', metadata: SECRET })],
    ['the secret has no data', 'BAD_KEY', () => api.putSecret(SECRET.namespace, SECRET.name, null)],
    [
      'the secret has no such key',
      'BAD_KEY',
      () => api.putSecret(SECRET.namespace, SECRET.name, { 'cosign.key': 'AA==' }),
    ],
    [
      'its name is inherited only',
      'BAD_KEY',
      () => api.putSecret(SECRET.namespace, SECRET.name, { __proto__: { 'cosign.pub': 'AA==' } }),
    ],
    [
      'the value is no text',
      'BAD_KEY',
      () => api.putSecret(SECRET.namespace, SECRET.name, { 'cosign.pub': 7 }),
    ],
    [
      'the value is not base64',
      'BAD_KEY',
      () => api.putSecret(SECRET.namespace, SECRET.name, { 'cosign.pub': KEY }),
    ],
    [
      'the value is no key',
      'BAD_KEY',
      () => api.putSecret(SECRET.namespace, SECRET.name, { 'cosign.pub': 'AAAA' }),
    ],
    ['the value is a private key', 'BAD_KEY', () => api.putKey(SECRET.namespace, SECRET.name, PRIVATE_KEY)],
    ['no token is mounted', 'UNREADABLE_FILE', () => rmSync(join(api.folder, 'token'))],
    ['the token would forge a header', 'UNREADABLE_FILE', () => api.mount('token', 'a\r\nhost: evil')],
    ['no authority is mounted', 'UNREADABLE_FILE', () => rmSync(join(api.folder, 'ca.crt'))],
    ['the authority is none', 'UNREADABLE_FILE', () => api.mount('ca.crt', 'none')],
    [
      'the value is base64 with something in between',
      'BAD_KEY',
      () => {
        const encoded = Buffer.from(KEY).toString('base64');
        return api.putSecret(SECRET.namespace, SECRET.name, {
          'cosign.pub': `${encoded.slice(0, 8)}*${encoded.slice(8)}`,
        });
      },
    ],
  ])('is bad input when %s', async (_, code, damage) => {
    damage();
    const error = await errorOf(fetchKeys());
    expect(error).toMatchObject({ code, kind: 'usage' });
    expect(`${error.message} ${error.hint}`).not.toMatch(/first-token|hunter2|PRIVATE/);
  });

  it('is bad input when there is no such secret', async () => {
    expect(await codeOf(open().fetchPublicKeys({ ...SECRET, name: 'other' }))).toBe('BAD_KEY');
  });

  it('is asked for again when the API was busy, and not for ever', async () => {
    api.faults.push(once(status(429)), once(status(500)));
    expect(await fetchKeys()).toHaveLength(1);
    expect(clock.waits).toEqual([10, 20]);
    api.faults.push(status(500));
    await errorOf(fetchKeys());
    expect(api.requests).toHaveLength(6);
  });

  it('is not waited for longer than its time, even when bytes trickle', async () => {
    api.faults.push((_, response) => {
      response.writeHead(200).write(' ');
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
      return true;
    });
    const limits = { ...LIMITS, attemptMs: 100, delaysMs: [] };
    expect((await errorOf(fetchKeys({ limits }))).message).toContain('within 100 ms');
  });

  it('is not waited for by whoever was interrupted', async () => {
    const controller = new AbortController();
    api.faults.push(() => {
      controller.abort(new Error('interrupted'));
      return true;
    });
    await expect(open().fetchPublicKeys(SECRET, controller.signal)).rejects.toThrow('interrupted');
  });

  it('is never asked of another host, and no other host sees the token', async () => {
    using other = await startCluster();
    const { KUBERNETES_SERVICE_PORT: port } = other.environment;
    api.faults.push((request, response) => {
      response.writeHead(307, { location: `https://127.0.0.1:${port}${request.url}` }).end();
      return true;
    });
    expect(await codeOf(fetchKeys())).toBe('CLUSTER_UNAVAILABLE');
    expect(other.requests).toEqual([]);
  });

  it('is not asked for offline, nor outside of a cluster', async () => {
    expect(await codeOf(fetchKeys({ offline: true }))).toBe('OFFLINE');
    expect(await codeOf(fetchKeys({ environment: {} }))).toBe('BAD_OPTION');
    const environment = { KUBERNETES_SERVICE_HOST: 'api.evil/x', KUBERNETES_SERVICE_PORT: '443' };
    expect(await codeOf(fetchKeys({ environment }))).toBe('BAD_OPTION');
    expect(api.requests).toEqual([]);
  });

  it.each([
    'k8s://',
    'k8s://ns',
    'k8s:///name',
    'k8s://ns/a/b',
    'k8s://ns/..',
    'k8s://ns/a..b',
    'k8s://n.s/a',
    'k8s://ns/a?b',
    'k8s://NS/a',
    'k8s://ns/a%2f',
  ])('is not named by %s', async (text) => {
    expect(await codeOf(() => parseSecretReference(text))).toBe('BAD_KEY');
  });

  it('is named by namespace and secret', () => {
    expect(parseSecretReference('k8s://openshift-pipelines/public-key')).toEqual(SECRET);
    expect(parseSecretReference('K8S://a/b.c').name).toBe('b.c');
  });
});

describe('a policy of the cluster', () => {
  it('is read from the namespace that is named, or else from that of the pod', async () => {
    api.putPolicy('tenant', 'own', { name: 'a' });
    api.putPolicy('shared', 'default', { name: 'b' });
    expect(JSON.parse(await open().fetchPolicy('own'))).toMatchObject({ spec: { name: 'a' } });
    expect(JSON.parse(await open().fetchPolicy('shared/default'))).toMatchObject({ spec: { name: 'b' } });
  });

  it.each([
    ['no-such', 'BAD_POLICY'],
    ['a/b/c', 'BAD_POLICY'],
    ['../b', 'BAD_POLICY'],
    ['tenant/x..y', 'BAD_POLICY'],
  ])('%s is bad input', async (name, code) => {
    expect(await codeOf(open().fetchPolicy(name))).toBe(code);
  });

  it('is not to be had where the service account may not read it, or another one is answered', async () => {
    api.forbidden.add(api.putPolicy('tenant', 'secret', {}));
    expect(await codeOf(open().fetchPolicy('secret'))).toBe('UNAUTHORIZED');
    const other = api.putPolicy('tenant', 'other', {});
    api.put(other, { metadata: { namespace: 'attacker', name: 'other' }, spec: {} });
    expect(await codeOf(open().fetchPolicy('other'))).toBe('CLUSTER_UNAVAILABLE');
  });
});
