import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_EVIDENCE_BYTES } from '../../src/verify/discovery.ts';
import { pushImage, pushIndex } from '../support/images.ts';
import { generateKey } from '../support/keys.ts';
import { type RuleText, rego } from '../support/policies.ts';
import { provenanceV1, provenanceV02 } from '../support/provenance.ts';
import { attestImage, byKey, signImage } from '../support/signing.ts';
import { componentOf, reasonsOf } from './support/gate.ts';
import { openPolicyScene, type PolicyScene } from './support/policy-scene.ts';
import { type SharedEngine, shareEngine } from './support/shared-engine.ts';

const SBOM = 'https://cyclonedx.org/bom';

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

const PASSES: RuleText = { short: 'passes', when: 'false' };
const FIRES: RuleText = { short: 'fires' };
/** Fires unless the SBOM is among the attestations. */
const WANTS_SBOM: RuleText = {
  short: 'sbom',
  when: `count([1 | some att in input.attestations; att.statement.predicateType == "${SBOM}"]) == 0`,
};

const sbom = (layout: 'bundle' | 'legacy' = 'bundle', predicate: unknown = { bomFormat: 'CycloneDX' }) => ({
  ...gate.signed,
  predicateType: SBOM,
  predicate,
  layout,
});

describe('a verdict with a policy', () => {
  it('is verified when every check passed and no rule fired, and says which rules were looked at', async () => {
    const image = await gate.push('app');
    const report = await gate.validate([image], { policy: gate.policy([PASSES]) });
    const component = componentOf(report);
    expect(component.findings).toEqual([]);
    expect(component.outcome).toBe('verified');
    expect(component.successes.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['builtin.policy.evaluation', 'main.passes']),
    );
    expect(component.successes.find(({ code }) => code === 'main.passes')?.rule).toMatchObject({
      title: 'Title of passes',
    });
    expect(report.policy?.sources).toHaveLength(1);
  });

  it('is rejected by a violation, with what its rule says of itself', async () => {
    const image = await gate.push('app');
    const rule: RuleText = {
      ...FIRES,
      message: 'sprintf("no %s", ["luck"])',
      custom: { solution: 'Be lucky.' },
    };
    const policy = gate.policy([{ ...rule, more: '{"term": "luck"}' }, PASSES]);
    const component = componentOf(await gate.validate([image], { policy }));
    expect(component.outcome).toBe('rejected');
    expect(component.findings).toEqual([
      expect.objectContaining({
        code: 'main.fires',
        reason: 'POLICY_VIOLATION',
        outcome: 'rejected',
        message: 'no luck',
        hint: 'Be lucky.',
        term: 'luck',
      }),
    ]);
    expect(component.successes.map(({ code }) => code)).toContain('builtin.policy.evaluation');
  });

  it('is not changed by warnings', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([{ ...FIRES, name: 'warn' }]);
    const component = componentOf(await gate.validate([image], { policy }));
    expect(component.outcome).toBe('verified');
    expect(component.policyWarnings).toEqual([expect.objectContaining({ code: 'main.fires' })]);
  });

  it('is not changed by rules of the future, before they hold', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([{ ...FIRES, custom: { effective_on: '2099-01-01T00:00:00Z' } }]);
    const today = componentOf(await gate.validate([image], { policy }));
    expect(today.outcome).toBe('verified');
    expect(today.policyWarnings).toHaveLength(1);
    const later = await gate.validate([image], { policy, 'effective-time': '2100-01-01' });
    expect(componentOf(later).outcome).toBe('rejected');
    expect(later.effectiveTime).toBe('2100-01-01T00:00:00.000Z');
  });

  it('holds rules against the end of the build when that is asked for', async () => {
    const images = ['2026-01-31T12:00:00Z', '2026-02-01T12:00:00Z'].map(async (finishedOn, position) => {
      const image = pushImage(gate.registry, `app-${position}`);
      await gate.sign(`app-${position}`, image, { provenance: provenanceV02({ tasks: [], finishedOn }) });
      return gate.reference(`app-${position}`, image);
    });
    const policy = gate.policy([{ ...FIRES, custom: { effective_on: '2026-02-01T00:00:00Z' } }]);
    const options = { policy, 'effective-time': 'attestation' };
    const report = await gate.validate(await Promise.all(images), options);
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['verified', 'rejected']);
  });

  it('never comes from rules that are called like a check', async () => {
    const image = pushImage(gate.registry, 'app');
    const provenance = provenanceV1({ tasks: [] });
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...provenance });
    const rule = { short: 'signature_check', package: 'builtin.image', when: 'false' };
    const component = componentOf(
      await gate.validate([gate.reference('app', image)], { policy: gate.policy([rule]) }),
    );
    expect(component.outcome).toBe('rejected');
    expect(reasonsOf(component)).toEqual(['image.signature_check: NO_SIGNATURE']);
  });

  it('leaves out what is excluded, and takes rule data from options', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([FIRES, PASSES], { config: { include: ['*'], exclude: ['main.fires'] } });
    expect(componentOf(await gate.validate([image], { policy })).outcome).toBe('verified');

    const wants = { short: 'who', when: 'data.rule_data__configuration__.who != "me"' };
    const data = gate.policy([wants], { ruleData: { who: 'nobody' } });
    expect(componentOf(await gate.validate([image], { policy: data })).outcome).toBe('rejected');
    const report = await gate.validate([image], { policy: data, 'extra-rule-data': 'who=me' });
    expect(componentOf(report).outcome).toBe('verified');
    expect(report.policy?.spec).toMatchObject({ sources: [{ ruleData: { who: 'me' } }] });
  });

  it('joins what several source groups say', async () => {
    const image = await gate.push('app');
    const group = (rule: RuleText) => ({ policy: [gate.file(rego(rule))] });
    const policy = JSON.stringify({
      sources: [group(PASSES), group(FIRES), group({ ...FIRES, name: 'warn' })],
    });
    const component = componentOf(await gate.validate([image], { policy }));
    expect(component.outcome).toBe('rejected');
    expect(component.findings).toHaveLength(1);
    expect(component.policyWarnings).toHaveLength(1);
  });

  it('without sources is that of the built-in checks, and says so', async () => {
    const image = await gate.push('app');
    const report = await gate.validate([image], { policy: '{"sources": []}' });
    expect(componentOf(report).outcome).toBe('verified');
    expect(componentOf(report).successes.map(({ code }) => code)).not.toContain('builtin.policy.evaluation');
    expect(report.warnings.map(({ code }) => code)).toContain('policy.empty');
  });

  it('is undetermined when nothing was evaluated', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([PASSES], { config: { include: ['@nobody'] } });
    const component = componentOf(await gate.validate([image], { policy }));
    expect(component.outcome).toBe('undetermined');
    expect(reasonsOf(component)).toEqual(['policy.evaluation: POLICY_EMPTY']);
  });
});

describe('when policies are asked', () => {
  it('an image without signature is evaluated all the same, one without attestation is not', async () => {
    const unsigned = pushImage(gate.registry, 'unsigned');
    await attestImage(gate.registry, 'unsigned', unsigned, {
      ...gate.signed,
      ...provenanceV1({ tasks: [] }),
    });
    const unattested = pushImage(gate.registry, 'unattested');
    await signImage(gate.registry, 'unattested', unattested, gate.signed);
    const report = await gate.validate(
      [gate.reference('unsigned', unsigned), gate.reference('unattested', unattested)],
      { policy: gate.policy([FIRES]) },
    );
    expect(report.components.map(reasonsOf)).toEqual([
      ['image.signature_check: NO_SIGNATURE', 'main.fires: POLICY_VIOLATION'],
      ['attestation.signature_check: NO_ATTESTATION'],
    ]);
  });

  it('attestations in both layouts are seen, whichever comes first', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    await attestImage(gate.registry, 'app', image, sbom('legacy'));
    const component = componentOf(
      await gate.validate([gate.reference('app', image)], { policy: gate.policy([WANTS_SBOM]) }),
    );
    expect(component.outcome).toBe('verified');
    expect(component.attestations).toHaveLength(2);
  });

  it.each([
    ['bundle', 'its blob', 'policy.evaluation: THROTTLED'],
    ['bundle', 'its manifest', 'policy.evaluation: THROTTLED'],
    ['legacy', 'its blob', 'policy.evaluation: THROTTLED'],
    ['legacy', 'its tag', 'attestation.signature_check: THROTTLED'],
  ] as const)(
    'an attestation that could not be read leaves it open (%s, %s)',
    async (layout, what, reason) => {
      const image = pushImage(gate.registry, 'app');
      await gate.sign('app', image);
      const attestation = await attestImage(gate.registry, 'app', image, sbom(layout));
      const manifest = gate.registry.store.manifest('app', attestation.digest)?.bytes.toString() ?? '';
      const [layer] = JSON.parse(manifest).layers;
      const part = { 'its blob': layer.digest, 'its manifest': attestation.digest, 'its tag': '.att' }[what];
      gate.registry.faults.push(({ path }) =>
        path.includes(part) ? { kind: 'status', status: 429 } : undefined,
      );
      const policy = gate.policy([WANTS_SBOM]);
      const component = componentOf(await gate.validate([gate.reference('app', image)], { policy }));
      expect(reasonsOf(component)).toEqual([reason]);
      expect(component.outcome).toBe('undetermined');
    },
  );

  it('an attestation beyond what is read leaves it open', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    const attestation = await attestImage(gate.registry, 'app', image, sbom());
    const stored = gate.registry.store.manifest('app', attestation.digest);
    const text = JSON.parse(stored?.bytes.toString() ?? '');
    text.layers[0].size = MAX_EVIDENCE_BYTES + 1;
    gate.registry.putReferrer('app', text);
    const policy = gate.policy([PASSES]);
    const component = componentOf(await gate.validate([gate.reference('app', image)], { policy }));
    expect(reasonsOf(component)).toEqual(['policy.evaluation: CONTENT_TOO_LARGE']);
  });

  it('an attestation that could not be checked leaves it open', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    // Its log entry is to be looked up, where nobody answers.
    await attestImage(gate.registry, 'app', image, { ...sbom('legacy'), embedEntry: false });
    const options = { policy: gate.policy([PASSES]), 'rekor-url': 'http://127.0.0.1:9' };
    const component = componentOf(await gate.validate([gate.reference('app', image)], options));
    expect(component.findings).toMatchObject([
      { code: 'builtin.policy.evaluation', outcome: 'undetermined', message: /not asked/ },
    ]);
  });

  it('attestations are shown where only a signature is required, and none is no obstacle', async () => {
    const image = pushImage(gate.registry, 'app');
    await signImage(gate.registry, 'app', image, gate.signed);
    const options = { policy: gate.policy([WANTS_SBOM]), require: 'signature' };
    const without = componentOf(await gate.validate([gate.reference('app', image)], options));
    expect(reasonsOf(without)).toEqual(['main.sbom: POLICY_VIOLATION']);
    await attestImage(gate.registry, 'app', image, sbom());
    const report = await gate.validate([gate.reference('app', image)], options);
    expect(componentOf(report).outcome).toBe('verified');
  });

  it('attestations of strangers are not shown to them', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    await attestImage(gate.registry, 'app', image, { ...sbom(), signer: byKey(generateKey()) });
    const component = componentOf(
      await gate.validate([gate.reference('app', image)], { policy: gate.policy([WANTS_SBOM]) }),
    );
    expect(reasonsOf(component)).toEqual(['main.sbom: POLICY_VIOLATION']);
  });
});

describe('what policies see', () => {
  it('is statements as they were signed, to the last digit, and the whole snapshot', async () => {
    const index = pushIndex(gate.registry, 'app', [pushImage(gate.registry, 'app')], { tag: 'v1' });
    await gate.sign('app', index);
    const snapshot = JSON.stringify({
      application: 'shop',
      components: [
        {
          name: 'app',
          containerImage: gate.reference('app', index),
          source: { git: { url: 'https://git.example/app', revision: 'abc' } },
        },
      ],
    });
    const report = await gate.validate([], {
      snapshot,
      policy: gate.policy([PASSES]),
      output: 'policy-input',
    });
    const input = JSON.parse(componentOf(report, 'app').policyInput ?? '');
    expect(input).toMatchObject({
      component_name: 'app',
      image: {
        ref: gate.reference('app', index),
        source: { git: { url: 'https://git.example/app', revision: 'abc' } },
        signatures: [{ sig: expect.any(String) }],
      },
      snapshot: { application: 'shop', components: [{ name: 'app' }, { name: /^app-sha256:.*-amd64$/ }] },
      policy_spec: { sources: [{ policy: [expect.any(String)] }] },
      attestations: [{ statement: { predicateType: 'https://slsa.dev/provenance/v1' } }],
    });
  });
});

describe('components that share a digest', () => {
  it('are evaluated each under its name, on evidence that was looked at once', async () => {
    const pinned = await gate.push('app');
    const snapshot = JSON.stringify({
      components: [
        { name: 'one', containerImage: pinned },
        { name: 'two', containerImage: pinned.replace('@', ':v1@') },
        { name: 'three', containerImage: pinned.replace(/@.*/, ':v1') },
      ],
    });
    const policy = gate.policy([{ short: 'two', when: 'input.component_name == "two"' }]);
    const report = await gate.validate([], { snapshot, policy });
    expect(report.components.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['one', 'verified'],
      ['two', 'rejected'],
      ['three', 'verified'],
    ]);
    expect(gate.registry.count(/referrers/)).toBe(1);
    expect(report.usage.sharedVerifications).toBe(2);
  });

  it('are expanded from indexes, and reported beside them', async () => {
    const children = ['amd64', 'arm64'].map((architecture) =>
      pushImage(gate.registry, 'app', { architecture }),
    );
    const index = pushIndex(gate.registry, 'app', children, { tag: 'v1' });
    for (const image of [index, ...children]) await gate.sign('app', image);
    const other = await gate.push('other');
    const missing = `${gate.registry.host}/missing:v1`;
    const rule = { short: 'arm', when: 'endswith(input.component_name, "arm64")' };
    const sees = { short: 'sees', when: 'count(input.snapshot.components) != 5' };
    const policy = gate.policy([rule, sees]);
    const report = await gate.validate([gate.reference('app', index), missing, other], { policy });
    expect(report.components.map(reasonsOf)).toEqual([
      [],
      [],
      ['main.arm: POLICY_VIOLATION'],
      ['image.accessible: IMAGE_NOT_FOUND'],
      [],
    ]);
  });
});

describe('proofs that are kept', () => {
  const kept = () => ({ cache: 'true', 'cache-dir': gate.temp.path });

  it('hold what rules looked at, too, when the component is verified', async () => {
    const image = await gate.push('app');
    const data = pushImage(gate.registry, 'data');
    const reference = gate.reference('data', data);
    const looks = { short: 'looks', when: `not ec.oci.image_manifest("${reference}")` };
    const fires = { short: 'fires', when: 'data.rule_data__configuration__.fires' };
    const policy = (fire: boolean) => gate.policy([looks, fires], { ruleData: { fires: fire } });
    for (const [isRejected, count] of [
      [true, 1],
      [false, 1],
      [false, 0],
    ] as const) {
      gate.registry.clearLog();
      const report = await gate.validate([image], { policy: policy(isRejected), ...kept() });
      expect(componentOf(report).outcome).toBe(isRejected ? 'rejected' : 'verified');
      expect(gate.registry.count(/\/v2\/data\//)).toBe(count);
    }
  });

  it('are held against the policy of today, which may reject what passed yesterday', async () => {
    const image = await gate.push('app');
    const outcomeWith = async (rule: RuleText) =>
      componentOf(await gate.validate([image], { policy: gate.policy([rule]), ...kept() })).outcome;
    expect(await outcomeWith(PASSES)).toBe('verified');
    expect(await outcomeWith(FIRES)).toBe('rejected');
    expect(await outcomeWith(PASSES)).toBe('verified');
  });

  it('are not those of what a policy rejected', async () => {
    const image = await gate.push('app');
    const policy = gate.policy([FIRES]);
    await gate.validate([image], { policy, ...kept() });
    gate.registry.clearLog();
    const report = await gate.validate([image], { policy, ...kept() });
    expect(componentOf(report)).toMatchObject({ outcome: 'rejected', proofs: { from: 'registry' } });
    expect(gate.registry.count(/referrers/)).toBe(1);
  });

  it('never let a policy say no: the registry is asked whether it knows better', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    const reference = gate.reference('app', image);
    const passes = gate.policy([PASSES]);
    expect(componentOf(await gate.validate([reference], { policy: passes, ...kept() })).outcome).toBe(
      'verified',
    );
    await attestImage(gate.registry, 'app', image, sbom());
    const report = await gate.validate([reference], { policy: gate.policy([WANTS_SBOM]), ...kept() });
    expect(componentOf(report)).toMatchObject({ outcome: 'verified', proofs: { from: 'registry' } });
  });

  it('of a run without a policy are completed by one that has some', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    await attestImage(gate.registry, 'app', image, sbom('legacy'));
    const reference = gate.reference('app', image);
    await gate.validate([reference], kept());
    const report = await gate.validate([reference], { policy: gate.policy([WANTS_SBOM]), ...kept() });
    expect(componentOf(report).outcome).toBe('verified');
  });
});
