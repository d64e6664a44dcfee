// A registry, perhaps with a cache before it, and policies that ask.
import { join } from 'node:path';
import { createHttpClient } from '../../../../src/oci/http-client.ts';
import type { RegistryLimits } from '../../../../src/oci/limits.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import { ProofSource } from '../../../../src/oci/proof-source.ts';
import { Registry } from '../../../../src/oci/registry.ts';
import { createHostFunctions } from '../../../../src/policy/builtins/host.ts';
import { BlobStore } from '../../../../src/store/blob-store.ts';
import { ProofIndex } from '../../../../src/store/proof-index.ts';
import { loadTrust } from '../../../../src/verify/trust.ts';
import { FakeClock } from '../../../support/clock.ts';
import type { TestRegistry } from '../../../support/registry.ts';
import type { WireDescriptor } from '../../../support/registry-store.ts';
import type { SigstoreServices } from '../../../support/sigstore.ts';

export interface AskingOptions {
  /** A directory: what is read goes through a store in it. */
  readonly cache?: string;
  readonly sigstore?: SigstoreServices;
  readonly limits?: Partial<RegistryLimits>;
  readonly maxKeptBytes?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Asking extends AsyncDisposable {
  readonly registry: Registry;
  readonly images: Registry | ProofSource;
  /** As the policies of one component; JSON there and back, as on the way to the engine. */
  ask(name: string, ...args: readonly unknown[]): Promise<unknown>;
  /** For the next run, what that component read. */
  keep(): Promise<void>;
  askFrom(signal: AbortSignal, name: string, ...args: readonly unknown[]): Promise<unknown>;
}

const HOUR_MS = 3_600_000;

/** One run. */
export async function openAsking(options: AskingOptions = {}): Promise<Asking> {
  const clock = new FakeClock(Date.now());
  const registry = new Registry({
    environment: options.environment ?? {},
    insecureRegistries: new Set(),
    clock,
    random: () => 0,
    limits: { requestMs: 10_000, headersMs: 5_000, ...options.limits },
  });
  const images = options.cache === undefined ? registry : await openCache(options.cache, registry, clock);
  const http = createHttpClient(registry.transport);
  const trust = () => {
    if (options.sigstore === undefined) throw new Error('no trust in this test');
    const file = { type: 'file', path: 'root.json', json: options.sigstore.trustedRootJson } as const;
    return loadTrust(file, http);
  };
  const proofs = images instanceof ProofSource ? images : undefined;
  const more = options.maxKeptBytes === undefined ? {} : { maxKeptBytes: options.maxKeptBytes };
  const component = createHostFunctions({ images, registry, proofs, trust, http, clock, ...more })();
  const askFrom = async (signal: AbortSignal, name: string, ...args: readonly unknown[]) => {
    const value = await component.functions(name, args, signal);
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  };
  return {
    registry,
    images,
    ask: (name, ...args) => askFrom(new AbortController().signal, name, ...args),
    askFrom,
    keep: () => component.keep(),
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

async function openCache(root: string, registry: Registry, clock: FakeClock): Promise<ProofSource> {
  const warn = (message: string) => {
    throw new Error(message);
  };
  const blobs = await BlobStore.open(join(root, 'cache'), { clock, maxBytes: 2 ** 30, warn });
  if (blobs === undefined) throw new Error('no store');
  return new ProofSource({
    registry,
    blobs,
    index: new ProofIndex(blobs.directory),
    clock,
    listsAnew: false,
    maxAgeMs: HOUR_MS,
  });
}

/** An image of these layers, as they are; its configuration is `config` of the file. */
export function pushLayers(
  registry: TestRegistry,
  repository: string,
  layers: readonly Buffer[],
  more: { readonly config?: unknown; readonly annotations?: Record<string, string> } = {},
): WireDescriptor {
  const file = JSON.stringify({ architecture: 'amd64', os: 'linux', config: more.config ?? {} });
  return registry.putManifest(repository, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...registry.putBlob(repository, file) },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      ...registry.putBlob(repository, layer),
    })),
    ...(more.annotations === undefined ? {} : { annotations: more.annotations }),
  });
}
