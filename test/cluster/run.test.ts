// Runs in a pod: keys and policies of the cluster decide as those of files do.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RawOptions } from '../../src/options/option-reader.ts';
import { generateKey } from '../support/keys.ts';
import { startCluster, type TestCluster } from '../support/kubernetes.ts';
import { rego } from '../support/policies.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { componentOf, type Gate, openGate, reasonsOf } from '../validate/support/gate.ts';
import { codeOf } from '../verify/support/world.ts';

let gate: Gate;
let api: TestCluster;
let temp: TempDirectory;
let image: string;
beforeAll(async () => {
  temp = tempDirectory();
  gate = await openGate();
  image = await gate.push('app');
});
afterAll(async () => {
  await gate.close();
  temp.remove();
});
beforeEach(async () => {
  api = await startCluster();
  api.putKey('ns', 'good', gate.key.publicPem);
  api.putKey('ns', 'other', generateKey().publicPem);
});
afterEach(() => api[Symbol.dispose]());

const verify = (raw: RawOptions) =>
  gate.validate(
    [image],
    { 'public-key': '', cache: 'false', ...raw },
    {
      environment: api.environment,
      serviceAccount: api.folder,
    },
  );

describe('a run in a cluster', () => {
  it('trusts the key that a secret holds, and no other', async () => {
    expect((await verify({ 'public-key': 'k8s://ns/good' })).result).toBe('verified');
    const report = await verify({ 'public-key': 'k8s://ns/other' });
    expect(report.result).toBe('rejected');
    expect(report.key).toContain('BEGIN PUBLIC KEY');
  });

  it('leaves everything open, and says why, while the key cannot be had', async () => {
    api.forbidden.add('/api/v1/namespaces/ns/secrets/good');
    for (const policy of ['', '{}']) {
      const report = await verify({ 'public-key': 'k8s://ns/good', policy });
      expect(report.result).toBe('undetermined');
      expect(reasonsOf(componentOf(report))).toContain('image.signature_check: UNAUTHORIZED');
      expect(componentOf(report).findings[0]?.message).toContain('ns/good');
    }
  });

  it('never falls back to keys that it was also given, nor to those of the policy', async () => {
    api.faults.push((_, response) => response.writeHead(503).end() !== undefined);
    const raw = { 'public-key': `${gate.key.publicPem}\nk8s://ns/other` };
    const policy = JSON.stringify({ publicKey: gate.key.publicPem });
    for (const more of [{}, { policy }]) {
      const report = await verify({ ...raw, ...more });
      expect(reasonsOf(componentOf(report))).toContain('image.signature_check: CLUSTER_UNAVAILABLE');
    }
  });

  it('looks at nothing when there is no such key', async () => {
    gate.registry.clearLog();
    expect(await codeOf(verify({ 'public-key': 'k8s://ns/none' }))).toBe('BAD_KEY');
    expect(await codeOf(verify({ policy: JSON.stringify({ publicKey: 'k8s://ns/none' }) }))).toBe('BAD_KEY');
    expect(await codeOf(verify({ policy: 'no-such-policy' }))).toBe('BAD_POLICY');
    expect(gate.registry.requests).toEqual([]);
  });

  it('verifies task bundles with the key that another secret holds', async () => {
    const raw = { 'public-key': 'k8s://ns/good', 'task-bundle-public-key': 'k8s://ns/other' };
    expect((await verify(raw)).result).toBe('verified');
    const paths = api.requests.map(({ path }) => path.split('/').at(-1));
    expect(paths.toSorted()).toEqual(['good', 'other']);
  });

  it('takes policy and key from the cluster, newer members of the policy and all', async () => {
    const fires = temp.write('fires.rego', rego({ short: 'fires', message: '"no luck"' }));
    const policy = {
      publicKey: 'k8s://ns/good',
      sources: [{ policy: [fires], refresh: '1h' }],
      tier: 'gold',
    };
    api.putPolicy('tenant', 'release', policy);
    const report = await verify({ policy: 'release', 'ignore-rekor': 'true' });
    expect(reasonsOf(componentOf(report))).toEqual(['main.fires: POLICY_VIOLATION']);
    expect((await verify({ policy: 'tenant/release', 'public-key': 'k8s://ns/other' })).result).toBe(
      'rejected',
    );
  });

  it('refuses a policy of the cluster with a criterion or an identity that it does not know whole', async () => {
    const volatileConfig = { exclude: [{ value: 'main.fires', onlyOnSundays: true }] };
    api.putPolicy('tenant', 'volatile', { sources: [{ policy: ['x'], volatileConfig }] });
    api.putPolicy('tenant', 'identity', { identity: { subject: 'a', issuer: 'b', repository: 'c' } });
    for (const policy of ['volatile', 'identity'])
      expect(await codeOf(verify({ policy }))).toBe('BAD_POLICY');
  });

  it('leaves everything open while the policy that names the key cannot be had', async () => {
    api.forbidden.add(api.putPolicy('tenant', 'release', { publicKey: 'k8s://ns/good' }));
    const report = await verify({ policy: 'release' });
    expect(report.result).toBe('undetermined');
    expect(reasonsOf(componentOf(report))).toContain('image.signature_check: UNAUTHORIZED');
  });
});

describe('a run outside of a cluster', () => {
  it('says so when it is to read a key or a policy there', async () => {
    const outside = (raw: RawOptions) => gate.validate([image], { 'public-key': '', cache: 'false', ...raw });
    expect(await codeOf(outside({ 'public-key': 'k8s://ns/good' }))).toBe('BAD_OPTION');
    expect(await codeOf(outside({ policy: 'release' }))).toBe('BAD_POLICY');
    expect(await codeOf(outside({ policy: '{"publicKey": "k8s://ns/good"}' }))).toBe('BAD_OPTION');
  });
});
