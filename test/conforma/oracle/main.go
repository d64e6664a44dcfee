// The oracle: OPA as a native program, from the pin that the product embeds, asked one rule at a time as Conforma does.
// What ec.* functions answered in the run that is held against it comes from a record.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/package-url/packageurl-go"
)

type question struct {
	Modules []struct{ Path, Text string }
	Data    json.RawMessage
	Rules   []struct{ Package, Name string }
	Cases   []struct {
		Input   json.RawMessage
		Answers []answer
	}
}

// An answer without a value is undefined.
type answer struct {
	Name  string
	Args  json.RawMessage
	Value json.RawMessage
}

// Functions of ec.* by the number of their arguments.
var recorded = map[string]int{
	"ec.oci.blob": 1, "ec.oci.parsed_blob": 1, "ec.oci.blob_files": 2, "ec.oci.descriptor": 1,
	"ec.oci.image_manifest": 1, "ec.oci.image_manifests": 1, "ec.oci.image_files": 2, "ec.oci.image_index": 1,
	"ec.oci.image_tag_refs": 1, "ec.oci.image_referrers": 1,
	"ec.sigstore.verify_image": 2, "ec.sigstore.verify_attestation": 2,
}

func main() {
	if err := answerQuestion(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Reads the question from a file, writes one list of values for each case to standard output; a rule that is undefined
// for a case is null.
func answerQuestion() error {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var asked question
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, one := range asked.Cases {
		values, err := evaluate(asked, one.Input, one.Answers)
		if err != nil {
			return err
		}
		if err := out.Encode(values); err != nil {
			return err
		}
	}
	return nil
}

func evaluate(asked question, input json.RawMessage, answers []answer) ([]any, error) {
	record, err := toRecord(answers)
	if err != nil {
		return nil, err
	}
	compiler, err := compile(asked)
	if err != nil {
		return nil, err
	}
	var data map[string]any
	if err := util.UnmarshalJSON(asked.Data, &data); err != nil {
		return nil, err
	}
	var document any
	if err := util.UnmarshalJSON(input, &document); err != nil {
		return nil, err
	}
	store := inmem.NewFromObject(data)
	values := make([]any, 0, len(asked.Rules))
	for _, rule := range asked.Rules {
		options := append(functions(record),
			rego.Query("data."+rule.Package+"."+rule.Name),
			rego.Compiler(compiler), rego.Store(store), rego.Input(document))
		results, err := rego.New(options...).Eval(context.Background())
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", rule.Package, rule.Name, err)
		}
		if len(results) == 0 {
			values = append(values, nil)
			continue
		}
		values = append(values, results[0].Expressions[0].Value)
	}
	return values, nil
}

func compile(asked question) (*ast.Compiler, error) {
	modules := map[string]*ast.Module{}
	for _, file := range asked.Modules {
		module, err := ast.ParseModuleWithOpts(file.Path, file.Text, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, err
		}
		modules[file.Path] = module
	}
	capabilities := ast.CapabilitiesForThisVersion()
	declare := func(name string, arity int) {
		args := make([]types.Type, arity)
		for i := range args {
			args[i] = types.A
		}
		capabilities.Builtins = append(capabilities.Builtins, &ast.Builtin{Name: name, Decl: types.NewFunction(args, types.A)})
	}
	for name, arity := range recorded {
		declare(name, arity)
	}
	declare("ec.purl.parse", 1)
	declare("ec.purl.is_valid", 1)
	compiler := ast.NewCompiler().WithCapabilities(capabilities).WithEnablePrintStatements(true)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

func toRecord(answers []answer) (map[string]json.RawMessage, error) {
	record := map[string]json.RawMessage{}
	for _, one := range answers {
		key, err := canonical(one.Name, one.Args)
		if err != nil {
			return nil, err
		}
		record[key] = one.Value
	}
	return record, nil
}

func canonical(name string, args json.RawMessage) (string, error) {
	var value any
	if err := util.UnmarshalJSON(args, &value); err != nil {
		return "", err
	}
	text, err := json.Marshal(value)
	return name + string(text), err
}

func functions(record map[string]json.RawMessage) []func(*rego.Rego) {
	options := []func(*rego.Rego){
		rego.Function1(declaration("ec.purl.is_valid", 1), isValidPurl),
		rego.Function1(declaration("ec.purl.parse", 1), parsePurl),
	}
	for name, arity := range recorded {
		options = append(options, rego.FunctionDyn(declaration(name, arity),
			func(_ rego.BuiltinContext, terms []*ast.Term) (*ast.Term, error) {
				// What the result is assigned to comes after the arguments.
				return look(record, name, terms[:arity])
			}))
	}
	return options
}

func declaration(name string, arity int) *rego.Function {
	args := make([]types.Type, arity)
	for i := range args {
		args[i] = types.A
	}
	return &rego.Function{Name: name, Decl: types.NewFunction(args, types.A), Memoize: true, Nondeterministic: true}
}

// What was never asked in the recorded run must not be asked here either.
func look(record map[string]json.RawMessage, name string, terms []*ast.Term) (*ast.Term, error) {
	key, err := keyOf(name, terms)
	if err != nil {
		return nil, rego.NewHaltError(err)
	}
	value, isKnown := record[key]
	if !isKnown {
		return nil, rego.NewHaltError(errors.New("not in the record: " + key))
	}
	if len(value) == 0 || bytes.Equal(value, []byte("null")) {
		return nil, nil
	}
	parsed, err := ast.ValueFromReader(bytes.NewReader(value))
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(parsed), nil
}

func keyOf(name string, terms []*ast.Term) (string, error) {
	args := make([]any, 0, len(terms))
	for _, term := range terms {
		value, err := ast.JSON(term.Value)
		if err != nil {
			return "", err
		}
		args = append(args, value)
	}
	text, err := json.Marshal(args)
	if err != nil {
		return "", err
	}
	return canonical(name, text)
}

func isValidPurl(_ rego.BuiltinContext, term *ast.Term) (*ast.Term, error) {
	text, ok := term.Value.(ast.String)
	if !ok {
		return nil, nil
	}
	_, err := packageurl.FromString(string(text))
	return ast.BooleanTerm(err == nil), nil
}

func parsePurl(_ rego.BuiltinContext, term *ast.Term) (*ast.Term, error) {
	text, ok := term.Value.(ast.String)
	if !ok {
		return nil, nil
	}
	parsed, err := packageurl.FromString(string(text))
	if err != nil {
		return nil, nil
	}
	qualifiers := []*ast.Term{}
	for _, one := range parsed.Qualifiers {
		qualifiers = append(qualifiers, ast.ObjectTerm(
			ast.Item(ast.StringTerm("key"), ast.StringTerm(one.Key)),
			ast.Item(ast.StringTerm("value"), ast.StringTerm(one.Value))))
	}
	return ast.ObjectTerm(
		ast.Item(ast.StringTerm("type"), ast.StringTerm(parsed.Type)),
		ast.Item(ast.StringTerm("namespace"), ast.StringTerm(parsed.Namespace)),
		ast.Item(ast.StringTerm("name"), ast.StringTerm(parsed.Name)),
		ast.Item(ast.StringTerm("version"), ast.StringTerm(parsed.Version)),
		ast.Item(ast.StringTerm("qualifiers"), ast.ArrayTerm(qualifiers...)),
		ast.Item(ast.StringTerm("subpath"), ast.StringTerm(parsed.Subpath))), nil
}
