package engine

import (
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	maxProblems     = 20
	maxMessageBytes = 4096
)

// A Problem is what keeps modules from being compiled.
type Problem struct {
	// Code is OPA's: rego_parse_error, rego_compile_error, rego_type_error, …
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Row     int    `json:"row,omitempty"`
	Column  int    `json:"column,omitempty"`
}

// problemsOf takes apart what OPA's parser and compiler return.
func problemsOf(err error) []Problem {
	var several ast.Errors
	var single *ast.Error
	if errors.As(err, &single) {
		several = ast.Errors{single}
	} else if !errors.As(err, &several) {
		return []Problem{{Code: "rego_error", Message: cut(err.Error())}}
	}
	problems := make([]Problem, 0, len(several))
	for _, one := range several[:min(len(several), maxProblems)] {
		problem := Problem{Code: one.Code, Message: cut(one.Message)}
		if at := one.Location; at != nil {
			problem.Path, problem.Row, problem.Column = at.File, at.Row, at.Col
		}
		problems = append(problems, problem)
	}
	return problems
}

// cut bounds a text that quotes a policy or its input.
func cut(text string) string {
	if len(text) <= maxMessageBytes {
		return text
	}
	return text[:maxMessageBytes] + "…"
}
