// Small real images, indexes and Tekton bundles, pushed into a test registry. The same seed gives the same digest.
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/base/digest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { tar } from './archives.ts';
import type { TestRegistry } from './registry.ts';
import type { WireDescriptor } from './registry-store.ts';

export interface ImageOptions {
  readonly tag?: string;
  /** What makes the content differ. Default: the repository's name. */
  readonly seed?: string;
  /** Default `amd64`. */
  readonly architecture?: string;
  /** Default `oci`. */
  readonly format?: 'oci' | 'docker';
  /** Of the configuration, beside `seed`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface IndexOptions {
  readonly tag?: string;
  /** Default `oci`; `docker` is a manifest list. */
  readonly format?: 'oci' | 'docker';
}

const OCI = {
  manifest: OCI_MANIFEST,
  index: OCI_INDEX,
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const DOCKER = {
  manifest: DOCKER_MANIFEST,
  index: DOCKER_LIST,
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** Pushes an image of one layer with one file. The descriptor names its platform, ready for an index. */
export function pushImage(
  registry: TestRegistry,
  repository: string,
  options: ImageOptions = {},
): WireDescriptor {
  const { tag, seed = repository, architecture = 'amd64', format = 'oci', labels = {} } = options;
  const types = format === 'oci' ? OCI : DOCKER;
  const layer = tar({ name: 'etc/seed', content: `${seed} ${architecture}\n` });
  const config = {
    architecture,
    os: 'linux',
    config: { Labels: { seed, ...labels } },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, ...registry.putBlob(repository, JSON.stringify(config)) },
    layers: [{ mediaType: types.layer, ...registry.putBlob(repository, gzipSync(layer)) }],
  } as const;
  const descriptor = registry.putManifest(repository, manifest, tag === undefined ? {} : { tag });
  return { ...descriptor, platform: { architecture, os: 'linux' } };
}

/** Pushes an index over what was pushed before: images, other indexes, attestation manifests. */
export function pushIndex(
  registry: TestRegistry,
  repository: string,
  manifests: readonly WireDescriptor[],
  options: IndexOptions = {},
): WireDescriptor {
  const mediaType = options.format === 'docker' ? DOCKER.index : OCI.index;
  const tag = options.tag === undefined ? {} : { tag: options.tag };
  return registry.putManifest(repository, { schemaVersion: 2, mediaType, manifests }, tag);
}

/** Pushes the attestation manifest that buildx puts beside a platform's image; its descriptor is ready for an index. */
export function pushAttestationManifest(
  registry: TestRegistry,
  repository: string,
  image: WireDescriptor,
): WireDescriptor {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://spdx.dev/Document',
  };
  const layer = registry.putBlob(
    repository,
    JSON.stringify({ ...statement, subject: [{ digest: image.digest }] }),
  );
  const config = registry.putBlob(repository, JSON.stringify({ architecture: 'unknown', os: 'unknown' }));
  const descriptor = registry.putManifest(repository, {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, ...config },
    layers: [{ mediaType: 'application/vnd.in-toto+json', ...layer }],
  });
  return {
    ...descriptor,
    annotations: {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}

/** Pushes a Tekton bundle of these tasks, one a layer. `tkn` writes Docker manifests (the default here). */
export function pushTaskBundle(
  registry: TestRegistry,
  repository: string,
  tasks: readonly string[],
  options: { readonly tag?: string; readonly format?: 'oci' | 'docker' } = {},
): WireDescriptor {
  const types = options.format === 'oci' ? OCI : DOCKER;
  const tars = tasks.map((name) => tar({ name, content: taskYaml(name) }));
  const layers = tars.map((layer, position) => ({
    mediaType: types.layer,
    ...registry.putBlob(repository, gzipSync(layer)),
    annotations: {
      'dev.tekton.image.apiVersion': 'v1',
      'dev.tekton.image.kind': 'task',
      'dev.tekton.image.name': tasks[position] ?? '',
    },
  }));
  const rootfs = { type: 'layers', diff_ids: tars.map((layer) => digestOf(layer)) };
  const config = JSON.stringify({
    architecture: '',
    created: '1970-01-01T00:00:00Z',
    os: '',
    rootfs,
    config: {},
  });
  const configDescriptor = { mediaType: types.config, ...registry.putBlob(repository, config) };
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config: configDescriptor, layers } as const;
  return registry.putManifest(repository, manifest, options.tag === undefined ? {} : { tag: options.tag });
}

function taskYaml(name: string): string {
  return JSON.stringify({
    apiVersion: 'tekton.dev/v1',
    kind: 'Task',
    metadata: { name },
    spec: { steps: [{ name: 'run', image: 'registry.test/tool@sha256:00', command: ['true'] }] },
  });
}
