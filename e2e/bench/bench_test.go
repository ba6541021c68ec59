package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// generator is the process that makes the load.
type generator struct {
	in  *json.Encoder
	out *json.Decoder
}

func startGenerator(t *testing.T) *generator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), loadVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the load generator: %v", err)
		}
	})
	return &generator{json.NewEncoder(in), json.NewDecoder(out)}
}

// run makes one round and fails the test unless every answer was right.
func (g *generator) run(t *testing.T, s spec) round {
	t.Helper()
	before := processorTime(t)
	if err := g.in.Encode(s); err != nil {
		t.Fatalf("tell the load generator: %v", err)
	}
	var r round
	if err := g.out.Decode(&r); err != nil {
		t.Fatalf("hear the load generator: %v", err)
	}
	if r.Err != "" || r.Wrong > 0 || r.Answers == 0 {
		t.Fatalf("%d answers, %d wrong ones, error %q, for example %q", r.Answers, r.Wrong, r.Err, r.Example)
	}
	r.cost = (processorTime(t) - before) / time.Duration(r.Answers)
	return r
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// side is one of the two that are compared: a round's rate and times.
type side struct {
	rates    []float64
	cost     []time.Duration // processor time of this process for one answer
	p50, p99 []time.Duration
}

func (s *side) add(r round) {
	s.rates = append(s.rates, r.perSecond())
	s.cost = append(s.cost, r.cost)
	s.p50, s.p99 = append(s.p50, r.P50), append(s.p99, r.P99)
}

func median[T float64 | time.Duration](all []T) T {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// versus runs limit and value in turn, so that whatever else the machine does
// meets both, and reports the median of the ratios of neighbours.
func versus(t *testing.T, f figure, rounds int, limit, value func() round) {
	t.Helper()
	var l, v side
	var ratios []float64
	for range rounds {
		l.add(limit())
		v.add(value())
		ratios = append(ratios, v.rates[len(v.rates)-1]/l.rates[len(l.rates)-1])
	}
	f.ratio = median(ratios)
	slices.Sort(ratios)
	f.limit = fmt.Sprintf("%.0f/s", median(l.rates))
	f.value = fmt.Sprintf("%.0f/s", median(v.rates))
	cost := float64(median(l.cost)) / float64(median(v.cost))
	f.note = fmt.Sprintf("by processor time %.2f (%v, %v); p50 %v, p99 %v; limit's p50 %v, p99 %v; %d pairs, ratios %.2f to %.2f",
		cost, short(median(l.cost)), short(median(v.cost)), short(median(v.p50)), short(median(v.p99)), short(median(l.p50)), short(median(l.p99)), rounds, ratios[0], ratios[len(ratios)-1])
	f.ok = f.ratio >= f.least
	f.report(t)
}

func short(d time.Duration) time.Duration {
	if d > time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}

// figure is one line of the report.
type figure struct {
	name, engine, limit, value, note string
	least                            float64 // of ratio; 0: there is none
	ratio                            float64
	ok                               bool
}

var table = struct {
	sync.Mutex
	once sync.Once
}{}

// report prints the figure and fails the test when it misses its mark.
func (f figure) report(t *testing.T) {
	t.Helper()
	table.Lock()
	defer table.Unlock()
	table.once.Do(func() {
		fmt.Printf("\n%-34s %-9s %12s %12s %7s %6s\n", "figure", "engine", "limit", "value", "ratio", "mark")
	})
	mark, ratio := "", ""
	if f.least > 0 {
		mark, ratio = fmt.Sprintf("≥%.2f", f.least), fmt.Sprintf("%.3f", f.ratio)
	} else if f.ratio > 0 {
		ratio = fmt.Sprintf("%.3f", f.ratio)
	}
	fmt.Println(strings.TrimRight(fmt.Sprintf("%-34s %-9s %12s %12s %7s %6s  %s", f.name, f.engine, f.limit, f.value, ratio, mark, f.note), " "))
	if !f.ok {
		t.Errorf("%s, %s: %s beside %s, ratio %.3f: missed", f.name, f.engine, f.value, f.limit, f.ratio)
	}
}
