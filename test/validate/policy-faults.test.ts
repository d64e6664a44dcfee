import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { always, matching } from '../support/faults.ts';
import { pushImage } from '../support/images.ts';
import { pushPolicyBundle, type RuleText, rego } from '../support/policies.ts';
import { attestImage } from '../support/signing.ts';
import { codeOf } from '../verify/support/world.ts';
import { componentOf, reasonsOf } from './support/gate.ts';
import { openPolicyScene, type PolicyScene } from './support/policy-scene.ts';
import { type SharedEngine, shareEngine, shareSmallEngine } from './support/shared-engine.ts';

const THROTTLED = always({ kind: 'status', status: 429, body: 'slow down' });
const PASSES: RuleText = { short: 'passes', when: 'false' };

const CONTRADICTION = [
  rego(PASSES, { short: 'value', when: 'value == 3' }),
  'value := 1',
  'value := 2 if input.component_name == "bad"',
].join('\n\n');

let shared: SharedEngine;
let gate: PolicyScene;

beforeAll(() => {
  shared = shareEngine();
});
afterAll(() => shared.close());

beforeEach(async () => {
  gate = await openPolicyScene(shared);
});
afterEach(() => gate.close());

/** Two components, and reasons by name. */
async function reasonsOfTwo(policy: string, { openEngine } = shared): Promise<Record<string, string[]>> {
  const images = [await gate.push('good'), await gate.push('bad')];
  const report = await gate.validate(images, { policy }, { openEngine });
  return Object.fromEntries(report.components.map((component) => [component.name, reasonsOf(component)]));
}

it('a policy that cannot be had is named in the report without the secrets of its URLs', async () => {
  const url = 'https://127.0.0.1:1/rules.tar.gz?token=hunter2';
  const policy = JSON.stringify({ sources: [{ policy: [url], data: [`${url}&b=c`] }] });
  const report = await gate.validate([await gate.push('app')], { policy });
  expect(report.result).toBe('undetermined');
  expect(report.policy?.spec).toEqual({
    sources: [
      {
        policy: ['https://127.0.0.1:1/rules.tar.gz?token=REDACTED'],
        data: ['https://127.0.0.1:1/rules.tar.gz?token=REDACTED&b=REDACTED'],
      },
    ],
  });
  expect(JSON.stringify(report)).not.toContain('hunter2');
});

describe('one component’s failure hides no other', () => {
  it('when rules contradict each other', async () => {
    const policy = JSON.stringify({ sources: [{ policy: [gate.file(CONTRADICTION)] }] });
    expect(await reasonsOfTwo(policy)).toEqual({ good: [], bad: ['policy.evaluation: POLICY_FAILED'] });
  });

  it('when one of several source groups fails', async () => {
    const group = (text: string) => ({ policy: [gate.file(text)] });
    const sources = [group(rego(PASSES)), group(CONTRADICTION), group(rego({ short: 'fires' }))];
    expect(await reasonsOfTwo(JSON.stringify({ sources }))).toEqual({
      good: ['main.fires: POLICY_VIOLATION'],
      bad: ['main.fires: POLICY_VIOLATION', 'policy.evaluation: POLICY_FAILED'],
    });
  });

  it.each([
    ['memory', 'count(numbers.range(1, 10000000)) == 1'],
    ['time', 'count([1 | some i in numbers.range(1, 9999); some j in numbers.range(1, 9999); i == j]) == 1'],
  ])('when its evaluation takes more %s than it may', async (_, when) => {
    const small = shareSmallEngine();
    const eats = { short: 'eats', when: `input.component_name == "bad"\n\t${when}` };
    const reasons = await reasonsOfTwo(gate.policy([eats]), small);
    expect(reasons).toEqual({ good: [], bad: ['policy.evaluation: POLICY_LIMIT'] });
    await small.close();
  });

  it('when a lookup is throttled', async () => {
    const blob = gate.registry.putBlob('data', 'fine');
    const reference = `${gate.registry.host}/data@${blob.digest}`;
    const looks = {
      short: 'looks',
      when: `input.component_name == "bad"\n\tec.oci.blob("${reference}") != "fine"`,
    };
    const policy = gate.policy([looks]);
    expect(await reasonsOfTwo(policy)).toEqual({ good: [], bad: [] });
    gate.registry.faults.push(matching(/\/v2\/data\//, THROTTLED));
    expect(await reasonsOfTwo(policy)).toEqual({ good: [], bad: ['policy.evaluation: THROTTLED'] });
  });

  it('when a lookup hangs until the run ends; what was verified is still said', async () => {
    gate.registry.faults.push(matching(/\/v2\/data\//, { kind: 'stall' }));
    const reference = `${gate.registry.host}/data@sha256:${'0'.repeat(64)}`;
    const looks = {
      short: 'looks',
      when: `input.component_name == "bad"\n\tec.oci.blob("${reference}") == ""`,
    };
    const images = [await gate.push('good'), await gate.push('bad')];
    const report = await gate.validate(images, { policy: gate.policy([looks]), timeout: '2s' });
    expect(report.components.map(reasonsOf)).toEqual([[], ['policy.evaluation: TIMEOUT']]);
    expect(componentOf(report, 'bad').successes.map(({ code }) => code)).toContain(
      'builtin.attestation.signature_check',
    );
  });

  it('when a parent’s configuration cannot be looked at', async () => {
    const image = pushImage(gate.registry, 'bad');
    await gate.sign('bad', image);
    const manifest = JSON.parse(gate.registry.store.manifest('bad', image.digest)?.bytes.toString() ?? '');
    gate.registry.faults.push(matching(new RegExp(manifest.config.digest), THROTTLED));
    const report = await gate.validate([await gate.push('good'), gate.reference('bad', image)], {
      policy: gate.policy([PASSES]),
    });
    expect(report.components.map(reasonsOf)).toEqual([[], ['policy.evaluation: THROTTLED']]);
  });
});

describe('what is not there', () => {
  it('is undefined in a rule, and no fault', async () => {
    const reference = `${gate.registry.host}/data@sha256:${'0'.repeat(64)}`;
    const finds = { short: 'finds', when: `ec.oci.blob("${reference}")` };
    const misses = { short: 'misses', when: `not ec.oci.blob("${reference}")` };
    expect(await reasonsOfTwo(gate.policy([finds, misses]))).toEqual({
      good: ['main.misses: POLICY_VIOLATION'],
      bad: ['main.misses: POLICY_VIOLATION'],
    });
  });
});

describe('a policy that cannot be had', () => {
  it('leaves every component open, and the built-in checks say what they can', async () => {
    const bundle = pushPolicyBundle(gate.registry, 'policies', { 'main.rego': rego(PASSES) });
    const source = `oci::${gate.registry.host}/policies@${bundle.digest}`;
    gate.registry.faults.push(matching(/\/v2\/policies\//, THROTTLED));
    const unsigned = pushImage(gate.registry, 'unsigned');
    const report = await gate.validate([await gate.push('app'), gate.reference('unsigned', unsigned)], {
      policy: JSON.stringify({ sources: [{ policy: [source] }] }),
    });
    expect(report.components.map(reasonsOf)).toEqual([
      ['policy.evaluation: THROTTLED'],
      ['image.signature_check: NO_SIGNATURE', 'attestation.signature_check: NO_ATTESTATION'],
    ]);
    expect(componentOf(report).successes.map(({ code }) => code)).toContain('builtin.image.signature_check');
    expect(report.policy?.spec).toEqual({ sources: [{ policy: [source] }] });
  });

  it('leaves everything open when it alone says who is trusted', async () => {
    const policy = 'https://localhost:1/policy.yaml';
    const component = componentOf(
      await gate.validate([await gate.push('app')], { policy, 'public-key': '' }),
    );
    expect(component.outcome).toBe('undetermined');
    expect(component.findings.map(({ code, outcome }) => [code, outcome])).toEqual([
      ['builtin.image.signature_check', 'undetermined'],
      ['builtin.attestation.signature_check', 'undetermined'],
    ]);
    expect(component.signatures).toEqual([]);
  });
});

describe('a policy that is wrong ends the run before anything is looked at', () => {
  const validate = async (policy: string, more = {}) => {
    const image = await gate.push('app');
    gate.registry.clearLog();
    const code = await codeOf(gate.validate([image], { policy, ...more }));
    expect(gate.registry.count(/\/v2\/app\//)).toBe(0);
    return code;
  };

  it.each([
    ['that does not parse', 'package main\ndeny contains'],
    ['that calls what is forbidden', 'package main\nimport rego.v1\ndeny contains "x" if http.send({})'],
    ['whose rule is no set', 'package main\nimport rego.v1\ndeny if true'],
    ['with one code twice', `${rego(PASSES)}\n\n${rego(PASSES).split('\n\n')[2]}`],
  ])('Rego %s', async (_, text) => {
    expect(await validate(JSON.stringify({ sources: [{ policy: [gate.file(text)] }] }))).toBe('BAD_POLICY');
  });

  it('a member that nobody knows, a source that is not there', async () => {
    expect(await validate('{"source": []}')).toBe('BAD_POLICY');
    expect(await validate('{"sources": [{"policy": ["no/such/folder"]}]}')).toBe('BAD_POLICY');
    const source = `oci::${gate.registry.host}/nothing:v1`;
    expect(await validate(JSON.stringify({ sources: [{ policy: [source] }] }))).toBe('BAD_POLICY');
  });

  it('a time that has passed, unless that is allowed', async () => {
    const policy = gate.policy([PASSES]);
    expect(await validate(policy, { 'effective-time': '2020-01-01' })).toBe('BAD_OPTION');
    const report = await gate.validate([await gate.push('app')], {
      policy,
      'effective-time': '2020-01-01',
      'allow-past-effective-time': 'true',
    });
    expect(report).toMatchObject({ result: 'verified', effectiveTime: '2020-01-01T00:00:00.000Z' });
  });

  it('one that names nobody to trust, when the options do not either', async () => {
    expect(await validate(gate.policy([PASSES]), { 'public-key': '' })).toBe('BAD_IDENTITY');
  });
});

describe('whom to trust', () => {
  it('is said by the policy when options are silent, and by options otherwise', async () => {
    const image = await gate.push('app');
    const trusts = (publicKey: string) => gate.policy([PASSES], {}, { publicKey });
    const own = await gate.validate([image], { policy: trusts(gate.key.publicPem), 'public-key': '' });
    expect(own.result).toBe('verified');
    expect(own.key).toBe(gate.key.publicPem.trimEnd());
    const other = await gate.validate([image], { policy: trusts(gate.taskKey.publicPem), 'public-key': '' });
    expect(other.result).toBe('rejected');
    expect((await gate.validate([image], { policy: trusts(gate.taskKey.publicPem) })).result).toBe(
      'verified',
    );
  });
});

describe('kept proofs and a policy', () => {
  const kept = () => ({ cache: 'true', 'cache-dir': gate.temp.path });
  const result = {
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: { result: 'FAILED' },
  };
  /** Fires when there is an attestation of a test that failed. */
  const rule: RuleText = {
    short: 'failed',
    when: 'some att in input.attestations\n\tatt.statement.predicate.result == "FAILED"',
  };

  it('an attestation that a kept list leaves out is looked at: a policy may say no because of it', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    const reference = gate.reference('app', image);
    const policy = gate.policy([rule]);
    expect((await gate.validate([reference], { policy, ...kept() })).result).toBe('verified');
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...result });
    expect(reasonsOf(componentOf(await gate.validate([reference], { policy, ...kept() })))).toEqual([
      'main.failed: POLICY_VIOLATION',
    ]);
  });

  it('a second run lists anew, and asks for nothing else', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([rule]);
    await gate.validate([image], { policy, ...kept() });
    gate.registry.clearLog();
    const report = await gate.validate([image], { policy, ...kept() });
    expect(report).toMatchObject({ result: 'verified', cache: { hit: 'partial', components: 0 } });
    expect(gate.registry.count(/\/referrers\//)).toBe(1);
    expect(gate.registry.count(/\/manifests\/sha256-/)).toBe(2);
    expect(gate.registry.requests).toHaveLength(3);
  });

  it('offline, the kept lists are all there is', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([rule]);
    await gate.validate([image], { policy, ...kept() });
    gate.registry.clearLog();
    expect((await gate.validate([image], { policy, offline: 'true', ...kept() })).result).toBe('verified');
    expect(gate.registry.requests).toEqual([]);
  });
});

describe('a policy bundle in a registry', () => {
  it('is pinned in the report, and costs no request the next time when it is named by digest', async () => {
    const bundle = pushPolicyBundle(gate.registry, 'policies', { 'main.rego': rego(PASSES) });
    const image = await gate.push('app');
    const source = `oci::${gate.registry.host}/policies@${bundle.digest}`;
    const kept = { cache: 'true', 'cache-dir': gate.temp.path };
    const policy = JSON.stringify({ sources: [{ policy: [source] }] });
    expect((await gate.validate([image], { policy, ...kept })).result).toBe('verified');
    gate.registry.clearLog();
    const report = await gate.validate([image], { policy, ...kept });
    expect(report.result).toBe('verified');
    expect(report.policy?.sources).toEqual([
      { url: source, pinned: source, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(gate.registry.count(/\/v2\/policies\//)).toBe(0);
  });

  it('is kept also when it rejects, and the proofs of what it rejected are not', async () => {
    const bundle = pushPolicyBundle(gate.registry, 'policies', { 'main.rego': rego({ short: 'fires' }) });
    const image = await gate.push('app');
    const kept = { cache: 'true', 'cache-dir': gate.temp.path };
    const source = `oci::${gate.registry.host}/policies@${bundle.digest}`;
    const policy = JSON.stringify({ sources: [{ policy: [source] }] });
    await gate.validate([image], { policy, ...kept });
    gate.registry.clearLog();
    expect((await gate.validate([image], { policy, ...kept })).result).toBe('rejected');
    expect(gate.registry.count(/\/v2\/policies\//)).toBe(0);
    expect(gate.registry.count(/referrers/)).toBe(1);
  });

  it('costs one HEAD when it is named by tag', async () => {
    const bundle = pushPolicyBundle(gate.registry, 'policies', { 'main.rego': rego(PASSES) }, 'v1');
    const image = await gate.push('app');
    const kept = { cache: 'true', 'cache-dir': gate.temp.path };
    const policy = JSON.stringify({ sources: [{ policy: [`oci::${gate.registry.host}/policies:v1`] }] });
    await gate.validate([image], { policy, ...kept });
    gate.registry.clearLog();
    const report = await gate.validate([image], { policy, ...kept });
    expect(report.policy?.sources[0]?.pinned).toContain(bundle.digest);
    const asked = gate.registry.requests.map(({ method, path }) => `${method} ${path}`);
    expect(asked.filter((request) => request.includes('/policies/'))).toEqual([
      'HEAD /v2/policies/manifests/v1',
    ]);
  });
});
