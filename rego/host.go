//go:build js && wasm

package main

import (
	"errors"
	"fmt"
	"syscall/js"
)

var (
	answers = waiters{}
	turns   = waiters{}
)

// waiters are goroutines that wait for JavaScript, by the number that it was given.
type waiters struct {
	waiting map[int]chan []js.Value
	last    int
}

func (w *waiters) add() (int, chan []js.Value) {
	if w.waiting == nil {
		w.waiting = map[int]chan []js.Value{}
	}
	w.last++
	settled := make(chan []js.Value, 1)
	w.waiting[w.last] = settled
	return w.last, settled
}

// settle(number, …) wakes one up; a number that nobody waits for any more is nothing.
func (w *waiters) settle(arguments []js.Value) {
	number := arguments[0].Int()
	if settled, ok := w.waiting[number]; ok {
		delete(w.waiting, number)
		settled <- arguments
	}
}

// yield lets the events of the thread have their turn.
func yield() {
	number, settled := turns.add()
	bridge.Call("yield", number)
	<-settled
}

type host struct{ request int }

// refusal is an error that JavaScript keeps under the number of the call.
type refusal struct{ call int }

func (r refusal) Error() string { return fmt.Sprintf("the host refused call %d", r.call) }

// Call asks call(number, request, name, arguments) and waits for answer(number, ok, result).
func (h host) Call(name, arguments string, cancelled <-chan struct{}) (string, error) {
	number, settled := answers.add()
	bridge.Call("call", number, h.request, name, arguments)
	select {
	case answer := <-settled:
		if !answer[1].Truthy() {
			return "", refusal{number}
		}
		return textOf(answer[2]), nil
	case <-cancelled:
		delete(answers.waiting, number)
		return "", errors.New("cancelled")
	}
}

func textOf(value js.Value) string {
	if value.Type() != js.TypeString {
		return ""
	}
	return value.String()
}
