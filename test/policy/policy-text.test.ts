import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyRequest } from '../../src/policy/loaded-policy.ts';
import { loadPolicyConfig } from '../../src/policy/policy-text.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { selfSignedCertificate } from '../support/tls.ts';
import { gitRepository } from './support/git-repository.ts';
import { never, type TestToolsOptions, testTools } from './support/source-tools.ts';

const SPEC = {
  sources: [{ policy: ['oci::quay.io/o/p:konflux', './p'], ruleData: { old: 1 } }, { policy: ['./q'] }],
};
const TEXT = JSON.stringify(SPEC);
const DIGEST = `sha256:${'a'.repeat(64)}`;

let temp: TempDirectory;
beforeEach(() => {
  temp = tempDirectory();
});
afterEach(() => temp.remove());

async function load(request: Partial<PolicyRequest> & { policy: string }, options: TestToolsOptions = {}) {
  await using tools = testTools(options);
  const given = { extraRuleData: [], policyBundleDigest: undefined, ...request };
  return await loadPolicyConfig(given, tools, never());
}
const bad = { code: 'BAD_POLICY', kind: 'usage' };

describe('what the user calls the policy', () => {
  it('is inline JSON or YAML', async () => {
    for (const policy of [TEXT, `\n ${TEXT}`, 'sources:\n- policy: [./p]\n', 'publicKey: x']) {
      expect((await load({ policy })).spec).toBeDefined();
    }
  });

  it.each(['p.json', 'p.yaml', 'p.yml'])('is a file %s', async (name) => {
    expect((await load({ policy: temp.write(name, TEXT) })).sources).toHaveLength(2);
  });

  it('is the first of the known files of a git repository, or the file that the URL names', async () => {
    const repository = gitRepository(join(temp.path, 'r'));
    repository.commit({
      'policy.yaml': 'description: second',
      'x/other.yml': 'description: other',
      'x/policy.yml': 'description: x',
    });
    const descriptionAt = async (rest: string) =>
      (await load({ policy: `git::${repository.path}${rest}` })).spec.description;
    expect(await descriptionAt('')).toBe('second');
    repository.commit({ '.ec/policy.yml': 'description: first' });
    expect(await descriptionAt('')).toBe('first');
    repository.commit({ '.ec/policy.json': '{"description": "json"}' });
    expect(await descriptionAt('')).toBe('json');
    expect(await descriptionAt('//x')).toBe('x');
    expect(await descriptionAt('//x/other.yml')).toBe('other');
    repository.commit({ 'y/other.yaml': 'description: other' });
    await expect(load({ policy: `git::${repository.path}//y` })).rejects.toMatchObject(bad);
  });

  it('is a file at an https address', async () => {
    const tls = await selfSignedCertificate();
    const server: Server = createServer(tls, (_, response) => void response.end(TEXT));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const environment = { SSL_CERT_FILE: temp.write('ca.pem', tls.cert) };
    const policy = `https://127.0.0.1:${(server.address() as AddressInfo).port}/any/name.json`;
    expect((await load({ policy }, { environment })).sources).toHaveLength(2);
    await expect(load({ policy }, { environment, offline: true })).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
    });
    server.closeAllConnections();
    server.close();
  });

  it('is in the cluster by its name, when there is one', async () => {
    const asked: string[] = [];
    const cluster = {
      fetchPolicy: async (name: string) => {
        asked.push(name);
        const kind = { apiVersion: 'appstudio.redhat.com/v1alpha1', kind: 'EnterpriseContractPolicy' };
        return JSON.stringify({ ...kind, spec: SPEC });
      },
    };
    for (const policy of ['default', 'ns/name']) {
      await using tools = testTools();
      const request = { policy, extraRuleData: [], policyBundleDigest: undefined };
      const { sources } = await loadPolicyConfig(request, { ...tools, cluster }, never());
      expect(sources).toHaveLength(2);
    }
    expect(asked).toEqual(['default', 'ns/name']);
  });

  it('is in no cluster outside of one, and the error says what to do', async () => {
    for (const policy of ['default', 'ns/name']) {
      await expect(load({ policy })).rejects.toMatchObject({
        ...bad,
        hint: expect.stringContaining('kubectl'),
      });
    }
  });

  it.each([
    '',
    'missing.yaml',
    './missing',
    '{',
    '{"x": 1}',
    'http://h.test/p.yaml',
    'git::http://h.test/p',
    'UPPER',
  ])('%j is bad input', async (policy) => {
    await expect(load({ policy })).rejects.toMatchObject(bad);
  });

  it('a file that is empty, a folder or no UTF-8 is bad input', async () => {
    mkdirSync(join(temp.path, 'f.yaml'));
    for (const policy of [
      temp.write('e.yaml', ''),
      join(temp.path, 'f.yaml'),
      temp.write('b.json', Buffer.from([0xff])),
    ]) {
      await expect(load({ policy })).rejects.toMatchObject(bad);
    }
  });
});

describe('extra rule data', () => {
  const ruleData = async (...extraRuleData: string[]) => {
    const { sources, spec } = await load({ policy: TEXT, extraRuleData });
    expect(
      JSON.parse(JSON.stringify((spec as typeof SPEC).sources.map((source) => source.ruleData))),
    ).toEqual(JSON.parse(JSON.stringify(sources.map((source) => source.ruleData))));
    return sources.map((source) => ({ ...source.ruleData }));
  };

  it('is text, for every group, and replaces what was there', async () => {
    expect(await ruleData('a=1', 'old=b=c', 'e=')).toEqual([
      { old: 'b=c', a: '1', e: '' },
      { a: '1', old: 'b=c', e: '' },
    ]);
    expect((await ruleData('__proto__=x'))[1]).toEqual(Object.fromEntries([['__proto__', 'x']]));
  });

  it('may be the text of a file, or JSON, and stays text', async () => {
    const file = temp.write('v.yaml', 'allowed: [a]\n');
    expect((await ruleData(`f=${file}`, 'j={"a": 1}'))[1]).toEqual({ f: 'allowed: [a]\n', j: '{"a": 1}' });
  });

  it.each(['novalue', '=x', ''])('%j is bad input', async (item) => {
    await expect(load({ policy: TEXT, extraRuleData: [item] })).rejects.toMatchObject({ code: 'BAD_OPTION' });
  });
});

describe('the digest of the policy bundle', () => {
  it('takes the place of the tag, in the sources and in the spec', async () => {
    for (const policyBundleDigest of [DIGEST, 'a'.repeat(64)]) {
      const config = await load({ policy: TEXT, policyBundleDigest });
      const expected = [[`oci::quay.io/o/p@${DIGEST}`, './p'], ['./q']];
      expect(config.sources.map(({ policy }) => policy)).toEqual(expected);
      expect((config.spec as typeof SPEC).sources.map(({ policy }) => policy)).toEqual(expected);
      expect((config.spec as typeof SPEC).sources[0]?.ruleData).toEqual({ old: 1 });
    }
  });

  it('does not replace a digest that the policy names itself', async () => {
    const pinned = `oci::quay.io/o/p:konflux@sha256:${'b'.repeat(64)}`;
    const policy = JSON.stringify({ sources: [{ policy: [pinned] }] });
    expect((await load({ policy, policyBundleDigest: DIGEST })).sources[0]?.policy).toEqual([pinned]);
  });

  it('that would change nothing, or is none, is bad input', async () => {
    const policy = JSON.stringify({ sources: [{ policy: ['oci::quay.io/o/p:v1', './konflux'] }] });
    await expect(load({ policy, policyBundleDigest: DIGEST })).rejects.toMatchObject({ code: 'BAD_OPTION' });
    for (const policyBundleDigest of ['', 'sha256:12', 'latest', DIGEST.toUpperCase()]) {
      await expect(load({ policy: TEXT, policyBundleDigest })).rejects.toMatchObject({ code: 'BAD_OPTION' });
    }
  });
});
