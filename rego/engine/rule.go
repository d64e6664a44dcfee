package engine

import (
	"cmp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// Kind says what a rule makes of its values.
type Kind string

const (
	Set      Kind = "set"
	Object   Kind = "object"
	Complete Kind = "complete"
	Function Kind = "function"
)

const maxTypeBytes = 1024

// A Rule is one rule head of a module.
type Rule struct {
	// Package is its path without `data.`.
	Package string `json:"package"`
	// Name is the first segment after the package.
	Name        string             `json:"name"`
	Path        string             `json:"path"`
	Row         int                `json:"row"`
	Kind        Kind               `json:"kind"`
	Type        string             `json:"type"`
	Annotations []*ast.Annotations `json:"annotations"`
	LiteralCode string             `json:"literalCode,omitempty"`

	ref ast.Ref
}

// listRules describes the rules of parsed modules by path and row.
func listRules(modules map[string]*ast.Module) ([]Rule, []Problem) {
	rules := []Rule{}
	all := make([]*ast.Module, 0, len(modules))
	for _, module := range modules {
		all = append(all, module)
	}
	annotations, failed := ast.BuildAnnotationSet(all)
	if len(failed) > 0 {
		return nil, problemsOf(failed)
	}
	for path, module := range modules {
		for _, rule := range module.Rules {
			rules = append(rules, describe(path, module, rule, annotations))
		}
	}
	slices.SortStableFunc(rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Row, b.Row))
	})
	return rules, nil
}

func describe(path string, module *ast.Module, rule *ast.Rule, annotations *ast.AnnotationSet) Rule {
	described := Rule{
		Package:     packageName(module.Package),
		Name:        nameOf(rule),
		Path:        path,
		Row:         rule.Location.Row,
		Kind:        kindOf(rule.Head),
		Annotations: []*ast.Annotations{},
		LiteralCode: literalCode(rule),
		ref:         module.Package.Path.Append(ast.StringTerm(nameOf(rule))),
	}
	for _, link := range annotations.Chain(rule) {
		if link.Annotations != nil {
			described.Annotations = append(described.Annotations, link.Annotations)
		}
	}
	return described
}

// packageName is the path in Rego's words: a.b, or a["b-c"] where a segment is no identifier.
func packageName(of *ast.Package) string {
	const root = "data."
	return of.Path.String()[len(root):]
}

func nameOf(rule *ast.Rule) string {
	return string(rule.Head.Ref()[0].Value.(ast.Var))
}

func kindOf(head *ast.Head) Kind {
	switch {
	case len(head.Args) > 0:
		return Function
	case len(head.Ref()) > 1:
		return Object
	case head.RuleKind() == ast.MultiValue:
		return Set
	default:
		return Complete
	}
}

// literalCode finds the first object literal with a "code" that is a plain string, in the head and then in the body.
func literalCode(rule *ast.Rule) string {
	var code string
	visitor := ast.NewGenericVisitor(func(node any) bool {
		if term, ok := node.(*ast.Term); ok && code == "" {
			code = codeIn(term.Value)
		}
		return code != ""
	})
	visitor.Walk(rule.Head)
	visitor.Walk(rule.Body)
	return code
}

func codeIn(value ast.Value) string {
	object, ok := value.(ast.Object)
	if !ok {
		return ""
	}
	term := object.Get(ast.StringTerm("code"))
	if term == nil {
		return ""
	}
	text, _ := term.Value.(ast.String)
	return string(text)
}

// addTypes tells what values the rules have, as the compiler sees it.
func addTypes(rules []Rule, compiler *ast.Compiler) {
	known := map[string]string{}
	for i := range rules {
		key := rules[i].ref.String()
		if _, ok := known[key]; !ok {
			known[key] = typeOf(rules[i].ref, compiler)
		}
		rules[i].Type = known[key]
	}
}

func typeOf(ref ast.Ref, compiler *ast.Compiler) string {
	inferred := compiler.TypeEnv.Get(ref)
	if inferred == nil {
		return "any"
	}
	text := types.Sprint(inferred)
	return text[:min(len(text), maxTypeBytes)]
}
