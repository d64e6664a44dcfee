// A registry, Sigstore services and trusted keys, and one call that validates references against them.

import { commandPersistence } from '../../../src/cache-place.ts';
import type { RawOptions } from '../../../src/options/option-reader.ts';
import type { Options } from '../../../src/options.ts';
import { parseOptions } from '../../../src/options.ts';
import { silentProgress } from '../../../src/report/progress.ts';
import type { ComponentResult, Report } from '../../../src/report/report.ts';
import { type RunContext, run } from '../../../src/run.ts';
import { FakeClock } from '../../support/clock.ts';
import { pushImage } from '../../support/images.ts';
import { generateKey } from '../../support/keys.ts';
import { type Provenance, provenanceV1, type TaskRef } from '../../support/provenance.ts';
import { type RegistryOptions, startRegistry } from '../../support/registry.ts';
import type { WireDescriptor } from '../../support/registry-store.ts';
import { attestImage, byKey, type SignOptions, signImage } from '../../support/signing.ts';
import { type SigstoreServices, startSigstore } from '../../support/sigstore.ts';

export type Gate = Awaited<ReturnType<typeof openGate>>;

/** Close it after the test. Signing happens with `signed`; `verify` trusts that key and these services. */
export async function openGate(registryOptions: RegistryOptions = {}, runSetting: RunSetting = {}) {
  const [registry, sigstore] = await Promise.all([startRegistry(registryOptions), startSigstore()]);
  const key = generateKey();
  const taskKey = generateKey();
  const signed = { signer: byKey(key), sigstore };
  const reference = (repository: string, image: WireDescriptor) =>
    `${registry.host}/${repository}@${image.digest}`;

  const push = async (repository: string, more: Partial<SignOptions> & { provenance?: Provenance } = {}) => {
    const image = pushImage(registry, repository, { tag: 'v1' });
    await sign(repository, image, more);
    return reference(repository, image);
  };
  const sign = async (
    repository: string,
    image: WireDescriptor,
    {
      provenance = provenanceV1({ tasks: [] }),
      ...more
    }: Partial<SignOptions> & { provenance?: Provenance } = {},
  ) => {
    await signImage(registry, repository, image, { ...signed, ...more });
    await attestImage(registry, repository, image, { ...signed, ...more, ...provenance });
  };
  const validate = (images: readonly string[], more: RawOptions = {}, setting: RunSetting = {}) =>
    validateImages(sigstore, { images, 'public-key': key.publicPem, ...more }, { ...runSetting, ...setting });

  return {
    registry,
    sigstore,
    key,
    taskKey,
    signed,
    reference,
    push,
    sign,
    validate,
    close: () => Promise.all([registry.close(), sigstore.close()]),
  };
}

/** What a run has beside its options. */
export interface RunSetting {
  readonly signal?: AbortSignal;
  /** Default: no credentials. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: now, by the machine's clock. */
  readonly nowMs?: number;
  /** Default: the engine that is shipped, started anew. */
  readonly openEngine?: RunContext['openEngine'];
  /** In place of where a pod finds its service account. */
  readonly serviceAccount?: string;
}

async function validateImages(
  sigstore: SigstoreServices,
  raw: RawOptions,
  { signal, environment = {}, nowMs = Date.now(), openEngine, serviceAccount }: RunSetting = {},
): Promise<Report> {
  const parsed = parseOptions({ timeout: '20s', ...raw });
  if (!parsed.ok)
    throw new AggregateError(parsed.problems, parsed.problems.map((one) => one.message).join('\n'));
  const trust = { type: 'file', path: 'trusted_root.json', json: sigstore.trustedRootJson } as const;
  const options: Options = raw['trusted-root'] === undefined ? { ...parsed.options, trust } : parsed.options;
  return run(options, {
    environment,
    clock: new FakeClock(nowMs),
    progress: silentProgress,
    version: '0.0.0',
    persistence: (warn) => commandPersistence(options, {}, warn),
    openEngine,
    ...(signal === undefined ? {} : { signal }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  });
}

/** The only component, or the one of that name. */
export function componentOf(report: Report, name?: string): ComponentResult {
  const found = report.components.find((component) => name === undefined || component.name === name);
  if (found === undefined) throw new Error(`no component ${name} in ${report.components.map((c) => c.name)}`);
  return found;
}

/** `check code: reason` of each finding. */
export function reasonsOf(component: ComponentResult): string[] {
  return component.findings.map(({ code, reason }) => `${code.replace('builtin.', '')}: ${reason}`);
}

export function tasks(...bundles: string[]): TaskRef[] {
  return bundles.map((bundle, position) => ({ name: `task-${position}`, bundle }));
}
