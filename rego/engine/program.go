// Package engine evaluates Rego with OPA: it compiles modules, lists their rules and answers, in one query, what
// several rules say of an input. It knows neither JavaScript nor what the values mean.
package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

// Selections of rules for which the query is kept.
const maxQueries = 100

// A Module is one file of Rego v1.
type Module struct {
	// Path names it in problems; no two modules share one.
	Path string
	Text string
}

// A Program is what Compile made. It may be evaluated several times at once.
type Program struct {
	// Rules are those of all modules, by path and row.
	Rules []Rule

	compiler *ast.Compiler
	store    storage.Store
	queries  map[string]ast.Body
}

// Compile parses and checks modules, those of tests left out; data is the JSON text of an object.
func Compile(modules []Module, data string) (*Program, []Problem) {
	base, problem := parseData(data)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	allowed := capabilities()
	parsed, problems := parse(modules, allowed)
	if len(problems) > 0 {
		return nil, problems
	}
	// Before the compiler rewrites them.
	rules, problems := listRules(parsed)
	if len(problems) > 0 {
		return nil, problems
	}
	compiler := ast.NewCompiler().
		WithCapabilities(allowed).
		WithDefaultRegoVersion(ast.RegoV1).
		WithEnablePrintStatements(true).
		SetErrorLimit(maxProblems)
	if compiler.Compile(parsed); compiler.Failed() {
		return nil, problemsOf(compiler.Errors)
	}
	addTypes(rules, compiler)
	store := inmem.NewFromObjectWithOpts(base, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	return &Program{Rules: rules, compiler: compiler, store: store, queries: map[string]ast.Body{}}, nil
}

func parseData(text string) (map[string]any, *Problem) {
	var data any
	// Numbers stay texts, so that none loses a digit.
	if err := util.UnmarshalJSON([]byte(text), &data); err != nil {
		return nil, &Problem{Code: "data_error", Message: cut("data is not JSON: " + err.Error())}
	}
	object, ok := data.(map[string]any)
	if !ok {
		return nil, &Problem{Code: "data_error", Message: "data is not an object"}
	}
	return object, nil
}

func parse(modules []Module, allowed *ast.Capabilities) (map[string]*ast.Module, []Problem) {
	options := ast.ParserOptions{Capabilities: allowed, ProcessAnnotation: true, RegoVersion: ast.RegoV1}
	parsed := make(map[string]*ast.Module, len(modules))
	var problems []Problem
	for _, module := range modules {
		if strings.HasSuffix(module.Path, "_test.rego") {
			continue
		}
		if parsed[module.Path] != nil {
			problems = append(problems, Problem{Code: "rego_parse_error", Path: module.Path, Message: "two modules have this path"})
			continue
		}
		result, err := ast.ParseModuleWithOpts(module.Path, module.Text, options)
		if err != nil {
			problems = append(problems, locate(problemsOf(err), module.Path)...)
			continue
		}
		parsed[module.Path] = result
	}
	return parsed, problems[:min(len(problems), maxProblems)]
}

func locate(problems []Problem, path string) []Problem {
	for i := range problems {
		if problems[i].Path == "" {
			problems[i].Path = path
		}
	}
	return problems
}

// query asks for all references at once, each in a comprehension of its own, so that one which is undefined leaves the
// others defined: [[v | v := data.a.deny], [v | v := data.b.warn], …].
func (p *Program) query(references []Reference) (ast.Body, error) {
	key := fmt.Sprintf("%q", references)
	if body, ok := p.queries[key]; ok {
		return body, nil
	}
	items := make([]*ast.Term, len(references))
	for i, reference := range references {
		target, err := p.resolve(reference)
		if err != nil {
			return nil, err
		}
		value := ast.VarTerm("v")
		items[i] = ast.ArrayComprehensionTerm(value, ast.NewBody(ast.Assign.Expr(value, ast.NewTerm(target))))
	}
	asked := ast.NewBody(ast.Equality.Expr(ast.VarTerm("answers"), ast.ArrayTerm(items...)))
	body, err := p.compiler.QueryCompiler().Compile(asked)
	if err != nil {
		return nil, err
	}
	if len(p.queries) == maxQueries {
		clear(p.queries)
	}
	p.queries[key] = body
	return body, nil
}

// resolve refuses what no module defines: a name with a mistake in it would be undefined, which reads as "no violation".
func (p *Program) resolve(reference Reference) (ast.Ref, error) {
	at := slices.IndexFunc(p.Rules, func(rule Rule) bool {
		return rule.Package == reference.Package && rule.Name == reference.Name && rule.Kind != Function
	})
	if at < 0 {
		return nil, fmt.Errorf("no rule data.%s.%s", reference.Package, reference.Name)
	}
	return p.Rules[at].ref, nil
}

func (p *Program) transaction(ctx context.Context) (storage.Transaction, func(), error) {
	transaction, err := p.store.NewTransaction(ctx)
	return transaction, func() { p.store.Abort(ctx, transaction) }, err
}
