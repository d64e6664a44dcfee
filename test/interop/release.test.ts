// A whole release in one run: sound and damaged components side by side, an index, and the task that built them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { OCI_INDEX } from '../../src/oci/media-types.ts';
import { type JsonReport, trustFlags, verify } from './command.ts';
import { type Image, pushImage, pushManifest, toReference } from './content.ts';
import type { Cosign, Predicate, Trust } from './cosign.ts';
import { editPayload, sayMore } from './damage.ts';
import { type Layout, readProof, removeProof, writeProof } from './proofs.ts';
import { COSIGN_TOOLS, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

/** Versions of cosign that write both parts of a proof in that layout. */
const WRITERS = COSIGN_TOOLS.map(({ name }) => ({
  name,
  layout: (name === 'cosign-2' ? 'legacy' : 'bundle') as Layout,
}));

describe.each(WRITERS)('a release by $name, $layout layout', ({ name, layout }) => {
  let writer: Cosign;
  let trust: Trust;
  let images: Readonly<Record<string, Image>>;
  let taskBundle: Image;
  let exitCode: number;
  let report: JsonReport;

  beforeAll(async () => {
    writer = scene.cosigns.find((cosign) => cosign.name === name) as Cosign;
    trust = { type: 'key', publicKey: scene.trusted.publicKey, logged: false };
    taskBundle = await pushImage(scene.repository);
    await writer.sign(taskBundle.reference, layout, { type: 'key', key: scene.stranger });
    images = await pushRelease();
    const components = Object.entries(images).map(([component, { reference }]) => ({
      name: component,
      containerImage: reference,
    }));
    const gone = { name: 'gone', containerImage: toReference(scene.repository, digestOf('nothing')) };
    const snapshot = JSON.stringify({ application: 'shop', components: [...components, gone] });
    const flags = ['--snapshot', snapshot, '--task-bundle-public-key', scene.stranger.publicKey];
    ({ exitCode, report } = await verify([...flags, ...trustFlags(trust, scene.sigstoreFiles)]));
  });

  async function pushRelease(): Promise<Readonly<Record<string, Image>>> {
    const { slsaprovenance, slsaprovenance1 } = scene.provenance;
    const unsigned = await pushProven(slsaprovenance1);
    await removeProof(unsigned, layout, 'signature');
    const unattested = await pushProven(slsaprovenance1);
    await removeProof(unattested, layout, 'attestation');
    const tampered = await pushProven(slsaprovenance1);
    const proof = await readProof(tampered, layout, 'attestation');
    await writeProof(tampered, layout, 'attestation', editPayload(proof, layout, 'attestation', sayMore));
    return {
      sound: await pushProven(slsaprovenance1),
      'sound with older provenance': await pushProven(slsaprovenance),
      'built by a task': await pushProven(provenanceOf(taskBundle)),
      unsigned,
      unattested,
      tampered,
      index: await prove(await pushIndex(await pushProven(slsaprovenance1)), slsaprovenance1),
    };
  }

  async function pushProven(predicate: Predicate): Promise<Image> {
    return prove(await pushImage(scene.repository), predicate);
  }

  async function prove(image: Image, predicate: Predicate): Promise<Image> {
    const signer = { type: 'key', key: scene.trusted } as const;
    await writer.sign(image.reference, layout, signer);
    await writer.attest(image.reference, layout, signer, predicate);
    return image;
  }

  async function cosignAgrees(component: string, type?: Predicate['type']): Promise<boolean> {
    const { reference } = images[component] as Image;
    const signed = await writer.accepts(reference, layout, 'signature', trust);
    return (await writer.accepts(reference, layout, 'attestation', trust, type)) && signed;
  }

  function judgementOf(component: string) {
    const { outcome, violations = [] } = report.components.find((one) => one.name === component) ?? {};
    return [outcome, ...violations.map(({ metadata: { code, reason } }) => `${code} ${reason}`)];
  }

  it('fails as a whole, and says what became of each component', () => {
    expect([exitCode, report.result]).toEqual([1, 'rejected']);
    expect(report.components).toHaveLength(9);
  });

  it.each([
    ['sound', 'slsaprovenance1'],
    ['sound with older provenance', 'slsaprovenance'],
    ['built by a task', 'slsaprovenance1'],
    ['index', 'slsaprovenance1'],
  ] as const)('verifies the component “%s”, as cosign does', async (component, type) => {
    expect(judgementOf(component)).toEqual(['verified']);
    expect(await cosignAgrees(component, type)).toBe(true);
  });

  it('verifies the platform that the index names', () => {
    const children = report.components.filter(({ name: child }) => child.startsWith('index-'));
    expect(children.map(({ outcome }) => outcome)).toEqual(['verified']);
  });

  // Without provenance that verifies nobody can say which tasks built the image: that is a finding too.
  it.each([
    ['unattested', 'NO_ATTESTATION'],
    ['tampered', 'SIGNATURE_INVALID'],
  ])('rejects the component “%s”, as cosign does', async (component, reason) => {
    expect(judgementOf(component)).toEqual([
      'rejected',
      `builtin.attestation.signature_check ${reason}`,
      `builtin.task_bundle.signature_check ${reason}`,
    ]);
    expect(await cosignAgrees(component)).toBe(false);
  });

  it('rejects an image that is attested and not signed, also where cosign 3 takes the one for the other', async () => {
    expect(judgementOf('unsigned')).toEqual(['rejected', 'builtin.image.signature_check NO_SIGNATURE']);
    expect(await cosignAgrees('unsigned')).toBe(layout === 'bundle');
  });

  it('rejects an image that is not there', () => {
    expect(judgementOf('gone')).toEqual(['rejected', 'builtin.image.accessible IMAGE_NOT_FOUND']);
  });

  it('verifies the task bundle that provenance names, by its own key', () => {
    expect(report.taskBundles).toMatchObject([
      { outcome: 'verified', components: [images['built by a task']?.reference] },
    ]);
  });
});

async function pushIndex(child: Image): Promise<Image> {
  const { repository } = child;
  const platform = { architecture: 'amd64', os: 'linux' };
  const descriptor = await pushManifest(repository, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...child.descriptor, platform }],
  });
  return { repository, descriptor, reference: toReference(repository, descriptor.digest) };
}

/** Provenance of a build whose one task came from a bundle. */
function provenanceOf(taskBundle: Image): Predicate {
  const { repository, descriptor } = taskBundle;
  const predicate = {
    buildDefinition: {
      buildType: 'https://tekton.dev/chains/v2/slsa',
      externalParameters: {},
      resolvedDependencies: [
        {
          name: 'pipelineTask',
          uri: `oci://${repository.host}/${repository.name}`,
          digest: { sha256: descriptor.digest.slice('sha256:'.length) },
        },
      ],
    },
    runDetails: { builder: { id: 'https://tekton.dev/chains/v2' } },
  };
  const file = join(scene.folder, 'built-by-task.json');
  writeFileSync(file, JSON.stringify(predicate));
  return { type: 'slsaprovenance1', file };
}
