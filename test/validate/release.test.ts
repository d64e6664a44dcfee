import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushDemoSnapshot } from '../../demo/snapshot.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { MAX_EVIDENCE } from '../../src/verify/discovery.ts';
import { after, always, matching } from '../support/faults.ts';
import { pushAttestationManifest, pushImage, pushIndex, pushTaskBundle } from '../support/images.ts';
import { generateKey } from '../support/keys.ts';
import { legacyTag } from '../support/legacy-layout.ts';
import { provenanceV1, provenanceV02 } from '../support/provenance.ts';
import type { WireDescriptor } from '../support/registry-store.ts';
import { attestImage, byIdentity, byKey, signImage } from '../support/signing.ts';
import { componentOf, type Gate, openGate, reasonsOf, tasks } from './support/gate.ts';

const THROTTLED = always({ kind: 'status', status: 429, body: 'slow down' });
const UNAVAILABLE = always({ kind: 'status', status: 503 });

let gate: Gate;

beforeEach(async () => {
  gate = await openGate();
});

afterEach(async () => {
  await gate.close();
});

describe('a release', () => {
  it('comes out as prepared: key and keyless, bundle and legacy, an index, and three that must not pass', async () => {
    const demo = await pushDemoSnapshot(gate.registry, gate.sigstore);
    const report = await gate.validate([], {
      snapshot: JSON.stringify(demo.snapshot),
      'public-key': demo.publicKeyPem,
      'certificate-identity': demo.identity.subject,
      'certificate-oidc-issuer': demo.identity.issuer,
      'task-bundle-public-key': demo.taskBundleKeyPem,
    });
    const outcomes = new Map(report.components.map(({ name, outcome }) => [name, outcome]));
    expect(outcomes).toEqual(demo.expected);
    expect(report.result).toBe('rejected');
  });

  it('costs at most six requests a component, in every layout', async () => {
    const identity = byIdentity('https://ci.example/release', 'https://issuer.example');
    const images = [
      await gate.push('bundle/key'),
      await gate.push('legacy/key', { layout: 'legacy' }),
      await gate.push('bundle/keyless', { signer: identity }),
      await gate.push('legacy/keyless', { signer: identity, layout: 'legacy' }),
    ];
    const report = await gate.validate(images, {
      'certificate-identity': 'https://ci.example/release',
      'certificate-oidc-issuer': 'https://issuer.example',
    });
    expect(report.result).toBe('verified');
    for (const image of images) {
      const repository = image.slice(gate.registry.host.length + 1, image.indexOf('@'));
      expect(gate.registry.count(new RegExp(`/v2/${repository}/`))).toBeLessThanOrEqual(6);
    }
  });

  it('asks for a tag once, and for the digest from then on', async () => {
    const pinned = await gate.push('app');
    const image = pinned.replace(/@.*/, ':v1');
    // The tag moves as soon as it was read.
    const other = pushImage(gate.registry, 'app', { seed: 'other' });
    gate.registry.faults.push((request) => {
      if (request.path.endsWith('/manifests/v1')) gate.registry.store.tag('app', 'v1', other.digest);
      return undefined;
    });
    const report = await gate.validate([image]);
    expect(gate.registry.count(/manifests\/v1$/)).toBe(1);
    expect(componentOf(report).outcome).not.toBe('undetermined');
    expect(report.warnings.map(({ code }) => code)).toContain('TAGS');
  });

  it('uses the digest of a reference that has a tag too', async () => {
    const pinned = await gate.push('app');
    const both = pinned.replace('@', ':no-such-tag@');
    const report = await gate.validate([both]);
    expect(componentOf(report)).toMatchObject({ outcome: 'verified', resolved: pinned });
    expect(gate.registry.count(/no-such-tag/)).toBe(0);
  });

  it('verifies a digest once, and reports it for each component that names it', async () => {
    const pinned = await gate.push('app');
    const report = await gate.validate([pinned, pinned.replace('@', ':v1@'), pinned.replace(/@.*/, ':v1')]);
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['verified', 'verified', 'verified']);
    expect(gate.registry.count(/referrers/)).toBe(1);
    expect(report.usage.sharedVerifications).toBe(2);
  });

  it('with nothing to look at is never verified', async () => {
    const missing = `${gate.registry.host}/app@sha256:${'0'.repeat(64)}`;
    const report = await gate.validate([missing]);
    expect(reasonsOf(componentOf(report))).toEqual(['image.accessible: IMAGE_NOT_FOUND']);
    expect(report.result).toBe('rejected');
  });

  it('one hanging registry does not hide what is known of the others when time runs out', async () => {
    const good = await gate.push('good');
    const hanging = await gate.push('hanging');
    gate.registry.faults.push(matching(/\/v2\/hanging\//, { kind: 'stall' }));
    const report = await gate.validate([good, hanging], { timeout: '2s' });
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['verified', 'undetermined']);
    expect(report.components.flatMap(reasonsOf)).toEqual(['image.accessible: TIMEOUT']);
  });

  it('an image whose evidence hangs is undetermined, and the finding says why', async () => {
    const image = await gate.push('app');
    gate.registry.faults.push(matching(/referrers/, { kind: 'stall' }));
    const component = componentOf(await gate.validate([image], { timeout: '1s' }));
    expect(reasonsOf(component)).toEqual(['image.accessible: TIMEOUT']);
  });

  it('a cancelled run still reports every component', async () => {
    const images = [await gate.push('one'), await gate.push('two')];
    const report = await gate.validate(
      images,
      {},
      { signal: AbortSignal.abort(new ProofgateError('CANCELLED', 'SIGTERM')) },
    );
    expect(report.components.flatMap(reasonsOf)).toEqual(images.map(() => 'image.accessible: CANCELLED'));
  });
});

describe('not looked at is not unsigned', () => {
  it.each([
    ['the referrers list', /referrers/, 'bundle'],
    ['the .sig tag', /\.sig$/, 'legacy'],
    ['a bundle', /blobs/, 'bundle'],
    ['a legacy layer', /blobs/, 'legacy'],
  ] as const)('a throttled registry at %s is undetermined', async (_, path, layout) => {
    const image = await gate.push('app', { layout });
    gate.registry.faults.push(matching(path, THROTTLED));
    const component = componentOf(await gate.validate([image]));
    expect(component.outcome).toBe('undetermined');
    expect(reasonsOf(component)).toContain('image.signature_check: THROTTLED');
    expect(reasonsOf(component).join()).not.toContain('NO_SIGNATURE');
  });

  it('a referrers list that fails is undetermined even where a legacy signature verifies', async () => {
    const image = await gate.push('app', { layout: 'legacy' });
    gate.registry.faults.push(matching(/referrers/, UNAVAILABLE));
    const component = componentOf(await gate.validate([image]));
    expect(component.outcome).toBe('undetermined');
  });

  it.each(['wrong-bytes', 'truncate', 'html'] as const)('evidence as %s is undetermined', async (kind) => {
    const image = await gate.push('app');
    gate.registry.faults.push(matching(/blobs/, { kind }));
    const component = componentOf(await gate.validate([image]));
    expect(component.outcome).toBe('undetermined');
  });

  it('a signature that could not be read outweighs a stranger’s that could', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image, { signer: byKey(generateKey()) });
    const unread = await signImage(gate.registry, 'app', image, gate.signed);
    gate.registry.faults.push(matching(new RegExp(unread.digest), THROTTLED));
    const component = componentOf(await gate.validate([gate.reference('app', image)]));
    expect(reasonsOf(component)).toContain('image.signature_check: THROTTLED');
  });

  it('more referrers than are read leave the answer open', async () => {
    const image = pushImage(gate.registry, 'app');
    for (let number = 0; number <= MAX_EVIDENCE; number += 1) {
      const config = {
        mediaType: 'application/vnd.oci.empty.v1+json',
        ...gate.registry.putBlob('app', '{}'),
      };
      const annotations = { number: String(number) };
      gate.registry.putReferrer('app', { schemaVersion: 2, config, layers: [], subject: image, annotations });
    }
    const component = componentOf(await gate.validate([gate.reference('app', image)]));
    expect(reasonsOf(component)).toContain('image.signature_check: CONTENT_TOO_LARGE');
    expect(component.outcome).toBe('undetermined');
  });

  it('an image that nobody signed is rejected as such', async () => {
    const image = pushImage(gate.registry, 'app');
    const component = componentOf(await gate.validate([gate.reference('app', image)]));
    expect(reasonsOf(component)).toEqual([
      'image.signature_check: NO_SIGNATURE',
      'attestation.signature_check: NO_ATTESTATION',
    ]);
    expect(component.outcome).toBe('rejected');
  });
});

describe('a signature', () => {
  it.each(['bundle', 'legacy'] as const)('an attestation is not one (%s)', async (layout) => {
    const image = pushImage(gate.registry, 'app');
    const provenance = provenanceV1({ tasks: [] });
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...provenance, layout });
    const component = componentOf(await gate.validate([gate.reference('app', image)]));
    expect(reasonsOf(component)).toEqual(['image.signature_check: NO_SIGNATURE']);
  });

  it.each(['bundle', 'legacy'] as const)(
    'of another image does not count for this one (%s)',
    async (layout) => {
      const image = pushImage(gate.registry, 'app', { seed: 'a' });
      const other = pushImage(gate.registry, 'app', { seed: 'b' });
      const claims = { claims: other.digest, layout };
      await gate.sign('app', image, claims);
      const component = componentOf(await gate.validate([gate.reference('app', image)]));
      expect(reasonsOf(component)).toEqual([
        'image.signature_check: SUBJECT_MISMATCH',
        'attestation.signature_check: SUBJECT_MISMATCH',
      ]);
    },
  );

  it.each(['bundle', 'legacy'] as const)('by a stranger does not count (%s)', async (layout) => {
    const image = await gate.push('app', { signer: byKey(generateKey()), layout });
    expect(componentOf(await gate.validate([image])).outcome).toBe('rejected');
  });

  it('beside one by a stranger still counts, and the report says whose it is', async () => {
    const image = pushImage(gate.registry, 'app');
    await signImage(gate.registry, 'app', image, { ...gate.signed, signer: byKey(generateKey()) });
    await gate.sign('app', image);
    const component = componentOf(await gate.validate([gate.reference('app', image)]));
    expect(component.outcome).toBe('verified');
    expect(component.signatures).toHaveLength(1);
    expect(component.signatures[0]?.signedBy).toMatchObject({ type: 'key' });
  });

  it('of one format counts beside an attestation of the other', async () => {
    const image = pushImage(gate.registry, 'app');
    await signImage(gate.registry, 'app', image, { ...gate.signed, layout: 'legacy' });
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...provenanceV1({ tasks: [] }) });
    expect(componentOf(await gate.validate([gate.reference('app', image)])).outcome).toBe('verified');
  });

  it('by several keys: any one of them may match', async () => {
    const image = await gate.push('app');
    const keys = [generateKey().publicPem, gate.key.publicPem];
    expect((await gate.validate([image], { 'public-key': keys })).result).toBe('verified');
  });
});

describe('an index', () => {
  async function pushSigned(repository: string, children: readonly WireDescriptor[]) {
    const index = pushIndex(gate.registry, repository, children);
    await gate.sign(repository, index);
    return index;
  }

  it('is verified with its platforms; attestation manifests of buildx are no platforms', async () => {
    const child = pushImage(gate.registry, 'app');
    await gate.sign('app', child);
    const attestation = pushAttestationManifest(gate.registry, 'app', child);
    const index = await pushSigned('app', [child, attestation]);
    const report = await gate.validate([gate.reference('app', index)]);
    expect(report.components.map(({ platform, outcome }) => [platform, outcome])).toEqual([
      [undefined, 'verified'],
      ['linux/amd64', 'verified'],
    ]);
    expect(report.components[1]?.index).toBe(report.components[0]?.containerImage);
  });

  it.each([
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'unknown' },
    { os: 'unknown', architecture: 'amd64' },
  ])('cannot hide $os/$architecture behind the annotation of an attestation manifest', async (platform) => {
    const child = pushImage(gate.registry, 'app');
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const index = await pushSigned('app', [{ ...child, platform, annotations }]);
    const report = await gate.validate([gate.reference('app', index)]);
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['verified', 'rejected']);
  });

  it('within an index is expanded too', async () => {
    const child = pushImage(gate.registry, 'app');
    await gate.sign('app', child);
    const inner = await pushSigned('app', [child]);
    const outer = await pushSigned('app', [inner]);
    const report = await gate.validate([gate.reference('app', outer)]);
    expect(report.components).toHaveLength(3);
    expect(report.result).toBe('verified');
  });

  it('whose child cannot be fetched keeps that child, undetermined', async () => {
    const child = pushImage(gate.registry, 'app');
    const index = await pushSigned('app', [child]);
    gate.registry.faults.push(matching(new RegExp(`manifests/${child.digest}`), UNAVAILABLE));
    const report = await gate.validate([gate.reference('app', index)]);
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['verified', 'undetermined']);
  });

  it('that cannot be fetched is undetermined, not skipped', async () => {
    const index = await pushSigned('app', []);
    gate.registry.faults.push(matching(/manifests/, UNAVAILABLE));
    const component = componentOf(await gate.validate([gate.reference('app', index)]));
    expect(reasonsOf(component)).toEqual(['image.accessible: REGISTRY_UNAVAILABLE']);
  });

  it('nested without end is undetermined', async () => {
    let index = pushImage(gate.registry, 'app');
    for (let depth = 0; depth < 6; depth += 1) index = await pushSigned('app', [index]);
    const report = await gate.validate([gate.reference('app', index)]);
    expect(report.components.flatMap(reasonsOf)).toContain('image.accessible: CONTENT_TOO_LARGE');
    expect(report.result).toBe('undetermined');
  });

  it('with too many children is undetermined', async () => {
    const child = pushImage(gate.registry, 'app');
    const index = await pushSigned('app', new Array<WireDescriptor>(501).fill(child));
    const component = componentOf(await gate.validate([gate.reference('app', index)]));
    expect(reasonsOf(component)).toContain('image.accessible: CONTENT_TOO_LARGE');
  });
});

describe('task bundles', () => {
  async function pushBundle(name: string, sign = true) {
    const bundle = pushTaskBundle(gate.registry, `tasks/${name}`, [name]);
    const signer = byKey(gate.taskKey);
    if (sign) await signImage(gate.registry, `tasks/${name}`, bundle, { ...gate.signed, signer });
    return gate.reference(`tasks/${name}`, bundle);
  }
  const withTaskKey = () => ({ 'task-bundle-public-key': gate.taskKey.publicPem });

  it('are verified once, and the report says which components used them', async () => {
    const bundle = await pushBundle('clone');
    const images = [
      await gate.push('one', { provenance: provenanceV1({ tasks: tasks(bundle) }) }),
      await gate.push('two', { provenance: provenanceV02({ tasks: tasks(bundle) }) }),
    ];
    const report = await gate.validate(images, withTaskKey());
    expect(report.result).toBe('verified');
    expect(report.taskBundles).toMatchObject([
      { reference: bundle, outcome: 'verified', components: images },
    ]);
    expect(gate.registry.count(/tasks\/clone\/referrers/)).toBe(1);
  });

  it('are only collected when nobody was named to trust for them', async () => {
    const bundle = await pushBundle('clone', false);
    const image = await gate.push('one', { provenance: provenanceV1({ tasks: tasks(bundle) }) });
    const report = await gate.validate([image]);
    expect(report.result).toBe('verified');
    expect(report.taskBundles).toMatchObject([{ reference: bundle, outcome: 'collected' }]);
    expect(gate.registry.count(/tasks\/clone/)).toBe(0);
  });

  it('that nobody signed reject every component that used them, and no other', async () => {
    const bad = await pushBundle('bad', false);
    const good = await pushBundle('good');
    const images = [
      await gate.push('one', { provenance: provenanceV1({ tasks: tasks(good, bad) }) }),
      await gate.push('two', { provenance: provenanceV1({ tasks: tasks(good) }) }),
    ];
    const report = await gate.validate(images, withTaskKey());
    expect(report.components.map(({ outcome }) => outcome)).toEqual(['rejected', 'verified']);
    expect(report.components[0]?.findings).toMatchObject([
      { code: 'builtin.task_bundle.signature_check', reason: 'NO_SIGNATURE', term: bad },
    ]);
  });

  it('signed by the key of the images do not pass: tasks have their own', async () => {
    const bundle = pushTaskBundle(gate.registry, 'tasks/clone', ['clone']);
    await signImage(gate.registry, 'tasks/clone', bundle, gate.signed);
    const provenance = provenanceV1({ tasks: tasks(gate.reference('tasks/clone', bundle)) });
    const image = await gate.push('one', { provenance });
    expect(componentOf(await gate.validate([image], withTaskKey())).outcome).toBe('rejected');
  });

  it('whose registry is down leave their components undetermined', async () => {
    const bundle = await pushBundle('clone');
    const image = await gate.push('one', { provenance: provenanceV1({ tasks: tasks(bundle) }) });
    gate.registry.faults.push(matching(/tasks\/clone/, UNAVAILABLE));
    const component = componentOf(await gate.validate([image], withTaskKey()));
    expect(reasonsOf(component)).toEqual(['task_bundle.signature_check: REGISTRY_UNAVAILABLE']);
    expect(component.outcome).toBe('undetermined');
  });

  it('whose registry is down are not asked for again by each component', async () => {
    const bundle = await pushBundle('clone');
    const provenance = provenanceV1({ tasks: tasks(bundle) });
    const one = await gate.push('one', { provenance });
    gate.registry.faults.push(matching(/tasks\/clone/, UNAVAILABLE));
    await gate.validate([one], withTaskKey());
    const attempts = gate.registry.count(/tasks\/clone/);
    gate.registry.clearLog();
    await gate.validate([one, await gate.push('two', { provenance })], { ...withTaskKey(), workers: '1' });
    expect(gate.registry.count(/tasks\/clone/)).toBe(attempts);
  });

  it('are verified even where no attestation is required of the images', async () => {
    const bundle = await pushBundle('bad', false);
    const image = await gate.push('one', { provenance: provenanceV1({ tasks: tasks(bundle) }) });
    const component = componentOf(await gate.validate([image], { ...withTaskKey(), require: 'signature' }));
    expect(reasonsOf(component)).toEqual(['task_bundle.signature_check: NO_SIGNATURE']);
    const bare = pushImage(gate.registry, 'bare');
    await signImage(gate.registry, 'bare', bare, gate.signed);
    const images = [gate.reference('bare', bare)];
    const unknown = componentOf(await gate.validate(images, { ...withTaskKey(), require: 'signature' }));
    expect(reasonsOf(unknown)).toEqual(['task_bundle.signature_check: NO_ATTESTATION']);
  });

  it('named by tag are rejected as unpinned', async () => {
    const bundle = (await pushBundle('clone')).replace(/@.*/, ':0.1');
    const image = await gate.push('one', { provenance: provenanceV02({ tasks: tasks(bundle) }) });
    const component = componentOf(await gate.validate([image], withTaskKey()));
    expect(reasonsOf(component)).toEqual(['task_bundle.signature_check: TASK_UNPINNED']);
  });

  it('are read from verified provenance only', async () => {
    const forged = await pushBundle('forged');
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    const provenance = provenanceV1({ tasks: tasks(forged) });
    const stranger = { ...gate.signed, signer: byKey(generateKey()) };
    await attestImage(gate.registry, 'app', image, { ...stranger, ...provenance });
    const report = await gate.validate([gate.reference('app', image)], withTaskKey());
    expect(report.result).toBe('verified');
    expect(report.taskBundles).toEqual([]);
  });

  it('cannot be trusted while a piece of provenance could not be read', async () => {
    const image = pushImage(gate.registry, 'app');
    await gate.sign('app', image);
    const unread = await attestImage(gate.registry, 'app', image, {
      ...gate.signed,
      ...provenanceV1({ tasks: tasks('r.example/x:1') }),
    });
    gate.registry.faults.push(matching(new RegExp(unread.digest), UNAVAILABLE));
    const images = [gate.reference('app', image)];
    expect((await gate.validate(images)).result).toBe('verified');
    const component = componentOf(await gate.validate(images, withTaskKey()));
    expect(reasonsOf(component)).toEqual(['task_bundle.signature_check: REGISTRY_UNAVAILABLE']);
  });
});

describe('provenance', () => {
  it('that breaks its schema is rejected though its signature is fine', async () => {
    const good = provenanceV1({ tasks: [] });
    const provenance = {
      ...good,
      predicate: { ...good.predicate, runDetails: { builder: { id: 'nobody' } } },
    };
    const image = await gate.push('app', { provenance });
    const component = componentOf(await gate.validate([image]));
    expect(reasonsOf(component)).toEqual(['attestation.syntax_check: STATEMENT_INVALID']);
  });

  it('at the legacy tag is found beside a bundle that is no provenance', async () => {
    const image = pushImage(gate.registry, 'app');
    await signImage(gate.registry, 'app', image, gate.signed);
    const sbom = { predicateType: 'https://cyclonedx.org/bom', predicate: {} };
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...sbom });
    const provenance = provenanceV1({ tasks: tasks(`r.example/t@sha256:${'1'.repeat(64)}`) });
    await attestImage(gate.registry, 'app', image, { ...gate.signed, ...provenance, layout: 'legacy' });
    const report = await gate.validate([gate.reference('app', image)]);
    expect(componentOf(report).attestations).toHaveLength(2);
    expect(report.taskBundles).toHaveLength(1);
    expect(gate.registry.count(new RegExp(legacyTag(image.digest, 'sig')))).toBe(0);
  });
});

describe('trust', () => {
  it('keys without a transparency log need no trust root: a dead TUF mirror does not matter', async () => {
    const image = await gate.push('app', { log: 'none' });
    const report = await gate.validate([image], { 'ignore-rekor': 'true' });
    expect(report.result).toBe('verified');
    expect(report.trust.source).toBe('none');
  });

  it('a signature that is in no log does not pass unless that was asked for', async () => {
    const image = await gate.push('app', { log: 'none' });
    const component = componentOf(await gate.validate([image]));
    expect(reasonsOf(component)).toContain('image.signature_check: LOG_ENTRY_MISSING');
  });

  it('a legacy signature without its log entry is looked up when a log is named', async () => {
    const image = await gate.push('app', { layout: 'legacy', embedEntry: false });
    expect((await gate.validate([image])).result).toBe('rejected');
    expect((await gate.validate([image], { 'rekor-url': gate.sigstore.url })).result).toBe('verified');
  });

  it('a registry that starts to fail in the middle never turns into a pass', async () => {
    const image = await gate.push('app', { provenance: provenanceV1({ tasks: [] }) });
    for (let passed = 0; passed < 6; passed += 1) {
      gate.registry.faults.splice(0, Infinity, after(passed, UNAVAILABLE));
      expect((await gate.validate([image])).result).toBe('undetermined');
    }
  });
});
