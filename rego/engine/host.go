package engine

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// A Host answers the functions that OPA does not have.
type Host interface {
	// Call gets the JSON array of the arguments and returns the JSON of the result, or "" for undefined. It returns early
	// when cancelled is closed. An error ends the evaluation.
	Call(name string, arguments string, cancelled <-chan struct{}) (string, error)
}

type hostError struct{ cause error }

func (e *hostError) Error() string { return e.cause.Error() }

// answer is nil where the function is undefined.
type answer struct{ term *ast.Term }

func (e *Evaluation) functions() map[string]*topdown.Builtin {
	functions := map[string]*topdown.Builtin{}
	for _, declared := range hostFunctions {
		functions[declared.Name] = &topdown.Builtin{Decl: declared, Func: e.function(declared)}
	}
	for _, function := range purlFunctions {
		functions[function.Decl.Name] = function
	}
	return functions
}

// function asks the host once for each list of arguments.
func (e *Evaluation) function(declared *ast.Builtin) topdown.BuiltinFunc {
	arity := declared.Decl.Arity()
	return func(_ topdown.BuiltinContext, operands []*ast.Term, iter func(*ast.Term) error) error {
		arguments, err := encodeArguments(operands[:arity])
		if err != nil {
			return err
		}
		key := declared.Name + arguments
		known, ok := e.memory[key]
		if !ok {
			if known, err = e.ask(declared.Name, arguments); err != nil {
				return topdown.Halt{Err: &hostError{err}}
			}
			e.memory[key] = known
		}
		if known.term == nil {
			return nil
		}
		return iter(known.term)
	}
}

func (e *Evaluation) ask(name, arguments string) (answer, error) {
	var text string
	var err error
	e.watch.wait(func() { text, err = e.host.Call(name, arguments, e.watch.cancelled) })
	if err != nil || text == "" {
		return answer{}, err
	}
	var result any
	if err := util.UnmarshalJSON([]byte(text), &result); err != nil {
		return answer{}, err
	}
	value, err := ast.InterfaceToValue(result)
	return answer{ast.NewTerm(value)}, err
}

func encodeArguments(operands []*ast.Term) (string, error) {
	values := make([]any, len(operands))
	for i, operand := range operands {
		value, err := ast.JSONWithOpt(operand.Value, ast.JSONOpt{SortSets: true})
		if err != nil {
			return "", err
		}
		values[i] = value
	}
	text, err := json.Marshal(values)
	return string(text), err
}
