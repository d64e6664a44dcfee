package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/package-url/packageurl-go"
)

// purlFunctions read package URLs (https://github.com/package-url/purl-spec) with the library that Conforma has. Policies
// call them thousands of times, and nobody has to be asked.
var purlFunctions = []*topdown.Builtin{
	{Decl: pure("ec.purl.is_valid", types.B, types.S), Func: isPurl},
	{Decl: pure("ec.purl.parse", purl, types.S), Func: parsePurl},
}

func isPurl(_ topdown.BuiltinContext, operands []*ast.Term, iter func(*ast.Term) error) error {
	text, ok := operands[0].Value.(ast.String)
	if !ok {
		return nil
	}
	_, err := packageurl.FromString(string(text))
	return iter(ast.BooleanTerm(err == nil))
}

// parsePurl is undefined for what is no package URL.
func parsePurl(_ topdown.BuiltinContext, operands []*ast.Term, iter func(*ast.Term) error) error {
	text, ok := operands[0].Value.(ast.String)
	if !ok {
		return nil
	}
	parsed, err := packageurl.FromString(string(text))
	if err != nil {
		return nil
	}
	qualifiers := make([]*ast.Term, len(parsed.Qualifiers))
	for i, qualifier := range parsed.Qualifiers {
		qualifiers[i] = ast.ObjectTerm(member("key", qualifier.Key), member("value", qualifier.Value))
	}
	return iter(ast.ObjectTerm(
		member("type", parsed.Type),
		member("namespace", parsed.Namespace),
		member("name", parsed.Name),
		member("version", parsed.Version),
		member("subpath", parsed.Subpath),
		ast.Item(ast.StringTerm("qualifiers"), ast.ArrayTerm(qualifiers...)),
	))
}

func member(name, value string) [2]*ast.Term {
	return ast.Item(ast.StringTerm(name), ast.StringTerm(value))
}
