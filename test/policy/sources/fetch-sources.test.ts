import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePolicyConfig } from '../../../src/policy/config.ts';
import { parseEffectiveTime } from '../../../src/policy/effective-time.ts';
import { fetchSources } from '../../../src/policy/sources/fetch-sources.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { gitRepository } from '../support/git-repository.ts';
import { filesOf, pushBundle } from '../support/policy-bundle.ts';
import { never, type TestToolsOptions, testTools } from '../support/source-tools.ts';

let temp: TempDirectory;
let registry: TestRegistry;
beforeEach(async () => {
  temp = tempDirectory();
  registry = await startRegistry();
  for (const folder of ['p', 'd']) mkdirSync(join(temp.path, folder));
  temp.write('p/a.rego', 'package a');
  temp.write('p/x.yaml', 'ignored: true');
  temp.write('d/x.yaml', 'x: 12345678901234567890');
  temp.write('d/a.rego', 'this is no Rego');
});
afterEach(async () => {
  temp.remove();
  await registry.close();
});

const context = {
  effectiveTime: parseEffectiveTime('now', 1_700_000_000_000, { allowPast: false }),
  sigstore: {
    certificate_identity: '',
    certificate_identity_regexp: '',
    certificate_oidc_issuer: '',
    certificate_oidc_issuer_regexp: '',
    ignore_rekor: false,
    public_key: '',
    rekor_url: '',
  },
};

async function fetch(spec: object, options: TestToolsOptions = {}, signal = never()) {
  await using tools = testTools(options);
  return await fetchSources(parsePolicyConfig(JSON.stringify(spec), 'p'), context, tools, signal);
}
const place = (name: string) => join(temp.path, name);
const bundle = () => `oci::${registry.host}/org/policy:v1`;

describe('what is evaluated', () => {
  it('is Rego of policies, data of data sources, and rule data, by group', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'b.rego': 'package b' }), { tag: 'v1' });
    const sources = [
      {
        name: 'one',
        policy: [place('p'), bundle()],
        data: [place('d')],
        ruleData: { n: 1 },
        config: { include: ['a'] },
        volatileConfig: { exclude: [{ value: 'b' }] },
      },
      { policy: [bundle()] },
    ];
    const loaded = await fetch({ sources, configuration: { collections: ['c'] } });
    const [one, two] = loaded.groups;
    expect(one?.program.modules).toEqual([
      { path: `${place('p')}//a.rego`, text: 'package a' },
      { path: `${bundle()}//b.rego`, text: 'package b' },
    ]);
    expect(one?.program.data).toContain('"x":12345678901234567890');
    expect(one?.program.data).toContain('"rule_data__configuration__":{"n":1}');
    expect(one?.program.data).toContain('"when_ns":1700000000000000000');
    expect(one).toMatchObject({
      name: 'one',
      config: { include: ['a'] },
      volatileConfig: { exclude: [{ value: 'b' }] },
    });
    expect(two?.program.modules.map(({ text }) => text)).toEqual(['package b']);
    expect(two?.program.data).not.toContain('"x"');
    expect(loaded.configuration?.collections).toEqual(['c']);
  });

  it('fetches each URL once, and a URL that a group names twice counts once', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'b.rego': 'package b' }), { tag: 'v1' });
    const group = { policy: [bundle(), bundle()], data: [place('d'), place('d')] };
    const loaded = await fetch({ sources: [group, group, group] });
    expect(registry.count(/GET .*\/manifests\//)).toBe(1);
    expect(loaded.groups[2]?.program.modules).toHaveLength(1);
    expect(loaded.summary.sources).toHaveLength(2);
  });

  it('is told with pinned URLs, exact numbers and fingerprints', async () => {
    const { digest } = pushBundle(registry, 'org/policy', filesOf({ 'b.rego': 'package b' }), { tag: 'v1' });
    const repository = gitRepository(place('r'));
    const commit = repository.commit({ 'x.json': '{"y": 1}' });
    const git = `git::${repository.path}?ref=main`;
    const spec = {
      sources: [{ policy: [bundle()], data: [git], ruleData: JSON.parse('{"n": 7}') }],
      publicKey: 'k',
    };
    const loaded = await fetch(spec);
    const pinned = { policy: [`${bundle()}@${digest}`], data: [`git::${repository.path}?ref=${commit}`] };
    expect(loaded.summary.spec).toEqual({ ...spec, sources: [{ ...spec.sources[0], ...pinned }] });
    expect(JSON.parse(loaded.specJson)).toEqual(loaded.summary.spec);
    expect(loaded.summary.sources).toEqual([
      { url: bundle(), pinned: pinned.policy[0], fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { url: git, pinned: pinned.data[0], fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  it('is nothing when the policy has no sources', async () => {
    expect(await fetch({ publicKey: 'x' })).toMatchObject({ groups: [], specJson: '{"publicKey":"x"}' });
  });
});

describe('what cannot be had', () => {
  it('one source that fails fails the policy, with its own error', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'b.rego': 'package b' }), { tag: 'v1' });
    registry.faults.push(() => ({ kind: 'status', status: 429 }));
    await expect(fetch({ sources: [{ policy: [place('p'), bundle()] }] })).rejects.toMatchObject({
      code: 'THROTTLED',
    });
    const missing = { sources: [{ policy: [place('p')], data: [place('none')] }] };
    await expect(fetch(missing)).rejects.toMatchObject({
      code: 'BAD_POLICY',
      message: expect.stringContaining('none'),
    });
  });

  it('a source that fails ends what the others have started', async () => {
    registry.latencyMs = 300;
    mkdirSync(place('bin'));
    temp.write('bin/git', '#!/bin/sh\necho $$ > "$PIDS/git"\nexec sleep 30\n');
    chmodSync(place('bin/git'), 0o755);
    const environment = { PATH: `${place('bin')}:${process.env.PATH}`, PIDS: temp.path };
    const sources = [{ policy: ['git::h.test/o/r', bundle()] }];
    await expect(fetch({ sources }, { environment })).rejects.toMatchObject({ code: 'BAD_POLICY' });
    const pid = Number(readFileSync(place('git'), 'utf8'));
    await expect.poll(() => existsSync(`/proc/${pid}/fd/0`), { timeout: 5_000 }).toBe(false);
  });

  it('a policy without Rego and data without data are not empty ones', async () => {
    await expect(fetch({ sources: [{ policy: [place('d/x.yaml')] }] })).rejects.toMatchObject({
      code: 'BAD_POLICY',
    });
    const swapped = { sources: [{ policy: [place('p')], data: [place('p/a.rego')] }] };
    await expect(fetch(swapped)).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });

  it('Rego that is no UTF-8 is named', async () => {
    temp.write('p/bad.rego', Buffer.from([0xff, 0xfe]));
    await expect(fetch({ sources: [{ policy: [place('p')] }] })).rejects.toMatchObject({
      code: 'BAD_POLICY',
      message: expect.stringContaining('bad.rego'),
    });
  });

  it('ends with the run', async () => {
    pushBundle(registry, 'org/policy', filesOf({ 'b.rego': 'package b' }), { tag: 'v1' });
    const controller = new AbortController();
    registry.faults.push(() => {
      controller.abort(new Error('the end'));
      return { kind: 'stall' };
    });
    const fetching = fetch({ sources: [{ policy: [bundle()] }] }, {}, controller.signal);
    await expect(fetching).rejects.toThrow('the end');
  });

  it('a source that never answers is undetermined in the end', async () => {
    registry.faults.push(() => ({ kind: 'stall' }));
    const fetching = fetch({ sources: [{ policy: [bundle()] }] }, { limits: { fetchMs: 200 } });
    await expect(fetching).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE', kind: 'undetermined' });
  });
});
