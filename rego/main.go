//go:build js && wasm

// The engine as a module for JavaScript: src/policy/wasm/runtime.ts puts the object `bridge` into the global scope and
// finds the functions there that answer it. Values cross as strings; nothing here waits on a call from JavaScript.
package main

import (
	"encoding/json"
	"runtime/debug"
	"syscall/js"
	"time"

	"proofgate/rego/engine"
)

var (
	bridge      = js.Global().Get("bridge")
	programs    = map[string]*engine.Program{}
	evaluations = map[int]*engine.Evaluation{}
)

func main() {
	debug.SetMemoryLimit(int64(bridge.Get("softMemoryBytes").Float()))
	export("compile", compile)
	export("evaluate", evaluate)
	export("cancel", cancel)
	export("release", release)
	export("answer", func(arguments []js.Value) { answers.settle(arguments) })
	export("resume", func(arguments []js.Value) { turns.settle(arguments) })
	bridge.Call("ready")
	select {}
}

// export makes a function that JavaScript calls; handlers return at once and leave what takes time to a goroutine.
func export(name string, handle func(arguments []js.Value)) {
	bridge.Set(name, js.FuncOf(func(_ js.Value, arguments []js.Value) any {
		handle(arguments)
		return nil
	}))
}

// compile(request, program, modules, data) → compiled(request, rules) | refused(request, problems)
func compile(arguments []js.Value) {
	request, id, list, data := arguments[0].Int(), arguments[1].String(), arguments[2], arguments[3].String()
	modules := make([]engine.Module, list.Length())
	for i := range modules {
		module := list.Index(i)
		modules[i] = engine.Module{Path: module.Get("path").String(), Text: module.Get("text").String()}
	}
	go func() {
		program, problems := engine.Compile(modules, data)
		if problems != nil {
			bridge.Call("refused", request, toJSON(problems))
			return
		}
		rules, err := json.Marshal(program.Rules)
		if err != nil {
			problem := engine.Problem{Code: "rego_parse_error", Message: "annotations: " + err.Error()}
			bridge.Call("refused", request, toJSON([]engine.Problem{problem}))
			return
		}
		programs[id] = program
		bridge.Call("compiled", request, string(rules))
	}()
}

// evaluate(request, program, input, references, limits) → evaluated(request, values, printed) | failed(request, failure, call)
func evaluate(arguments []js.Value) {
	request, program := arguments[0].Int(), programs[arguments[1].String()]
	if program == nil {
		fail(request, &engine.Failure{Message: "there is no such program"})
		return
	}
	input, references, options := arguments[2].String(), toReferences(arguments[3]), toOptions(arguments[4])
	evaluation := program.NewEvaluation(host{request}, options)
	evaluations[request] = evaluation
	go func() {
		defer delete(evaluations, request)
		values, failure := evaluation.Run(input, references)
		if failure != nil {
			fail(request, failure)
			return
		}
		bridge.Call("evaluated", request, toArray(values), toArray(evaluation.Printed()))
	}()
}

func fail(request int, failure *engine.Failure) {
	var call any
	if refused, ok := failure.Host.(refusal); ok {
		call = refused.call
	}
	bridge.Call("failed", request, toJSON(failure), call)
}

// cancel(request)
func cancel(arguments []js.Value) {
	if evaluation := evaluations[arguments[0].Int()]; evaluation != nil {
		evaluation.Cancel()
	}
}

// release(program)
func release(arguments []js.Value) { delete(programs, arguments[0].String()) }

func toReferences(list js.Value) []engine.Reference {
	references := make([]engine.Reference, list.Length())
	for i := range references {
		item := list.Index(i)
		references[i] = engine.Reference{Package: item.Get("package").String(), Name: item.Get("name").String()}
	}
	return references
}

func toOptions(limits js.Value) engine.Options {
	return engine.Options{
		Limits: engine.Limits{
			Run:         time.Duration(limits.Get("runMs").Float() * float64(time.Millisecond)),
			HeapBytes:   uint64(limits.Get("heapBytes").Float()),
			ResultBytes: limits.Get("resultBytes").Int(),
		},
		StrictErrors: limits.Get("strictErrors").Truthy(),
		Yield:        yield,
	}
}

// toArray makes "" undefined.
func toArray(texts []string) js.Value {
	array := js.Global().Get("Array").New(len(texts))
	for i, text := range texts {
		if text != "" {
			array.SetIndex(i, text)
		}
	}
	return array
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
