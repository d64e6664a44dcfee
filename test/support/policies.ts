// Small policies as their users have them: Rego with METADATA in a folder, or as a bundle in a registry.
import type { TestRegistry } from './registry.ts';
import type { WireDescriptor } from './registry-store.ts';

export interface RuleText {
  /** Default `deny`. */
  readonly name?: string;
  /** Of METADATA; the code is `main.<short>`. */
  readonly short: string;
  readonly package?: string;
  /** Rego; it holds when the rule fires. Default: it always does. */
  readonly when?: string;
  /** Rego; default the short name in quotes. */
  readonly message?: string;
  /** Members of `custom` beside the short name. */
  readonly custom?: Readonly<Record<string, string>>;
  /** Members of the result beside code and message, as Rego. */
  readonly more?: string;
}

/** A module of one package with these rules. */
export function rego(...rules: readonly RuleText[]): string {
  const name = rules[0]?.package ?? 'main';
  return [`package ${name}`, 'import rego.v1', ...rules.map((rule) => toRule(name, rule))].join('\n\n');
}

function toRule(
  pkg: string,
  { name = 'deny', short, when = 'true', message = `"${short}"`, custom = {}, more = '{}' }: RuleText,
): string {
  const members = Object.entries(custom).map(([key, value]) => `#   ${key}: ${value}`);
  return [
    '# METADATA',
    `# title: Title of ${short}`,
    `# description: Description of ${short}.`,
    '# custom:',
    `#   short_name: ${short}`,
    ...members,
    `${name} contains object.union({"code": "${pkg}.${short}", "msg": ${message}}, ${more}) if {`,
    `\t${when}`,
    '}',
  ].join('\n');
}

/** Pushes files as `conftest push` does: a layer each, titled with its path. */
export function pushPolicyBundle(
  registry: TestRegistry,
  repository: string,
  files: Readonly<Record<string, string>>,
  tag = 'latest',
): WireDescriptor {
  const config = {
    mediaType: 'application/vnd.cncf.openpolicyagent.config.v1+json',
    ...registry.putBlob(repository, '{}'),
  };
  const layers = Object.entries(files).map(([path, text]) => ({
    mediaType: 'application/vnd.cncf.openpolicyagent.policy.layer.v1+rego',
    ...registry.putBlob(repository, text),
    annotations: { 'org.opencontainers.image.title': path },
  }));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return registry.putManifest(repository, { schemaVersion: 2, mediaType, config, layers }, { tag });
}
