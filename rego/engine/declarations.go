package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// hostFunctions are the names and types of the functions that the host answers. Results are closed objects, so that
// a policy that asks for a field which does not exist is a type error and not a rule that never fires.
var hostFunctions = []*ast.Builtin{
	lookup("ec.oci.blob", types.S, types.S),
	lookup("ec.oci.blob_files", files, types.S, list(types.S)),
	lookup("ec.oci.descriptor", descriptor, types.S),
	lookup("ec.oci.image_files", files, types.S, list(types.S)),
	lookup("ec.oci.image_index", index, types.S),
	lookup("ec.oci.image_manifest", manifest, types.S),
	lookup("ec.oci.image_manifests", mapOf(manifest), types.NewSet(types.S)),
	lookup("ec.oci.image_referrers", list(referrer), types.S),
	lookup("ec.oci.image_tag_refs", list(types.S), types.S),
	lookup("ec.oci.parsed_blob", types.A, types.S),
	lookup("ec.sigstore.verify_attestation", verified("attestations", attestation), types.S, signers),
	lookup("ec.sigstore.verify_image", verified("signatures", signature), types.S, signers),
}

func lookup(name string, result types.Type, args ...types.Type) *ast.Builtin {
	builtin := pure(name, result, args...)
	builtin.Nondeterministic = true
	return builtin
}

func pure(name string, result types.Type, args ...types.Type) *ast.Builtin {
	return &ast.Builtin{Name: name, Decl: types.NewFunction(args, result)}
}

func list(of types.Type) types.Type { return types.NewArray(nil, of) }

func mapOf(of types.Type) types.Type {
	return types.NewObject(nil, types.NewDynamicProperty(types.S, of))
}

type field struct {
	name string
	of   types.Type
}

func closed(fields ...field) *types.Object {
	properties := make([]*types.StaticProperty, len(fields))
	for i, f := range fields {
		properties[i] = types.NewStaticProperty(f.name, f.of)
	}
	return types.NewObject(properties, nil)
}

func texts(names ...string) []field {
	fields := make([]field, len(names))
	for i, name := range names {
		fields[i] = field{name, types.S}
	}
	return fields
}

func verified(evidence string, of types.Type) types.Type {
	return closed(field{"success", types.B}, field{"errors", list(types.S)}, field{evidence, list(of)})
}

var (
	files = mapOf(types.A)

	platform = closed(append(texts("architecture", "os", "os.version", "variant"),
		field{"os.features", list(types.S)}, field{"features", list(types.S)})...)

	descriptor = closed(append(texts("mediaType", "digest", "data", "artifactType"),
		field{"size", types.N}, field{"urls", list(types.S)},
		field{"annotations", mapOf(types.S)}, field{"platform", platform})...)

	manifest = closed(field{"schemaVersion", types.N}, field{"mediaType", types.S}, field{"config", descriptor},
		field{"layers", list(descriptor)}, field{"annotations", mapOf(types.S)}, field{"subject", descriptor})

	index = closed(field{"schemaVersion", types.N}, field{"mediaType", types.S},
		field{"manifests", list(descriptor)}, field{"annotations", mapOf(types.S)}, field{"subject", descriptor})

	referrer = closed(append(texts("mediaType", "digest", "artifactType", "ref"),
		field{"size", types.N}, field{"annotations", mapOf(types.S)})...)

	signature = closed(append(texts("keyid", "signature", "certificate"),
		field{"chain", list(types.S)}, field{"metadata", mapOf(types.S)})...)

	attestation = closed(field{"statement", types.A}, field{"signatures", list(signature)})

	// Static fields are required, the others are strings, whatever their name.
	signers = types.NewObject(
		[]*types.StaticProperty{types.NewStaticProperty("ignore_rekor", types.B)},
		types.NewDynamicProperty(types.S, types.S),
	)

	purl = closed(append(texts("type", "namespace", "name", "version", "subpath"),
		field{"qualifiers", list(closed(texts("key", "value")...))})...)
)
