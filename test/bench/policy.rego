# What a release policy does at the least: looks at provenance, at every task bundle that it names, and at the image.
package bench

import rego.v1

_bundles contains bundle if {
	some attestation in input.attestations
	some task in attestation.statement.predicate.buildDefinition.resolvedDependencies
	startswith(task.uri, "oci://")
	bundle := sprintf("%s@sha256:%s", [trim_prefix(task.uri, "oci://"), task.digest.sha256])
}

_manifests := ec.oci.image_manifests(_bundles)

# METADATA
# title: Task bundles are there
# description: Every task bundle that provenance names can be read.
# custom:
#   short_name: bundles
deny contains {"code": "bench.bundles", "msg": sprintf("%s is not there", [bundle])} if {
	some bundle in _bundles
	not _manifests[bundle]
}

# METADATA
# title: Task bundles hold tasks
# description: Every layer of a task bundle is a task.
# custom:
#   short_name: tasks
deny contains {"code": "bench.tasks", "msg": sprintf("%s has a layer that is no task", [bundle])} if {
	some bundle, manifest in _manifests
	some layer in manifest.layers
	layer.annotations["dev.tekton.image.kind"] != "task"
}

# METADATA
# title: There is provenance
# description: At least one attestation is SLSA provenance that names task bundles.
# custom:
#   short_name: provenance
deny contains {"code": "bench.provenance", "msg": "no provenance names a task bundle"} if count(_bundles) == 0

# METADATA
# title: The image is for Linux
# description: The configuration of the image is there.
# custom:
#   short_name: config
deny contains {"code": "bench.config", "msg": "the image has no configuration"} if not input.image.config
