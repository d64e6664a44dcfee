package engine

import (
	"runtime/metrics"
	"time"
)

// Stop says why an evaluation did not come to its end.
type Stop string

const (
	Cancelled  Stop = "cancelled"
	OutOfTime  Stop = "time"
	OutOfSpace Stop = "memory"
)

const (
	// Expressions between two looks at the clock.
	stride = 64
	// The longest that an evaluation keeps its thread to itself.
	slice = 50 * time.Millisecond
)

// Limits bound one evaluation; zero is no limit.
type Limits struct {
	// Run is time spent evaluating: not that of waiting for the host or for other evaluations.
	Run time.Duration
	// HeapBytes is what the whole program needs, without its garbage, since evaluations share one heap.
	HeapBytes uint64
	// ResultBytes is the JSON of all values together.
	ResultBytes int
}

// A watch is what topdown asks whether to go on. Goroutines of WebAssembly share one thread and are never interrupted:
// limits, cancellation and the events of the thread have their turn only when an evaluation looks here.
type watch struct {
	limits    Limits
	yield     func()
	cancelled chan struct{}
	stop      Stop
	count     uint
	spent     time.Duration
	since     time.Time
}

func newWatch(limits Limits, yield func()) *watch {
	return &watch{limits: limits, yield: yield, cancelled: make(chan struct{}), since: time.Now()}
}

// Cancel ends the evaluation at its next look, and its waiting for the host at once.
func (w *watch) Cancel() {
	if w.stop != Cancelled {
		w.stop = Cancelled
		close(w.cancelled)
	}
}

// Cancelled implements topdown.Cancel.
func (w *watch) Cancelled() bool {
	w.count++
	if w.stop == "" && w.count%stride == 0 {
		w.look()
	}
	return w.stop != ""
}

func (w *watch) look() {
	running := time.Since(w.since)
	switch {
	case w.limits.Run > 0 && w.spent+running > w.limits.Run:
		w.stop = OutOfTime
	case w.limits.HeapBytes > 0 && liveBytes() > w.limits.HeapBytes:
		w.stop = OutOfSpace
	case running > slice:
		w.wait(w.yield)
	}
}

// wait runs something that lets others go on; its time does not count.
func (w *watch) wait(until func()) {
	w.spent += time.Since(w.since)
	until()
	w.since = time.Now()
}

// liveBytes is what the last collection could not let go. Asking for a collection here, to know better, would take most of
// the time once a heap is large.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
