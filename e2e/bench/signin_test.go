package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	xargon2 "golang.org/x/crypto/argon2"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/argon2"
	"github.com/genkan/genkan/internal/platform/db"
)

const (
	rightPassword = "tama ga neko desu yo"
	people        = 32
	callers       = 16
	signInRound   = 1500 // ms
)

// TestBenchSignIns compares signing in with doing nothing but hash, at the same
// cost, on as many cores: with the Argon2id that Go programs use, x/crypto's,
// which the marks are for, and with our own, to see what stands around it.
func TestBenchSignIns(t *testing.T) {
	asked(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			h := open(t, engine, house.Options{Costly: true, Log: io.Discard})
			g := startGenerator(t)
			known, fresh, wrong := h.signIns(t)
			for _, one := range []struct {
				name  string
				least float64
				spec  spec
			}{
				{"sign-in, known browser", 0.95, known},
				{"sign-in, new browser and its mail", 0.90, fresh},
				{"sign-in, wrong password", 0.95, wrong},
			} {
				press := func() round { return g.run(t, one.spec) }
				versus(t, figure{name: one.name, engine: engine, least: one.least}, 5,
					func() round { return hashing(t, xcrypto) }, press)
				versus(t, figure{name: "  beside our own hash", engine: engine}, 5,
					func() round { return hashing(t, argon2.ID) }, press)
			}
		})
	}
}

// TestBenchHash compares our Argon2id with the one of x/crypto.
func TestBenchHash(t *testing.T) {
	asked(t)
	versus(t, figure{name: "Argon2id beside x/crypto's", engine: "-", least: 1.5}, 5,
		func() round { return hashing(t, xcrypto) }, func() round { return hashing(t, argon2.ID) })
}

func xcrypto(pw, salt []byte, passes, memory, size uint32) []byte {
	return xargon2.IDKey(pw, salt, passes, memory, 1, size)
}

// hashing hashes on every core for one round.
func hashing(t *testing.T, derive func(pw, salt []byte, passes, memory, size uint32) []byte) round {
	t.Helper()
	p := password.DefaultParams()
	salt := []byte("0123456789abcdef")
	var mu sync.Mutex
	var took []time.Duration
	var running sync.WaitGroup
	before, began := processorTime(t), time.Now()
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			var mine []time.Duration
			for time.Since(began) < signInRound*time.Millisecond {
				begin := time.Now()
				derive([]byte(rightPassword), salt, p.Passes, p.MemoryKiB, 32)
				mine = append(mine, time.Since(begin))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	running.Wait()
	r := round{Answers: len(took), Seconds: time.Since(began).Seconds()}
	r.cost = (processorTime(t) - before) / time.Duration(r.Answers)
	slices.Sort(took)
	r.P50, r.P99 = took[len(took)/2], took[len(took)*99/100]
	return r
}

// signIns makes people and their ways to sign in.
func (h opened) signIns(t testing.TB) (known, fresh, wrong spec) {
	t.Helper()
	known = spec{Addr: h.addr(), Conns: callers, Millis: signInRound, Expect: `"state":"complete"`}
	fresh, wrong = known, known
	wrong.Expect = `"state":"refused"`
	for i := range people {
		email := fmt.Sprintf("taro%02d@example.jp", i)
		id := h.Member(t, email, rightPassword, "ja")
		var cookie string
		err := h.DB.Tx(context.Background(), func(tx *db.Tx) error {
			var o session.Opened
			o, err := h.Sessions.Open(context.Background(), tx, id, email, session.Where{}, false)
			cookie = o.Known
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		known.Requests = append(known.Requests, h.signIn(email, rightPassword, "Cookie: genkan-known="+cookie+"\r\n"))
		fresh.Requests = append(fresh.Requests, h.signIn(email, rightPassword, ""))
		wrong.Requests = append(wrong.Requests, h.signIn(email, "iie, chigau mono desu", ""))
	}
	return known, fresh, wrong
}

func (h opened) signIn(email, pw, cookie string) []byte {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, pw)
	return fmt.Appendf(nil, "POST /api/v1/sign-ins HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nUser-Agent: load\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
		h.addr(), h.URL, cookie, len(body), body)
}
