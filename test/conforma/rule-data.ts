// Data that release policies ask for, fitted to the builds of this folder.
import { pushTaskBundle } from '../support/images.ts';
import type { TestRegistry } from '../support/registry.ts';

/** Names of the tasks that `pushBuild` runs, and of one that is trusted in an older version only. */
const TRUSTED_TASKS = ['git-clone', 'buildah', 'clair-scan'];

/** The base document of the policies, as a data source holds it. */
export function ruleDataFor(registry: TestRegistry): Readonly<Record<string, unknown>> {
  return {
    trusted_tasks: Object.fromEntries(TRUSTED_TASKS.map((name) => toTrustedTask(registry, name))),
    'required-tasks': [
      { effective_on: '2023-01-01T00:00:00Z', tasks: ['git-clone', 'buildah', 'clamav-scan'] },
      { effective_on: '2099-01-01T00:00:00Z', tasks: ['git-clone', 'buildah', 'future-scan'] },
    ],
    'pipeline-required-tasks': {
      docker: [{ effective_on: '2023-01-01T00:00:00Z', tasks: ['git-clone', 'buildah', 'show-sbom'] }],
      generic: [{ effective_on: '2023-01-01T00:00:00Z', tasks: ['git-clone'] }],
    },
    rule_data: {
      allowed_registry_prefixes: ['registry.redhat.io/', 'registry.access.redhat.com/'],
      allowed_step_image_registry_prefixes: ['registry.redhat.io/'],
      allowed_target_branch_patterns: ['^refs/heads/main$'],
      pipeline_run_params: ['git-url'],
      required_hermetic_tasks: ['buildah'],
      required_labels: [
        { name: 'architecture', description: 'Architecture the software in the image should target.' },
        { name: 'vendor', description: 'Name of the vendor.' },
      ],
      optional_labels: [{ name: 'maintainer', description: 'The maintainer.' }],
      deprecated_labels: [{ name: 'Name', replacement: 'name' }],
      disallowed_inherited_labels: [{ name: 'description' }],
      disallowed_packages: [
        { purl: 'pkg:golang/git.test/acme/package-2', format: 'semverv', min: 'v1.0.0', max: 'v9.0.0' },
        { purl: 'pkg:npm/%40acme/package-6', format: 'semver', min: '0.0.1' },
      ],
      disallowed_attributes: [{ name: 'konflux:container:is_base_image', value: 'true' }],
      disallowed_external_references: [{ type: 'distribution', url: '.*package-1[0-9]$' }],
      allowed_external_references: [{ type: 'distribution', url: '^https://files\\.test/' }],
      allowed_package_sources: [
        { type: 'maven', patterns: ['^https://repo\\.maven\\.test/'] },
        { type: 'generic', patterns: ['.*'] },
      ],
      known_rpm_repositories: ['known-repository'],
      informative_tests: [],
      cve_leeway: { critical: 10, high: 30, medium: 60, low: 90, unknown: 0 },
      restrict_cve_security_levels: ['critical', 'high'],
      warn_cve_security_levels: ['medium'],
      task_expiry_warning_days: 30,
      allowed_builder_ids: ['https://tekton.dev/chains/v2'],
      disallow_packages_from_sources: [],
      schedule_dates: ['2026-12-24'],
      schedule_weekdays: ['sunday'],
    },
  };
}

// The same content gives the same digest: what a build pushes again later is the version that is trusted here.
function toTrustedTask(registry: TestRegistry, name: string): readonly [string, readonly object[]] {
  const repository = `tasks/task-${name}`;
  const { digest } = pushTaskBundle(registry, repository, [name], { tag: '0.1' });
  const older = { ref: `sha256:${'e'.repeat(64)}`, effective_on: '2024-01-01T00:00:00Z' };
  const current = { ref: digest, effective_on: '2025-01-01T00:00:00Z' };
  const entries =
    name === 'clair-scan'
      ? [
          { ...older, effective_on: '2026-01-01T00:00:00Z' },
          { ...current, expires_on: '2026-01-02T00:00:00Z' },
        ]
      : [current, { ...older, expires_on: '2025-01-01T00:00:00Z' }];
  return [`oci://${registry.host}/${repository}:0.1`, entries];
}
