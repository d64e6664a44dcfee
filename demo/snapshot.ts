// A release to try Proofgate on: a dozen components, signed in every way that counts, in registries on loopback.
// The same run to run but for keys, ports and times. Not part of the product.
import type { Outcome } from '../src/report/report.ts';
import type { SnapshotComponent, SnapshotSpec } from '../src/validate/snapshot.ts';
import { always, matching } from '../test/support/faults.ts';
import { pushAttestationManifest, pushImage, pushIndex, pushTaskBundle } from '../test/support/images.ts';
import { generateKey } from '../test/support/keys.ts';
import { provenanceV1, provenanceV02, type TaskRef } from '../test/support/provenance.ts';
import type { TestRegistry } from '../test/support/registry.ts';
import type { WireDescriptor } from '../test/support/registry-store.ts';
import { attestImage, byIdentity, byKey, type SignOptions, signImage } from '../test/support/signing.ts';
import type { SigstoreServices } from '../test/support/sigstore.ts';

export interface DemoSnapshot {
  readonly snapshot: SnapshotSpec;
  /** Signs what is signed by key. */
  readonly publicKeyPem: string;
  /** Signs the rest, keyless. */
  readonly identity: { readonly subject: string; readonly issuer: string };
  readonly taskBundleKeyPem: string;
  /** The text of a trusted root file. */
  readonly trustedRoot: string;
  /** What must become of each component, the children of the index included, by Conforma's names. */
  readonly expected: ReadonlyMap<string, Outcome>;
}

/** How a component's reference is written. */
type Named = 'tag' | 'digest' | 'both';

interface Plan {
  readonly name: string;
  readonly named: Named;
  readonly expected: Outcome;
  /** How it is signed; undefined: attested by key, and not signed. */
  readonly sign: SignOptions | undefined;
  readonly provenance: typeof provenanceV1;
  readonly format?: 'oci' | 'docker';
}

const IDENTITY = {
  subject: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
};
const TASKS = ['git-clone', 'buildah', 'scan'];
const TAG = 'v1.4.0';

/**
 * Pushes the release into `registry`, and the component whose registry answers 503 into `unavailable` (by default
 * the same registry, where that repository alone answers so).
 */
export async function pushDemoSnapshot(
  registry: TestRegistry,
  sigstore: SigstoreServices,
  unavailable: TestRegistry = registry,
): Promise<DemoSnapshot> {
  const [key, taskKey] = [generateKey(), generateKey()];
  const tasks = await pushTasks(registry, TASKS, { signer: byKey(taskKey), sigstore });
  const signed = { signer: byKey(key), sigstore };
  const components: SnapshotComponent[] = [];
  const expected = new Map<string, Outcome>();
  for (const plan of plans(signed)) {
    components.push(await pushComponent(registry, plan, tasks, signed));
    expected.set(plan.name, plan.expected);
  }
  components.splice(5, 0, await pushFrontend(registry, tasks, signed, expected));
  components.push(pushUnavailable(unavailable));
  expected.set('archive', 'undetermined');
  return {
    snapshot: { application: 'shop', components },
    publicKeyPem: key.publicPem,
    identity: IDENTITY,
    taskBundleKeyPem: taskKey.publicPem,
    trustedRoot: sigstore.trustedRootJson,
    expected,
  };
}

function plans(byGivenKey: SignOptions & Pick<Required<SignOptions>, 'sigstore'>): Plan[] {
  const { sigstore } = byGivenKey;
  const keyless = { signer: byIdentity(IDENTITY.subject, IDENTITY.issuer), sigstore };
  const stranger = { signer: byKey(generateKey()), sigstore };
  const plan = (
    name: string,
    named: Named,
    sign: SignOptions | undefined,
    expected: Outcome = 'verified',
    provenance = provenanceV1,
  ): Plan => ({ name, named, expected, sign, provenance });
  return [
    plan('api', 'tag', byGivenKey),
    plan('web', 'digest', { ...byGivenKey, layout: 'legacy' }, 'verified', provenanceV02),
    plan('worker', 'both', keyless),
    plan('gateway', 'digest', { ...keyless, layout: 'legacy' }, 'verified', provenanceV02),
    plan('search', 'tag', { ...keyless, log: 'v2' }),
    { ...plan('billing', 'digest', { ...byGivenKey, log: 'v2' }), format: 'docker' },
    plan('mailer', 'both', { ...keyless, layout: 'legacy', timestamp: true }, 'verified', provenanceV02),
    plan('scheduler', 'tag', { ...byGivenKey, layout: 'legacy', timestamp: true }),
    plan('importer', 'digest', undefined, 'rejected'),
    plan('exporter', 'tag', stranger, 'rejected'),
  ];
}

async function pushComponent(
  registry: TestRegistry,
  plan: Plan,
  tasks: readonly TaskRef[],
  byGivenKey: SignOptions,
): Promise<SnapshotComponent> {
  const repository = `shop/${plan.name}`;
  const image = pushImage(registry, repository, { tag: TAG, format: plan.format ?? 'oci' });
  if (plan.sign !== undefined) await signImage(registry, repository, image, plan.sign);
  const provenance = plan.provenance({ tasks });
  await attestImage(registry, repository, image, { ...(plan.sign ?? byGivenKey), ...provenance });
  return toComponent(registry, plan.name, image, plan.named);
}

/** An index of two platforms, signed with each of them, and beside one the attestation manifest that buildx adds. */
async function pushFrontend(
  registry: TestRegistry,
  tasks: readonly TaskRef[],
  signed: SignOptions,
  expected: Map<string, Outcome>,
): Promise<SnapshotComponent> {
  const repository = 'shop/frontend';
  const platforms = ['amd64', 'arm64'].map((architecture) =>
    pushImage(registry, repository, { architecture }),
  );
  const attestations = platforms
    .slice(0, 1)
    .map((image) => pushAttestationManifest(registry, repository, image));
  const index = pushIndex(registry, repository, [...platforms, ...attestations], { tag: TAG });
  for (const image of [index, ...platforms]) {
    await signImage(registry, repository, image, signed);
    await attestImage(registry, repository, image, { ...signed, ...provenanceV1({ tasks }) });
    const platform = image.platform === undefined ? '' : `-${image.digest}-${image.platform.architecture}`;
    expected.set(`frontend${platform}`, 'verified');
  }
  return toComponent(registry, 'frontend', index, 'tag');
}

function pushUnavailable(registry: TestRegistry): SnapshotComponent {
  const image = pushImage(registry, 'shop/archive', { tag: TAG });
  const fault = { kind: 'status', status: 503, body: 'maintenance' } as const;
  registry.faults.unshift(matching(/ \/v2\/shop\/archive\//, always(fault)));
  return toComponent(registry, 'archive', image, 'tag');
}

function toComponent(
  registry: TestRegistry,
  name: string,
  image: WireDescriptor,
  named: Named,
): SnapshotComponent {
  const tag = named === 'digest' ? '' : `:${TAG}`;
  const digest = named === 'tag' ? '' : `@${image.digest}`;
  return {
    name,
    containerImage: `${registry.host}/shop/${name}${tag}${digest}`,
    source: { git: { url: `https://git.test/shop/${name}.git`, revision: 'a'.repeat(40) } },
  };
}

/** Pushes and signs a Tekton bundle for each task; returns them as provenance names them. */
async function pushTasks(
  registry: TestRegistry,
  names: readonly string[],
  signed: SignOptions,
): Promise<TaskRef[]> {
  const tasks: TaskRef[] = [];
  for (const name of names) {
    const image = pushTaskBundle(registry, `tasks/${name}`, [name], { tag: '0.1' });
    await signImage(registry, `tasks/${name}`, image, signed);
    tasks.push({ name, bundle: `${registry.host}/tasks/${name}:0.1@${image.digest}` });
  }
  return tasks;
}

export interface ManyImagesOptions extends Omit<SignOptions, 'sigstore'> {
  /** How many task bundles they share; signed by the same signer. Default 3. */
  readonly taskBundles?: number;
  /** Of the components' names. Default `app`. */
  readonly prefix?: string;
  /** Images of another edition are other images. */
  readonly edition?: string;
  /** Default `tag`. */
  readonly named?: 'tag' | 'digest';
}

/**
 * Pushes `count` images for a benchmark: each of its own digest, signed, and with signed provenance, by
 * `options.signer` in `options.layout`.
 */
export async function pushManyImages(
  registry: TestRegistry,
  sigstore: SigstoreServices,
  count: number,
  options: ManyImagesOptions,
): Promise<SnapshotSpec> {
  const signed = { ...options, sigstore };
  const names = Array.from({ length: options.taskBundles ?? 3 }, (_, number) => `task-${number}`);
  const tasks = await pushTasks(registry, names, signed);
  const provenance = provenanceV1({ tasks });
  const components: SnapshotComponent[] = [];
  for (let number = 0; number < count; number += 1) {
    const name = `${options.prefix ?? 'app'}-${String(number).padStart(4, '0')}`;
    const seed = `${name} ${options.edition ?? ''}`;
    const image = pushImage(registry, `shop/${name}`, { tag: TAG, seed });
    await signImage(registry, `shop/${name}`, image, signed);
    await attestImage(registry, `shop/${name}`, image, { ...signed, ...provenance });
    components.push(toComponent(registry, name, image, options.named ?? 'tag'));
  }
  return { application: 'benchmark', components };
}
