// The shards of a release, verified one by one and merged.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeReports, type NamedReport } from '../src/merge.ts';
import type { RawOptions } from '../src/options/option-reader.ts';
import { renderJson } from '../src/report/json.ts';
import { parseReport } from '../src/report/parse.ts';
import type { ComponentResult, Report, ShardSummary } from '../src/report/report.ts';
import { readReports } from '../src/report-files.ts';
import { component, finding, report as sample, taskBundle, whole } from './report/support/reports.ts';
import { reportValidator } from './report/support/schemas.ts';
import { runEntry } from './support/entry.ts';
import { matching } from './support/faults.ts';
import { pushImage } from './support/images.ts';
import { rego } from './support/policies.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';
import { type Gate, openGate } from './validate/support/gate.ts';
import { type SharedEngine, shareEngine } from './validate/support/shared-engine.ts';
import { codeOf, errorOf } from './verify/support/world.ts';

const COUNT = 3;
const VERSION = '0.0.0';

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

const verify = (raw: RawOptions = {}, list = images) =>
  gate.validate(list, { cache: 'false', 'ignore-rekor': 'true', ...raw });
const verifyShards = (raw: RawOptions = {}, list = images, count = COUNT) =>
  Promise.all(
    Array.from({ length: count }, (_, at) => verify({ shard: `${at + 1}/${count}`, ...raw }, list)),
  );
const named = (reports: readonly Report[]): NamedReport[] =>
  reports.map((report, at) => {
    const text = Buffer.from(whole(renderJson(report)));
    return { name: `${at}.json`, report: parseReport([text], `${at}.json`) };
  });
const merge = (reports: readonly Report[]) => mergeReports(named(reports), VERSION);
const byImage = (components: readonly ComponentResult[]) =>
  components.toSorted((a, b) => (a.containerImage < b.containerImage ? -1 : 1));
const withShard = (report: Report | undefined, more: Partial<ShardSummary>): Report => ({
  ...(report as Report),
  shard: { ...((report as Report).shard as ShardSummary), ...more },
});

describe('the merged report of all shards', () => {
  it('is the report of the release, in whatever order they come', async () => {
    const [one, shards] = await Promise.all([verify(), verifyShards()]);
    const merged = merge(shards);
    expect(merged.result).toBe('verified');
    expect(merged.shard).toBeUndefined();
    expect(byImage(merged.components)).toEqual(byImage(one.components));
    expect(merged.key).toBe(one.key);
    expect(merge(shards.toReversed())).toEqual(merged);
    expect(reportValidator()(JSON.parse(whole(renderJson(merged))))).toEqual([]);
  });

  it('is verified with shards that have no component, and with one shard alone', async () => {
    const few = images.slice(0, 2);
    expect(merge(await verifyShards({}, few, 5))).toMatchObject({ result: 'verified', components: [{}, {}] });
    expect(merge(await verifyShards({}, few, 1)).result).toBe('verified');
  });

  it('is rejected when one of them is, and undetermined when one of them is', async () => {
    const unsigned = gate.reference('unsigned', pushImage(gate.registry, 'unsigned', {}));
    expect(merge(await verifyShards({}, [...images, unsigned])).result).toBe('rejected');
    const gone = await gate.push('gone');
    gate.registry.faults.push(matching(/\/v2\/gone\//, { kind: 'status', status: 403 }));
    const open = merge(await verifyShards({}, [...images, gone]));
    expect(open.result).toBe('undetermined');
    expect(open.components).toHaveLength(8);
    expect(merge(await verifyShards({}, [...images, gone, unsigned])).result).toBe('rejected');
  });

  it('says of the policy what each of them says', { timeout: 120_000 }, async () => {
    const policyOf = (name: string) => JSON.stringify({ name, sources: [{ policy: [rules] }] });
    const rules = temp.write('rules.rego', rego({ short: 'ok', when: 'false' }));
    const [first, ...rest] = await verifyShards({ policy: policyOf('p') });
    expect(merge([first as Report, ...rest])).toMatchObject({
      result: 'verified',
      policy: { spec: { name: 'p' } },
    });
    const mixed = await verify({ shard: `1/${COUNT}`, policy: policyOf('q') });
    expect(await codeOf(() => merge([mixed, ...rest]))).toBe('SHARDS_DISAGREE');
  });

  it('is undetermined when one of them could not have the policy', { timeout: 120_000 }, async () => {
    const policy = JSON.stringify({
      sources: [{ policy: [temp.write('p.rego', rego({ short: 'p', when: 'false' }))] }],
    });
    const [, ...rest] = await verifyShards({ policy });
    const blind = await verify({ shard: `1/${COUNT}`, policy: 'https://127.0.0.1:9/policy.yaml' });
    const merged = merge([blind, ...rest]);
    expect(merged).toMatchObject({ result: 'undetermined', policy: { sources: [{}] } });
  });
});

describe('no report is made', () => {
  it.each([0, 1, 2])('when that of shard %i is missing', async (at) => {
    const shards = (await verifyShards()).toSpliced(at, 1);
    const error = await errorOf(() => merge(shards));
    expect(error).toMatchObject({ code: 'SHARDS_DISAGREE', kind: 'undetermined' });
    expect(error.message).toContain(`${at + 1}/${COUNT}`);
  });

  it('when one is there twice, or none at all', async () => {
    const shards = await verifyShards();
    expect(await codeOf(() => merge([...shards, shards[1] as Report]))).toBe('BAD_REPORT');
    expect(await codeOf(() => merge([]))).toBe('SHARDS_DISAGREE');
  });

  it('when one is of another release, other options, another version, or no shard', async () => {
    const [, ...rest] = await verifyShards();
    const others = await Promise.all([
      verify({ shard: `1/${COUNT}` }, images.slice(1)),
      verify({ shard: `1/${COUNT}`, require: 'signature' }),
      verify({ shard: `1/${COUNT + 1}` }),
      verify({ shard: `1/${COUNT}`, 'ignore-rekor': 'false' }),
      verify(),
    ]);
    for (const other of others) expect(await codeOf(() => merge([other, ...rest]))).toBe('BAD_REPORT');
    const [first] = await verifyShards();
    expect(await codeOf(() => merge([{ ...(first as Report), version: '0.0.1' }, ...rest]))).toBe(
      'BAD_REPORT',
    );
    expect(await codeOf(() => mergeReports(named([first as Report, ...rest]), '9.9.9'))).toBe('BAD_REPORT');
  });

  it('when one saw another release, keys or trust root, or cannot say and verified all the same', async () => {
    const shards = await verifyShards();
    const [first, ...rest] = shards as [Report, ...Report[]];
    const spoilt: Report[] = [
      withShard(first, { pins: 'ab'.repeat(32) }),
      (({ pins: _, ...shard }) => ({ ...first, shard }))(first.shard as ShardSummary),
    ];
    for (const one of spoilt) expect(await codeOf(() => merge([one, ...rest]))).toBe('SHARDS_DISAGREE');
    const trust = (seed: string) => ({ source: 'mirror', fingerprint: seed.repeat(32) });
    const rotated = shards.map((one, at) => ({ ...one, trust: trust(at === 1 ? 'ab' : 'cd') }));
    expect(await codeOf(() => merge(rotated))).toBe('SHARDS_DISAGREE');
    const policy = { spec: {}, sources: [{ url: 'a', pinned: 'a', fingerprint: 'ab'.repeat(32) }] };
    const seeing = shards.map((one) => withShard({ ...one, policy }, { release: 'ab'.repeat(32) }));
    expect(merge(seeing).result).toBe('verified');
    expect(
      await codeOf(() => merge([withShard(seeing[0], { release: 'cd'.repeat(32) }), ...seeing.slice(1)])),
    ).toBe('SHARDS_DISAGREE');
    expect(await codeOf(() => merge([{ ...first, policy }, ...seeing.slice(1)]))).toBe('SHARDS_DISAGREE');
  });

  it('when a component is missing, foreign, doubled, or has two outcomes', async () => {
    const [first, second, third] = (await verifyShards()) as [Report, Report, Report];
    const [component0, ...fewer] = first.components;
    const moved = component0 as ComponentResult;
    const cases: readonly (readonly Report[])[] = [
      [{ ...first, components: fewer }, second, third],
      [first, { ...second, components: third.components }, { ...third, components: second.components }],
      [withShard(first, { components: fewer.length }), second, third],
      [withShard({ ...first, components: fewer }, { components: fewer.length }), second, third],
      [{ ...first, components: fewer }, { ...second, components: [...second.components, moved] }, third],
      [{ ...first, components: [...first.components, moved] }, second, third],
      [
        {
          ...first,
          components: [
            { ...moved, containerImage: moved.containerImage.replace('/app-', '/other-') },
            ...fewer,
          ],
        },
        second,
        third,
      ],
    ];
    for (const reports of cases) expect(await codeOf(() => merge(reports))).toBe('SHARDS_DISAGREE');
    const child = {
      ...moved,
      index: 'a',
      outcome: 'rejected' as const,
      findings: [finding('builtin.image.signature_check', 'NO_SIGNATURE')],
      successes: [],
    };
    const twice = [
      { ...first },
      { ...second, result: 'rejected' as const, components: [...second.components, child] },
      third,
    ];
    expect(await codeOf(() => merge(twice))).toBe('SHARDS_DISAGREE');
  });

  it('when a task bundle is good for one shard and bad for another', async () => {
    const shards = await verifyShards();
    const outcomes = (...list: ('verified' | 'rejected' | 'undetermined')[]) =>
      shards.map((one, at) => ({
        ...one,
        taskBundles: [
          { ...taskBundle('task@sha256:1', list[at] ?? 'verified', [], []), components: [`c${at}`] },
        ],
      }));
    expect(merge(outcomes('verified', 'undetermined', 'verified')).taskBundles).toMatchObject([
      { outcome: 'undetermined', components: ['c0', 'c1', 'c2'] },
    ]);
    expect(await codeOf(() => merge(outcomes('verified', 'rejected', 'verified')))).toBe('SHARDS_DISAGREE');
  });
});

describe('proofgate merge', () => {
  const write = (folder: string, reports: readonly Report[]) => {
    mkdirSync(folder, { recursive: true });
    for (const [at, report] of reports.entries())
      writeFileSync(join(folder, `${at}.json`), whole(renderJson(report)));
    return folder;
  };
  const version = JSON.parse(readFileSync('package.json', 'utf8')).version as string;
  const mergeFiles = (...parameters: string[]) => runEntry('src/cli.ts', ['merge', ...parameters]);
  const released = async (raw: RawOptions, list: readonly string[]) =>
    (await verifyShards(raw, [...list])).map((one) => ({ ...one, version }));

  it('writes each output that was asked for, and exits as a run over the whole would', async () => {
    const folder = write(join(temp.path, 'good'), await released({}, images));
    const junit = join(temp.path, 'junit.xml');
    const finished = await mergeFiles(folder, '--junit', junit, '--output', 'json');
    expect(finished.code).toBe(0);
    expect(JSON.parse(finished.stdout)).toMatchObject({ success: true });
    expect(finished.stderr).toContain('all 7 components verified');
    expect(readFileSync(junit, 'utf8')).toContain('<testsuites');
    const unsigned = gate.reference('bare', pushImage(gate.registry, 'bare', {}));
    const bad = write(join(temp.path, 'bad'), await released({}, [...images, unsigned]));
    expect((await mergeFiles(bad)).code).toBe(1);
    expect((await mergeFiles(bad, '--strict=false')).code).toBe(0);
  });

  it('exits 2 for bad input and 3 for what is missing, and prints no report then', async () => {
    const folder = write(join(temp.path, 'some'), (await released({}, images)).slice(1));
    const empty = join(temp.path, 'empty');
    mkdirSync(empty);
    const cases: readonly [string[], number][] = [
      [[folder], 3],
      [[folder, join(folder, '0.json')], 2],
      [[join(temp.path, 'no-such.json')], 2],
      [[empty], 2],
      [[temp.write('x.json', '{}')], 2],
      [[folder, '--output', 'policy-input=x'], 2],
      [[], 2],
      [[folder, '--images', 'x'], 2],
    ];
    for (const [parameters, code] of cases) {
      expect(await mergeFiles(...parameters)).toMatchObject({
        code,
        stdout: '',
        stderr: expect.stringMatching(/./),
      });
    }
  });
});

describe('reports of large releases', () => {
  it('are read without their text in memory', () => {
    const components = Array.from({ length: 2_000 }, (_, at) =>
      component(`c${at}`, {
        successes: Array.from({ length: 100 }, (_, rule) => ({
          code: `pkg.rule_${rule}`,
          message: 'Pass',
          rule: { title: `Rule ${rule}`, description: 'What it is about. '.repeat(20) },
        })),
      }),
    );
    const path = join(temp.path, 'large.json');
    writeFileSync(path, '');
    for (const piece of renderJson(sample(components))) writeFileSync(path, piece, { flag: 'a' });
    const size = readFileSync(path).length;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const [read] = readReports([path]);
    globalThis.gc?.();
    expect(read?.report.components).toHaveLength(2_000);
    expect(size).toBeGreaterThan(90_000_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(size);
  }, 120_000);
});
