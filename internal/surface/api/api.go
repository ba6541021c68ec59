// Package api is the JSON API, version 1: the same verbs as the pages, for
// programs.
//
// A handler reads its input, makes one call into a flow and renders what came of
// it. Bodies are read strictly before anything looks at them (WB6, body.go).
// Every refusal is an RFC 9457 problem document in the caller's language
// (problem.go). huma checks inputs against their schemas and writes the OpenAPI
// document from the same Go types; GET /session goes past it, because
// applications ask it with every request of their own.
//
// The package leaves headers, the outer body bound and the refusal of requests
// from other sites to web.Guard, which stands before it (WB1, WB2).
package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/settings"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/surface/web"
)

// Prefix is where the API is mounted; New's handler answers every path below it.
const Prefix = "/api/v1/"

// Config is what the API stands on. Every field is needed.
type Config struct {
	Kit      *web.Kit
	Signup   *signup.Flow
	Signin   *signin.Flow
	Recovery *recovery.Flow
	Human    *human.Flow
	Settings *settings.Flow
	Post     *delivery.Post
	Policy   *password.Policy
	Catalog  *i18n.Catalog
	DB       *db.DB
	Version  string // of the program, for the OpenAPI document
}

// API answers requests under Prefix. It is safe for use by many goroutines.
type API struct {
	Config
	mux      *http.ServeMux
	huma     huma.API
	document []byte   // the OpenAPI document
	routes   []string // patterns, "METHOD /path"
	sessions sessionWriter
}

// New makes the API. An error means that the build is broken: the OpenAPI
// document cannot be written.
func New(c Config) (*API, error) {
	a := &API{Config: c, mux: http.NewServeMux()}
	a.huma = huma.NewAPI(a.humaConfig(), &adapter{a})
	a.registrations()
	a.signIns()
	a.sessionRoutes()
	a.recoveries()
	a.puzzles()
	a.settingsRoutes()
	a.factors()
	a.deliveries()
	a.strength()
	a.causes()
	if err := a.writeDocument(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc(Prefix, a.nowhere)
	return a, nil
}

// Routes gives every pattern, "METHOD /path", for tests that walk all of them.
func (a *API) Routes() []string { return slices.Clone(a.routes) }

// ServeHTTP answers a request under Prefix.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would answer an untidy path with a redirect and a page; programs
	// get the same 404 as for any other path that is not there.
	if strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.") {
		a.nowhere(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// handle registers a route beside huma's and keeps its pattern.
func (a *API) handle(pattern string, h http.HandlerFunc) {
	a.routes = append(a.routes, pattern)
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		// The request was copied on its way here, so its pattern would not
		// reach the log and the metrics.
		obs.SetRoute(r.Context(), pattern)
		h(w, r)
	})
}

// nowhere answers what no route takes: 405 with Allow (RFC 9110 15.5.6) where
// the path takes another method, else 404.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	obs.SetRoute(r.Context(), Prefix)
	if allow := a.allowed(r); allow != "" {
		w.Header().Set("Allow", allow)
		a.Problem(w, r, fault.New(fault.Method, "request.method"))
		return
	}
	a.Problem(w, r, fault.New(fault.NotFound, "request.not_found"))
}

// allowed lists the methods that the path of r takes, or "".
func (a *API) allowed(r *http.Request) string {
	if r.URL.Path == "" || strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.") {
		return ""
	}
	var takes []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		_, pattern := a.mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
		if pattern != "" && pattern != Prefix {
			takes = append(takes, method)
		}
	}
	return strings.Join(takes, ", ")
}
