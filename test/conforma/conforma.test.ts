import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComponentResult, Report } from '../../src/report/report.ts';
import { attestImage, signImage } from '../support/signing.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { type Gate, openGate } from '../validate/support/gate.ts';
import { type BuildOptions, type Flaw, pushBuild } from './builds.ts';
import { Oracle } from './oracle.ts';
import { RecordingEngine } from './recording-engine.ts';
import { ruleDataFor } from './rule-data.ts';

const FOLDER = process.env.CONFORMA_POLICY_DIR ?? '';
/** Release policies, and the libraries that they import. */
const POLICIES = ['lib', 'release'].map((name) => join(FOLDER, name));
const PACKAGES = 2000;

const flaws = (...names: Flaw[]): ReadonlySet<Flaw> => new Set(names);
const BUILDS: readonly BuildOptions[] = [
  { name: 'good-v02', provenance: 'v0.2', sbom: 'cyclonedx', packages: PACKAGES },
  { name: 'good-v1', provenance: 'v1', sbom: 'spdx', packages: PACKAGES },
  { name: 'good-v1-cyclonedx', provenance: 'v1', sbom: 'cyclonedx', packages: 50 },
  { name: 'no-labels', provenance: 'v0.2', sbom: 'spdx', packages: 50, flaws: flaws('labels') },
  { name: 'failed-tests', provenance: 'v1', sbom: 'cyclonedx', packages: 10, flaws: flaws('tests') },
  { name: 'bad-cves', provenance: 'v0.2', sbom: 'cyclonedx', packages: 10, flaws: flaws('cves') },
  { name: 'unpinned-task', provenance: 'v0.2', sbom: 'spdx', packages: 10, flaws: flaws('tasks') },
  { name: 'networked', provenance: 'v1', sbom: 'spdx', packages: 10, flaws: flaws('hermetic', 'base') },
];

if (!POLICIES.every((folder) => existsSync(folder))) {
  throw new Error(
    `CONFORMA_POLICY_DIR must name the folder policy/ of a checkout of Conforma's policies, with lib/ and release/ in it; it is ${JSON.stringify(FOLDER)}`,
  );
}

const engine = new RecordingEngine();
let temp: TempDirectory;
let data: TempDirectory;
let gate: Gate;
let report: Report;

beforeAll(async () => {
  temp = tempDirectory();
  data = tempDirectory();
  gate = await openGate({}, { openEngine: () => ({ engine, concurrency: 4 }) });
  data.write('data.json', JSON.stringify(ruleDataFor(gate.registry)));
  const images = await Promise.all(BUILDS.map(pushSigned));
  const policy = { sources: [{ policy: POLICIES, data: [data.path], config: { include: ['*'] } }] };
  report = await gate.validate(images, { policy: JSON.stringify(policy), timeout: '10m' });
}, 600_000);

afterAll(async () => {
  await engine.close();
  await gate.close();
  temp.remove();
  data.remove();
});

async function pushSigned(options: BuildOptions): Promise<string> {
  const { repository, image, provenance, sbom } = pushBuild(gate.registry, options);
  await signImage(gate.registry, repository, image, gate.signed);
  for (const statement of [provenance, sbom]) {
    await attestImage(gate.registry, repository, image, { ...gate.signed, ...statement });
  }
  return `${gate.registry.host}/${repository}@${image.digest}`;
}

const resultOf = (name: string): ComponentResult => {
  const found = report.components.find((component) => component.name === name);
  if (found === undefined) throw new Error(`there is no component ${name}`);
  return found;
};
const codesOf = (name: string) => resultOf(name).findings.map((finding) => finding.code);

describe('the release policies of Conforma', () => {
  it('are evaluated for every component', () => {
    expect(engine.cases).toHaveLength(BUILDS.length);
    for (const component of report.components) {
      const undetermined = component.findings.filter((finding) => finding.outcome === 'undetermined');
      expect({ name: component.name, undetermined }).toEqual({ name: component.name, undetermined: [] });
    }
  });

  it('give what a native OPA gives, rule by rule, in the same order', async () => {
    const [first] = engine.cases;
    if (first === undefined) throw new Error('nothing was evaluated');
    const rules = first.values.map(({ package: name, name: rule }) => ({ package: name, name: rule }));
    expect(rules.length).toBeGreaterThan(40);
    const told = await new Oracle(temp.path).ask({ ...first.program, rules, cases: engine.cases });
    for (const [index, { values }] of engine.cases.entries()) {
      const ours = values.map(({ value }) => value ?? null);
      expect(ours).toEqual(told[index]);
    }
    const results = told.flat().flatMap((value) => (Array.isArray(value) ? value : []));
    expect(results.length).toBeGreaterThan(2000);
  }, 600_000);

  it.each([
    ['no-labels', 'labels.required_labels'],
    ['failed-tests', 'test.no_failed_tests'],
    ['bad-cves', 'cve.cve_blockers'],
    ['unpinned-task', 'tasks.pinned_task_refs'],
    ['networked', 'hermetic_task.hermetic'],
  ])('find what is wrong with %s: %s', (name, code) => {
    expect(codesOf(name)).toContain(code);
    expect(codesOf('good-v1-cyclonedx')).not.toContain(code);
  });
});
