// Policy bundles as ORAS and conftest push them: one layer for each file, titled with its name.
import type { TestRegistry } from '../../support/registry.ts';
import type { WireDescriptor } from '../../support/registry-store.ts';

export interface BundleLayer {
  readonly title?: string;
  readonly content: string | Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function pushBundle(
  registry: TestRegistry,
  repository: string,
  layers: readonly BundleLayer[],
  options: { readonly tag?: string } = {},
): WireDescriptor {
  const config = registry.putBlob(repository, '{}');
  return registry.putManifest(
    repository,
    {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.cncf.openpolicyagent.config.v1+json', ...config },
      layers: layers.map(({ title, content, annotations = {} }) => ({
        mediaType: 'application/vnd.cncf.openpolicyagent.policy.layer.v1+rego',
        ...registry.putBlob(repository, content),
        annotations: {
          ...annotations,
          ...(title === undefined ? {} : { 'org.opencontainers.image.title': title }),
        },
      })),
    },
    options,
  );
}

/** From names to contents. */
export function filesOf(files: Readonly<Record<string, string>>): readonly BundleLayer[] {
  return Object.entries(files).map(([title, content]) => ({ title, content }));
}
