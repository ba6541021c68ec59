package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// spec is one round of load: Conns kept-alive connections, each sending its next
// request as soon as the answer to the last is there. Connection i sends
// Requests i, i+Conns, … in turn.
type spec struct {
	Addr     string
	Requests [][]byte // whole, as they go over the wire
	Expect   string   // must be in every answer
	Conns    int
	Millis   int
}

// round is what came of it.
type round struct {
	Answers int
	Seconds float64
	P50     time.Duration
	P99     time.Duration
	Bytes   int // of one answer, headers included
	Wrong   int
	Example string // of a wrong answer
	Err     string

	cost time.Duration // filled by the house's side
}

// perSecond is the round's rate.
func (r round) perSecond() float64 { return float64(r.Answers) / r.Seconds }

// generate reads specs and answers with rounds until its input ends.
func generate(in io.Reader, out io.Writer) {
	specs, rounds := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var s spec
		if specs.Decode(&s) != nil {
			return
		}
		if rounds.Encode(s.run()) != nil {
			return
		}
	}
}

func (s *spec) run() round {
	var mu sync.Mutex
	var all round
	var took []time.Duration
	var running sync.WaitGroup
	began := time.Now()
	end := began.Add(time.Duration(s.Millis) * time.Millisecond)
	for i := range s.Conns {
		running.Go(func() {
			c := caller{spec: s, first: i, end: end}
			err := c.run()
			mu.Lock()
			defer mu.Unlock()
			took = append(took, c.took...)
			all.Wrong += c.wrong
			all.Bytes = c.size
			if c.example != "" {
				all.Example = c.example
			}
			if err != nil {
				all.Err = err.Error()
			}
		})
	}
	running.Wait()
	all.Seconds, all.Answers = time.Since(began).Seconds(), len(took)
	slices.Sort(took)
	if len(took) > 0 {
		all.P50, all.P99 = took[len(took)/2], took[len(took)*99/100]
	}
	return all
}

// caller is one connection. It speaks as little HTTP as it can, since what it
// spends is spent on the same cores as the house.
type caller struct {
	*spec
	first   int
	end     time.Time
	buf     [64 << 10]byte
	took    []time.Duration
	size    int
	wrong   int
	example string
}

func (c *caller) run() error {
	conn, err := net.Dial("tcp", c.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	c.took = make([]time.Duration, 0, 1<<17)
	for i := c.first; ; i += c.Conns {
		begin := time.Now()
		if begin.After(c.end) {
			return nil
		}
		if _, err := conn.Write(c.Requests[i%len(c.Requests)]); err != nil {
			return err
		}
		n, err := c.read(conn)
		if err != nil {
			return err
		}
		c.took = append(c.took, time.Since(begin))
		c.size = n
		if !bytes.Contains(c.buf[:n], []byte(c.Expect)) {
			c.wrong++
			c.example = string(c.buf[:n])
		}
	}
}

var (
	headEnd  = []byte("\r\n\r\n")
	sizeName = []byte("\r\nContent-Length: ")
)

// read takes one answer with a Content-Length into buf and gives its size.
func (c *caller) read(conn net.Conn) (int, error) {
	n, want := 0, 0
	for {
		got, err := conn.Read(c.buf[n:])
		if err != nil {
			return n, err
		}
		n += got
		if want == 0 {
			if want, err = size(c.buf[:n]); err != nil {
				return n, err
			}
		}
		if want > 0 && n >= want {
			return n, nil
		}
	}
}

// size gives the size of an answer that begins with text, or 0 as long as its
// headers are not whole.
func size(text []byte) (int, error) {
	head := bytes.Index(text, headEnd)
	if head < 0 {
		return 0, nil
	}
	_, rest, ok := bytes.Cut(text[:head+2], sizeName)
	if !ok {
		return 0, fmt.Errorf("no Content-Length in %q", text[:head])
	}
	digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
	body, err := strconv.Atoi(string(digits))
	return head + len(headEnd) + body, err
}
