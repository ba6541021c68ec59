// Package server is the wiring: settings in, running program out. It is the only
// package that knows all others.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/puzzle"
	recoveries "github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/freeze"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/settings"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/argon2"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/geo"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/platform/outbox"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/surface/web"
)

// Parts are what a house is built from, beside its settings.
type Parts struct {
	Settings *config.Settings
	DB       *db.DB
	Keys     *token.Keyring
	Carrier  delivery.Carrier // takes mails to the next hop
	Log      *slog.Logger
	Version  string
	// PasswordParams replaces the settings' costs in tests; nil otherwise.
	PasswordParams *password.Params
}

// House is the wired program: every noun and flow, and what keeps them going.
type House struct {
	Parts
	Metrics  *obs.Metrics
	Traces   *obs.Traces
	Kit      *web.Kit
	Catalog  *i18n.Catalog
	Book     *account.Book
	Hasher   *password.Hasher
	Policy   *password.Policy
	Gate     *admit.Gate
	Sessions *session.Desk
	Puzzle   *puzzle.Desk
	Post     *delivery.Post
	Guard    *guard.Guard
	Queue    *outbox.Queue
	Signup   *signup.Flow
	Signin   *signin.Flow
	Recovery *recovery.Flow
	Human    *human.Flow
	Account  *settings.Flow
	Freeze   *freeze.Flow
}

// Build wires a house. Its listeners live until ctx ends; nothing is served and
// no job is worked before Run.
func Build(ctx context.Context, p Parts) (*House, error) {
	h := &House{Parts: p, Metrics: obs.NewMetrics(p.Version)}
	origin, err := url.Parse(p.Settings.Origin)
	if err != nil {
		return nil, fmt.Errorf("origin: %w", err)
	}
	if h.Traces, err = obs.OpenTraces(ctx, p.Settings.Traces.Endpoint, p.Version); err != nil {
		return nil, fmt.Errorf("traces.endpoint: %w", err)
	}
	if h.Catalog, err = i18n.New(i18n.Options{}); err != nil {
		return nil, err
	}
	places, err := geo.Open(p.Settings.Geo.CountryFile, p.Settings.Geo.NetworkFile)
	if err != nil {
		p.Log.Warn("places are left out of session lists", "error", err.Error())
	}
	if err := h.nouns(ctx); err != nil {
		return nil, err
	}
	h.Kit = &web.Kit{Origin: origin, Keys: p.Keys, Sessions: h.Sessions,
		Languages: web.NewLanguages(p.Settings.Languages.Default), Places: places,
		Proxies: p.Settings.TrustedProxies, ReturnTo: p.Settings.ReturnTo, Now: p.DB.Now, Log: p.Log}
	h.flows()
	jobs := outbox.NewJobs()
	h.jobs(jobs)
	if h.Queue, err = outbox.New(p.DB, jobs, p.Log); err != nil {
		return nil, err
	}
	h.Post.Queue = h.Queue
	h.gauges()
	return h, nil
}

func (h *House) nouns(ctx context.Context) (err error) {
	s := h.Settings
	params := password.Params{MemoryKiB: s.Password.MemoryKiB, Passes: s.Password.Passes}
	if h.PasswordParams != nil {
		params = *h.PasswordParams
	}
	if h.Hasher, err = password.NewHasher(params, h.Keys.Pepper()); err != nil {
		return err
	}
	h.Hasher.Derive = argon2.ID
	h.Policy = &password.Policy{MinLength: s.Password.MinLength, ServiceNames: []string{s.Service.Name, s.Service.NameJa}}
	if s.Password.BreachFilter != "" {
		if h.Policy.Breach, err = password.OpenBreach(s.Password.BreachFilter); err != nil {
			return fmt.Errorf("password.breach_filter: %w", err)
		}
	}
	parallel := s.Password.HashParallel
	if parallel == 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	h.Gate = admit.NewGate(parallel, s.Password.HashQueue, s.Password.HashWait)
	h.Book = &account.Book{Keys: h.Keys}
	h.Sessions = session.NewDesk(ctx, h.DB, h.Keys, s.Session.Idle, s.Session.Absolute)
	h.Puzzle = puzzle.NewDesk(h.DB, h.Keys)
	h.Puzzle.Budget = puzzle.Budget{Session: s.Puzzle.Session, Account: s.Puzzle.Account, Network: s.Puzzle.Network}
	h.Guard = h.guard()
	if s.Limits.RedisURL != "" {
		if h.Guard.Streaks.Front, err = limit.OpenFront(string(s.Limits.RedisURL)); err != nil {
			return errors.New("limits.redis_url: not a URL of Redis or Valkey") // its text may hold a password
		}
		context.AfterFunc(ctx, func() { _ = h.Guard.Streaks.Front.Close() })
	}
	h.Post = &delivery.Post{DB: h.DB, Keys: h.Keys, Carrier: h.Carrier, House: delivery.House{
		NameJA: s.Service.NameJa, NameEN: s.Service.Name, FromName: s.SMTP.FromName, Origin: s.Origin,
		SupportURL: s.Service.SupportURL, From: s.SMTP.From, Zone: time.FixedZone("JST", 9*60*60)}}
	return nil
}

// guard is the house's guard, by its settings.
func (h *House) guard() *guard.Guard {
	l, rules := h.Settings.Limits, guard.DefaultRules()
	for _, ladder := range []*limit.Ladder{&rules.Strangers, &rules.Own} {
		ladder.Free, ladder.First, ladder.Longest = l.Free, l.FirstWait, l.LongestWait
	}
	rules.Strangers.Most, rules.Own.Most = l.Most, min(rules.Own.Most, l.Most)
	rules.Failures, rules.Network = int64(l.AttackFailures), int64(l.NetworkFailures)
	return &guard.Guard{Keys: h.Keys, Mode: guard.Mode(h.Settings.HumanCheck), Rules: rules,
		Pass: func(ctx context.Context, tx *db.Tx, pass string, c guard.Caller) error {
			return h.Puzzle.Spend(ctx, tx, pass, human.For(c))
		}}
}

func (h *House) flows() {
	factors := &factor.Desk{Keys: h.Keys}
	h.Signup = &signup.Flow{DB: h.DB, Keys: h.Keys, Book: h.Book,
		Desk:   &registration.Desk{Keys: h.Keys, Life: h.Settings.Code.Life},
		Hasher: h.Hasher, Policy: h.Policy, Gate: h.Gate, Sessions: h.Sessions, Post: h.Post, Guard: h.Guard, Factors: factors}
	h.Signin = &signin.Flow{DB: h.DB, Keys: h.Keys, Book: h.Book, Hasher: h.Hasher, Policy: h.Policy, Gate: h.Gate, Sessions: h.Sessions,
		Post: h.Post, Guard: h.Guard, Recoveries: &recoveries.Desk{Keys: h.Keys, Life: h.Settings.Code.Life}, Factors: factors}
	h.Recovery = &recovery.Flow{DB: h.DB, Keys: h.Keys, Book: h.Book,
		Desk:   &recoveries.Desk{Keys: h.Keys, Life: h.Settings.Code.Life},
		Hasher: h.Hasher, Policy: h.Policy, Gate: h.Gate, Sessions: h.Sessions, Post: h.Post, Guard: h.Guard}
	h.Human = &human.Flow{DB: h.DB, Book: h.Book, Sessions: h.Sessions, Puzzle: h.Puzzle, Guard: h.Guard}
	h.Account = &settings.Flow{DB: h.DB, Keys: h.Keys, Book: h.Book,
		Hasher: h.Hasher, Policy: h.Policy, Gate: h.Gate, Sessions: h.Sessions, Post: h.Post, Guard: h.Guard, Factors: factors}
	h.Freeze = &freeze.Flow{DB: h.DB, Keys: h.Keys, Book: h.Book, Sessions: h.Sessions, Post: h.Post}
	h.Post.Writers = map[delivery.Kind]delivery.Writer{
		delivery.Registration:  h.Signup.Write,
		delivery.Recovery:      h.Recovery.Write,
		delivery.AddressChange: h.Account.Write,
		delivery.ThawCode:      h.Freeze.Write,
		delivery.SignInCode:    h.Signin.WriteCode,
		delivery.Siege:         h.Signin.WriteSiege,
	}
}

// gauges shows the hash gate and the human check to the operator.
func (h *House) gauges() {
	h.Metrics.Gauge("genkan_hash_running", "Password hashes being computed.", func() float64 { return float64(h.Gate.Load().Running) })
	h.Metrics.Gauge("genkan_hash_queued", "People waiting for a password hash.", func() float64 { return float64(h.Gate.Load().Queued) })
	h.Metrics.Gauge("genkan_hash_refused", "People told to come back since the start.", func() float64 { return float64(h.Gate.Load().Refused) })
	h.Metrics.Gauge("genkan_puzzle_begun", "Human checks asked for since the start.", func() float64 { return float64(h.Puzzle.Load().Begun) })
	h.Metrics.Gauge("genkan_puzzle_drawn", "Pictures drawn since the start.", func() float64 { return float64(h.Puzzle.Load().Drawn) })
	h.Metrics.Gauge("genkan_puzzle_passed", "Passes given since the start.", func() float64 { return float64(h.Puzzle.Load().Passed) })
	h.Metrics.Gauge("genkan_puzzle_refused", "Answers refused since the start.", func() float64 { return float64(h.Puzzle.Load().Refused) })
}
