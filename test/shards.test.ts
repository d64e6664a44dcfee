// A release in shards: each run decides for itself which components are its own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawOptions } from '../src/options/option-reader.ts';
import { renderHeadline } from '../src/report/figures.ts';
import { renderJson } from '../src/report/json.ts';
import type { Report } from '../src/report/report.ts';
import { whole } from './report/support/reports.ts';
import { reportValidator } from './report/support/schemas.ts';
import { pushImage, pushIndex } from './support/images.ts';
import { generateKey } from './support/keys.ts';
import { rego } from './support/policies.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';
import { type Gate, openGate } from './validate/support/gate.ts';
import { type SharedEngine, shareEngine } from './validate/support/shared-engine.ts';

let gate: Gate;
let shared: SharedEngine;
let temp: TempDirectory;
let images: string[];
beforeAll(async () => {
  temp = tempDirectory();
  shared = shareEngine();
  gate = await openGate({}, { openEngine: shared.openEngine });
  images = await Promise.all(Array.from({ length: 7 }, (_, at) => gate.push(`app-${at}`)));
});
afterAll(async () => {
  await Promise.all([gate.close(), shared.close()]);
  temp.remove();
});

const verify = (shard: string, raw: RawOptions = {}, list: readonly string[] = images) =>
  gate.validate(list, { shard, cache: 'false', 'ignore-rekor': 'true', ...raw });
const imagesOf = (report: Report) => report.components.map(({ containerImage }) => containerImage);
const validate = reportValidator();

describe('a run of one shard', () => {
  it('judges its own components, asks for no other, and says of which release it is', async () => {
    gate.registry.clearLog();
    const first = await verify('1/3');
    const asked = new Set(gate.registry.requests.map(({ path }) => path.split('/')[2]));
    expect(asked).toEqual(new Set(imagesOf(first).map((image) => image.replace(/^.*\/(.*)@.*$/, '$1'))));
    const others = await Promise.all([verify('2/3'), verify('3/3', {}, images.toReversed())]);
    const reports = [first, ...others];
    expect(reports.flatMap(imagesOf).toSorted()).toEqual(images.toSorted());
    expect(reports.map(({ shard }) => shard?.components).toSorted()).toEqual([2, 2, 3]);
    const said = reports.map(({ shard }) => ({ ...shard, index: 0, components: 0 }));
    expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(said[0]).toMatchObject({ count: 3, of: 7 });
    expect(renderHeadline(first)).toMatch(/^shard 1\/3 of 7 components: all \d components verified$/);
    for (const report of reports) expect(validate(JSON.parse(whole(renderJson(report))))).toEqual([]);
  });

  it('is verified when none of the components is its own, and says that it has none', async () => {
    for (const policy of [
      '',
      JSON.stringify({ sources: [{ policy: [temp.write('p.rego', rego({ short: 'fires' }))] }] }),
    ]) {
      gate.registry.clearLog();
      const report = await verify('2/2', { policy }, images.slice(0, 1));
      expect(report).toMatchObject({ result: 'verified', components: [], shard: { components: 0, of: 1 } });
      expect(gate.registry.requests).toEqual([]);
      expect(renderHeadline(report)).toBe('shard 2/2 has none of 1 component');
      const json = JSON.parse(whole(renderJson(report)));
      expect(validate(json)).toEqual([]);
      expect(validate({ ...json, shard: { ...json.shard, components: 1 } })).not.toEqual([]);
      expect(validate({ ...json, shard: undefined })).not.toEqual([]);
    }
  });

  it('lets policies see the whole release', async () => {
    const count = rego({ short: 'whole', when: 'count(input.snapshot.components) != 7' });
    const policy = JSON.stringify({ sources: [{ policy: [temp.write('whole.rego', count)] }] });
    const reports = await Promise.all([verify('1/2', { policy }), verify('2/2', { policy })]);
    for (const { result, shard, components } of reports) {
      expect(result).toBe('verified');
      expect(components).toHaveLength(shard?.components ?? 0);
      expect(shard?.release).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(reports[0]?.shard?.release).toBe(reports[1]?.shard?.release);
  });

  it('keeps the children of an index together with it', async () => {
    const children = ['amd64', 'arm64'].map((architecture) => ({
      ...pushImage(gate.registry, 'multi', { seed: architecture }),
      platform: { os: 'linux', architecture },
    }));
    const index = pushIndex(gate.registry, 'multi', children);
    const list = [...images, gate.reference('multi', index)];
    const reports = await Promise.all(['1/4', '2/4', '3/4', '4/4'].map((shard) => verify(shard, {}, list)));
    const owners = reports.filter((report) => imagesOf(report).some((image) => image.includes('/multi@')));
    expect(owners).toHaveLength(1);
    expect(imagesOf(owners[0] as Report).filter((image) => image.includes('/multi@'))).toHaveLength(3);
  });

  it('tells other components, settings, keys and policies apart', async () => {
    const policyOf = (name: string) => JSON.stringify({ name });
    const summaries = await Promise.all(
      [
        verify('1/2'),
        verify('1/2', {}, images.slice(1)),
        verify('1/2', { require: 'signature' }),
        verify('1/2', { 'public-key': generateKey().publicPem }),
        verify('1/2', { 'task-bundle-public-key': gate.taskKey.publicPem }),
        verify('1/2', { 'ignore-rekor': 'false' }),
        verify('1/2', { policy: policyOf('a') }),
        verify('1/2', { policy: policyOf('b') }),
        verify('1/2', { policy: policyOf('b'), 'effective-time': '2999-01-01' }),
      ].map(async (run) => (await run).shard),
    );
    const [first, other, ...rest] = summaries;
    expect(other?.snapshot).not.toBe(first?.snapshot);
    for (const shard of rest) expect(shard?.snapshot).toBe(first?.snapshot);
    const conditions = summaries
      .filter((shard) => shard !== other)
      .map((shard) => `${shard?.settings} ${shard?.pins}`);
    expect(new Set(conditions).size).toBe(8);
  });

  it('has no pins when the policy could not be had', async () => {
    const { shard, result } = await verify('1/2', { policy: 'https://127.0.0.1:9/policy.yaml' });
    expect(result).toBe('undetermined');
    expect(shard?.pins).toBeUndefined();
  });
});
