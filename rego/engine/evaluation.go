package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/print"
	"github.com/open-policy-agent/opa/v1/util"
)

const (
	maxPrintedLines = 1000
	maxPrintedBytes = 256 << 10
)

// A Reference is data.<package>.<name>, asked for as a whole.
type Reference struct {
	Package string
	Name    string
}

// Options are those of one evaluation.
type Options struct {
	Limits Limits
	// StrictErrors makes a failing function end the evaluation, where it would be undefined. OPA's own cases need it.
	StrictErrors bool
	// Yield lets others use the thread.
	Yield func()
}

// A Failure is why an evaluation has no result.
type Failure struct {
	// Stop is set when it was ended from outside or by a limit, Host when a call of the host failed.
	Stop Stop  `json:"stop,omitempty"`
	Host error `json:"-"`
	// Code is OPA's: eval_conflict_error, …
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Row     int    `json:"row,omitempty"`
}

// An Evaluation may be cancelled while it runs.
type Evaluation struct {
	program *Program
	host    Host
	watch   *watch
	strict  bool
	limit   int
	printed lines
	memory  map[string]answer
}

// NewEvaluation prepares one evaluation; its clock starts here.
func (p *Program) NewEvaluation(host Host, options Options) *Evaluation {
	return &Evaluation{
		program: p,
		host:    host,
		watch:   newWatch(options.Limits, options.Yield),
		strict:  options.StrictErrors,
		limit:   options.Limits.ResultBytes,
		memory:  map[string]answer{},
	}
}

// Cancel makes Run return soon.
func (e *Evaluation) Cancel() { e.watch.Cancel() }

// Printed are the lines that policies printed; bounded, the rest is cut.
func (e *Evaluation) Printed() []string { return e.printed.texts }

// Run returns the JSON of each reference's value, "" where it is undefined.
func (e *Evaluation) Run(input string, references []Reference) (values []string, failure *Failure) {
	defer func() {
		if broken := recover(); broken != nil {
			failure = &Failure{Code: topdown.InternalErr, Message: cut(fmt.Sprint(broken))}
		}
	}()
	values, err := e.run(input, references)
	if err != nil {
		return nil, e.failureOf(err)
	}
	return values, nil
}

func (e *Evaluation) run(input string, references []Reference) ([]string, error) {
	ctx := context.Background()
	body, err := e.program.query(references)
	if err != nil {
		return nil, err
	}
	document, err := parseInput(input)
	if err != nil {
		return nil, err
	}
	transaction, abort, err := e.program.transaction(ctx)
	if err != nil {
		return nil, err
	}
	defer abort()
	results, err := topdown.NewQuery(body).
		WithCompiler(e.program.compiler).
		WithStore(e.program.store).
		WithTransaction(transaction).
		WithInput(document).
		WithBuiltins(e.functions()).
		WithStrictBuiltinErrors(e.strict).
		WithPrintHook(&e.printed).
		WithCancel(e.watch).
		Run(ctx)
	if err != nil {
		return nil, err
	}
	return e.answers(results, len(references))
}

func parseInput(text string) (*ast.Term, error) {
	var input any
	if err := util.UnmarshalJSON([]byte(text), &input); err != nil {
		return nil, fmt.Errorf("input is not JSON: %w", err)
	}
	value, err := ast.InterfaceToValue(input)
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(value), nil
}

func (e *Evaluation) answers(results topdown.QueryResultSet, count int) ([]string, error) {
	if len(results) != 1 {
		return nil, fmt.Errorf("the query has %d results", len(results))
	}
	all, ok := results[0]["answers"].Value.(*ast.Array)
	if !ok || all.Len() != count {
		return nil, errors.New("the query's result is no list of answers")
	}
	values := make([]string, count)
	size := 0
	for i := range count {
		text, err := encode(all.Elem(i).Value.(*ast.Array))
		if err != nil {
			return nil, err
		}
		if size += len(text); e.limit > 0 && size > e.limit {
			e.watch.stop = OutOfSpace
			return nil, fmt.Errorf("the rules' values are larger than %d bytes", e.limit)
		}
		values[i] = text
	}
	return values, nil
}

func encode(comprehension *ast.Array) (string, error) {
	if comprehension.Len() == 0 {
		return "", nil
	}
	value, err := ast.JSONWithOpt(comprehension.Elem(0).Value, ast.JSONOpt{SortSets: true})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(value)
	return string(text), err
}

func (e *Evaluation) failureOf(err error) *Failure {
	failure := &Failure{Stop: e.watch.stop, Message: cut(err.Error())}
	var refused *hostError
	if errors.As(err, &refused) && failure.Stop == "" {
		failure.Host = refused.cause
	}
	var located *topdown.Error
	if errors.As(err, &located) {
		failure.Code, failure.Message = located.Code, cut(located.Message)
		if at := located.Location; at != nil {
			failure.Path, failure.Row = at.File, at.Row
		}
	}
	return failure
}

// lines is what policies print.
type lines struct {
	texts []string
	bytes int
}

func (l *lines) Print(at print.Context, text string) error {
	line := cut(fmt.Sprintf("%v: %s", at.Location, text))
	if l.bytes += len(line); len(l.texts) < maxPrintedLines && l.bytes <= maxPrintedBytes {
		l.texts = append(l.texts, line)
	}
	return nil
}
