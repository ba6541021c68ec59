// Package house builds whole houses for tests: the real wiring on a real
// database, behind a real listener on loopback, with caught mail and a clock
// that the test moves.
package house

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/server"
	"github.com/genkan/genkan/internal/testkit"
)

// House is an open house.
type House struct {
	*server.House
	URL   string // http://localhost:PORT
	Mail  *Mailbox
	Clock *testkit.Clock
	Doors *server.Doors
}

// Options change a house; the zero value is the usual one.
type Options struct {
	Keys     *token.Keyring         // nil draws new ones; nodes of one house share them
	Clock    *testkit.Clock         // nil makes a new one
	Mail     *Mailbox               // nil makes a new one
	Carrier  delivery.Carrier       // nil: Mail
	Settings func(*config.Settings) // changes the settings before the house is built
	Human    string                 // the setting human_check; "" is off, since most tests are about something else
	Costly   bool                   // real costs of passwords and puzzles instead of the tests' cheap ones
	Log      io.Writer              // nil discards
	Gone     *atomic.Bool           // the database is gone while it is true; nil: never
}

// Open builds a house on the migrated database at url and serves it until the
// test ends.
func Open(t testing.TB, url string, o Options) *House {
	t.Helper()
	fill(&o)
	d, err := db.Open(context.Background(), url, o.Clock.Now)
	check(t, err, "open the database")
	t.Cleanup(func() { d.Close() })
	if o.Gone != nil {
		d.Broken = func() error {
			if o.Gone.Load() {
				return errors.New("dial tcp: the database is gone")
			}
			return nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err, "listen")
	s := config.Default()
	s.Origin = "http://localhost:" + port(l)
	s.Service.Name, s.Service.NameJa = "Genkan", "げんかん"
	s.SMTP.From, s.Metrics.Listen = "no-reply@genkan.example", ""
	s.ShutdownGrace = 20 * time.Second
	s.HumanCheck = cmp.Or(o.Human, "off")
	if o.Settings != nil {
		o.Settings(s)
	}
	log, level := obs.NewLogger(o.Log, nil), password.InsecureParams()
	parts := server.Parts{Settings: s, DB: d, Keys: o.Keys, Carrier: o.Carrier, Log: log, Version: "test", PasswordParams: &level}
	if o.Costly {
		parts.PasswordParams = nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	h, err := server.Build(ctx, parts)
	check(t, err, "build the house")
	if !o.Costly {
		h.Puzzle.Tries = 1 // the work of a human check, cheap as passwords are
	}
	doors, err := h.Open(server.Extra{})
	check(t, err, "open the doors")
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- h.Run(ctx, doors, l, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && err != http.ErrServerClosed {
			t.Errorf("stop the house: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("run the house: %v", err)
	}
	return &House{House: h, URL: s.Origin, Mail: o.Mail, Clock: o.Clock, Doors: doors}
}

func fill(o *Options) {
	if o.Clock == nil {
		o.Clock = testkit.NewClock()
	}
	if o.Mail == nil {
		o.Mail = NewMailbox()
	}
	if o.Carrier == nil {
		o.Carrier = o.Mail
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Keys == nil {
		o.Keys = Keys()
	}
}

// Keys draws a key file's worth of keys.
func Keys() *token.Keyring {
	k, err := token.Parse([]byte(token.NewLine("test")))
	if err != nil {
		panic(err)
	}
	return k
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

func check(t testing.TB, err error, what string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Member makes an account the short way, without mail, and gives its id.
func (h *House) Member(t testing.TB, email, pw, locale string) account.ID {
	t.Helper()
	a, err := account.ParseAddress(email)
	check(t, err, "read the member's address")
	hash, err := h.Hasher.Hash(pw)
	check(t, err, "hash the member's password")
	id := token.NewID()
	err = h.DB.Tx(context.Background(), func(tx *db.Tx) error {
		made, err := h.Book.Create(context.Background(), tx, id, a, locale)
		if err != nil || !made {
			t.Fatalf("make member %s: %v, %v", email, made, err)
		}
		return password.Create(context.Background(), tx, id, hash)
	})
	check(t, err, "keep the member")
	return id
}
