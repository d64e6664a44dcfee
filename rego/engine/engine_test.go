package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

type hostFunc func(name, arguments string, cancelled <-chan struct{}) (string, error)

func (f hostFunc) Call(name, arguments string, cancelled <-chan struct{}) (string, error) {
	return f(name, arguments, cancelled)
}

var silent = hostFunc(func(string, string, <-chan struct{}) (string, error) { return "", nil })

func compileOne(t *testing.T, text string) *Program {
	t.Helper()
	program, problems := Compile([]Module{{Path: "a.rego", Text: text}}, "{}")
	if problems != nil {
		t.Fatal(problems)
	}
	return program
}

func problemsIn(t *testing.T, text string) []Problem {
	t.Helper()
	_, problems := Compile([]Module{{Path: "ok.rego", Text: "package ok"}, {Path: "a.rego", Text: text}}, "{}")
	if len(problems) == 0 {
		t.Fatalf("compiles: %s", text)
	}
	return problems
}

func run(program *Program, host Host, limits Limits, names ...string) ([]string, []string, *Failure) {
	evaluation := program.NewEvaluation(host, Options{Limits: limits, Yield: func() {}})
	references := make([]Reference, len(names))
	for i, name := range names {
		references[i] = Reference{Package: "a", Name: name}
	}
	values, failure := evaluation.Run(`{"n": 12345678901234567890123, "list": [3, 1, 2]}`, references)
	return values, evaluation.Printed(), failure
}

func TestRules(t *testing.T) {
	program := compileOne(t, `# METADATA
# title: the package
package a["b-c"].d

# METADATA
# title: the rule
# custom:
#   short_name: one
#   effective_on: 2025-07-01
deny contains {"msg": "m", "code": "d.one"} if true

deny contains result if {
	some x in [1]
	result := {"code": "d.two", "msg": sprintf("%d", [x])}
}

allowed if input
by[name] := 1 if name := "x"
double(x) := x * 2
exception contains rules if rules := ["one"]
`)
	var got []string
	for _, rule := range program.Rules {
		titles := []string{}
		for _, annotations := range rule.Annotations {
			titles = append(titles, annotations.Title)
		}
		got = append(got, fmt.Sprint(rule.Package, " ", rule.Name, " ", rule.Row, " ", rule.Kind, " ", rule.LiteralCode, titles))
	}
	want := []string{
		`a["b-c"].d deny 10 set d.one[the rule the package]`,
		`a["b-c"].d deny 12 set d.two[the package]`,
		`a["b-c"].d allowed 17 complete [the package]`,
		`a["b-c"].d by 18 object [the package]`,
		`a["b-c"].d double 19 function [the package]`,
		`a["b-c"].d exception 20 set [the package]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules are\n%s", strings.Join(got, "\n"))
	}
	if program.Rules[2].Type != "boolean" {
		t.Errorf("a condition is of type %s", program.Rules[2].Type)
	}
	if on := program.Rules[0].Annotations[0].Custom["effective_on"]; !strings.HasPrefix(fmt.Sprint(on), "2025-07-01") {
		t.Errorf("effective_on is %v", on)
	}
}

func TestTestsAreLeftOut(t *testing.T) {
	program, problems := Compile([]Module{{"a.rego", "package a\nx := 1"}, {"a_test.rego", "no Rego"}}, "{}")
	if problems != nil || len(program.Rules) != 1 {
		t.Errorf("%v %v", problems, program)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"package a\nx := http.send({})":                            "rego_type_error 2 undefined function http.send",
		"package a\nx := opa.runtime()":                            "rego_type_error 2 undefined function opa.runtime",
		"package a\n\nx := net.lookup_ip_addr(`a`)":                "rego_type_error 3 undefined function net.lookup_ip_addr",
		"package a\nx := ec.oci.image_manifest(`r`).layer":         "rego_type_error 2 undefined ref",
		"package a\nx := ec.oci.blob(1)":                           "rego_type_error 2 ec.oci.blob: invalid argument",
		"package a\nx { true }":                                    "rego_parse_error 2 `if` keyword is required",
		"# nothing":                                                "rego_parse_error 0 empty module",
		"package a\nx := y":                                        "rego_unsafe_var_error 2 var y is unsafe",
		"package a\nx := 1\nx := 2 if x":                           "rego_recursion_error 3 rule data.a.x is recursive",
		"package a\n# METADATA\n# scope: rule\n# title: [\nx := 1": "rego_parse_error 4 yaml",
	} {
		got := problemsIn(t, text)[0]
		if line := fmt.Sprint(got.Code, " ", got.Row, " ", got.Message); got.Path != "a.rego" || !strings.HasPrefix(line, want) {
			t.Errorf("%q: %s: %s", text, got.Path, line)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("package a\n")
	for i := range 100 {
		fmt.Fprintf(&text, "x%d := y\n", i)
	}
	if problems := problemsIn(t, text.String()); len(problems) > maxProblems {
		t.Errorf("%d problems", len(problems))
	}
	if one := problemsIn(t, "package a\nx := 1 if "+strings.Repeat("y", 1e5))[0]; len(one.Message) > 2*maxMessageBytes {
		t.Errorf("a message of %d bytes", len(one.Message))
	}
}

func TestData(t *testing.T) {
	for data, want := range map[string]string{"[]": "not an object", "{": "not JSON", "": "not JSON"} {
		if _, problems := Compile(nil, data); len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%q: %v", data, problems)
		}
	}
}

func TestValues(t *testing.T) {
	program := compileOne(t, `package a
nothing if false
big := input.n
set contains x if some x in input.list
mixed contains x if some x in {"b", 1, null, ["a"], {"k": 1}}
failing := 1 / 0
`)
	values, _, failure := run(program, silent, Limits{}, "nothing", "big", "set", "mixed", "failing", "big")
	want := []string{"", "12345678901234567890123", "[1,2,3]", `[null,1,"b",["a"],{"k":1}]`, "", "12345678901234567890123"}
	if failure != nil || !slices.Equal(values, want) {
		t.Errorf("%q %v", values, failure)
	}
}

func TestFailures(t *testing.T) {
	program := compileOne(t, `package a
clash := 1 if input
clash := 2 if input.n
fn(x) := x
`)
	for name, want := range map[string]string{
		"clash": "eval_conflict_error 2 complete rules must not produce multiple outputs",
		"none":  " 0 no rule data.a.none",
		"fn":    " 0 no rule data.a.fn",
	} {
		_, _, failure := run(program, silent, Limits{}, name)
		if failure == nil {
			t.Fatalf("%s is no failure", name)
		}
		if line := fmt.Sprint(failure.Code, " ", failure.Row, " ", failure.Message); !strings.HasPrefix(line, want) {
			t.Errorf("%s: %s", name, line)
		}
	}
}

func TestHostIsAskedOnce(t *testing.T) {
	program := compileOne(t, `package a
twice := [ec.oci.blob("r"), ec.oci.blob("r"), ec.oci.blob("s")]
sets := ec.oci.image_manifests({"b", "a"})
missing if not ec.oci.descriptor("r")
also if not ec.oci.descriptor("r")
`)
	var calls []string
	host := hostFunc(func(name, arguments string, _ <-chan struct{}) (string, error) {
		calls = append(calls, name+arguments)
		switch name {
		case "ec.oci.blob":
			return `"text"`, nil
		case "ec.oci.image_manifests":
			return `{"a": {"size": 9007199254740993}}`, nil
		}
		return "", nil
	})
	values, _, failure := run(program, host, Limits{}, "twice", "sets", "missing", "also")
	if want := []string{`["text","text","text"]`, `{"a":{"size":9007199254740993}}`, "true", "true"}; failure != nil || !slices.Equal(values, want) {
		t.Errorf("%q %v", values, failure)
	}
	want := []string{`ec.oci.blob["r"]`, `ec.oci.blob["s"]`, `ec.oci.image_manifests[["a","b"]]`, `ec.oci.descriptor["r"]`}
	if !slices.Equal(calls, want) {
		t.Errorf("calls: %q", calls)
	}
}

func TestHostRefuses(t *testing.T) {
	refused := errors.New("no network")
	host := hostFunc(func(string, string, <-chan struct{}) (string, error) { return "", refused })
	_, _, failure := run(compileOne(t, "package a\nx if not ec.oci.blob(`r`)"), host, Limits{}, "x")
	if failure == nil || !errors.Is(failure.Host, refused) {
		t.Errorf("%+v", failure)
	}
}

func TestLimits(t *testing.T) {
	program := compileOne(t, `package a
endless if { some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i + j < 0 }
large := [text | some i in numbers.range(1, 100000); text := sprintf("%d", [i])]
long := concat("", [text | some i in numbers.range(1, 20000); text := "0123456789"])
greedy := [text | some i in numbers.range(1, 30000); text := sprintf("%d %s", [i, long])]
`)
	for name, limits := range map[string]Limits{
		"endless": {Run: 50 * time.Millisecond},
		"large":   {ResultBytes: 1000},
		"greedy":  {HeapBytes: 64 << 20},
	} {
		want := OutOfSpace
		if name == "endless" {
			want = OutOfTime
		}
		if _, _, failure := run(program, silent, limits, name); failure == nil || failure.Stop != want {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

func TestCancelWhileTheHostIsAsked(t *testing.T) {
	program := compileOne(t, "package a\nx if not ec.oci.blob(`r`)")
	var evaluation *Evaluation
	host := hostFunc(func(_, _ string, cancelled <-chan struct{}) (string, error) {
		evaluation.Cancel()
		evaluation.Cancel()
		<-cancelled
		return "", errors.New("gave up")
	})
	evaluation = program.NewEvaluation(host, Options{Yield: func() {}})
	if _, failure := evaluation.Run("{}", []Reference{{"a", "x"}}); failure == nil || failure.Stop != Cancelled || failure.Host != nil {
		t.Errorf("%+v", failure)
	}
}

func TestPrinted(t *testing.T) {
	program := compileOne(t, `package a
x if print("hello", input.n, data.nothing)
y if { some i in numbers.range(1, 5000); print(i); i < 0 }
`)
	_, printed, _ := run(program, silent, Limits{}, "x")
	if want := []string{"a.rego:2: hello 12345678901234567890123 <undefined>"}; !slices.Equal(printed, want) {
		t.Errorf("%q", printed)
	}
	if _, printed, _ := run(program, silent, Limits{}, "y"); len(printed) != maxPrintedLines {
		t.Errorf("%d lines", len(printed))
	}
}
