package server

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/surface/api"
	"github.com/genkan/genkan/internal/surface/forwardauth"
	"github.com/genkan/genkan/internal/surface/front"
	"github.com/genkan/genkan/internal/surface/web"
)

// Doors is the public handler and the switch that takes it out of rotation.
type Doors struct {
	http.Handler
	Front    *front.Front
	Mux      *http.ServeMux
	stopping atomic.Bool
}

// Extra is what a dev build adds to the pages; empty in release builds.
type Extra struct {
	Pages  []fs.FS
	Routes func(*http.ServeMux, *web.Renderer, *front.Front)
}

// Open makes the public handler.
func (h *House) Open(x Extra) (*Doors, error) {
	static, err := web.NewStatic(front.StaticFiles(), false)
	if err != nil {
		return nil, err
	}
	pages, err := web.NewRenderer(web.RendererConfig{Pages: append([]fs.FS{front.Pages()}, x.Pages...), Assets: static, Catalog: h.Catalog})
	if err != nil {
		return nil, err
	}
	d := &Doors{Mux: http.NewServeMux()}
	d.Front = h.front(pages)
	apis, err := api.New(api.Config{Kit: h.Kit, Signup: h.Signup, Signin: h.Signin, Recovery: h.Recovery, Human: h.Human,
		Settings: h.Account, Post: h.Post, Policy: h.Policy, Catalog: h.Catalog, DB: h.DB, Version: h.Version})
	if err != nil {
		return nil, err
	}
	d.Front.Routes(d.Mux)
	d.Mux.Handle("GET "+web.StaticPrefix, static)
	d.Mux.Handle(api.Prefix, apis)
	d.Mux.HandleFunc("GET "+api.SessionPath, apis.Session)
	proxies := forwardauth.New(forwardauth.Config{
		Kit: h.Kit, Email: h.Settings.ForwardAuth.Email, Groups: h.Settings.ForwardAuth.Groups})
	d.Mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { plain(w, http.StatusOK, "ok") })
	d.Mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { h.ready(w, r, d) })
	if x.Routes != nil {
		x.Routes(d.Mux, pages, d.Front)
	}
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		if forPrograms(r) {
			apis.Problem(w, r, err)
			return
		}
		d.Front.Fail(w, r, err)
	}
	d.Mux.HandleFunc("/", (&nowhere{d.Mux, refuse}).ServeHTTP)
	guard := web.NewGuard(h.Kit, d.Mux, refuse)
	d.Handler = h.Traces.Handler(obs.Middleware(proxies.Before(guard), obs.Options{Logger: h.Log, Metrics: h.Metrics, Timeout: patience,
		Failed: func(w http.ResponseWriter, r *http.Request) { refuse(w, r, fault.New(fault.Internal, "unknown")) },
		Dull: func(route string, status int) bool {
			return status == http.StatusUnauthorized && (strings.HasSuffix(route, "/forward-auth") || strings.HasSuffix(route, "/api/v1/session"))
		}}))
	return d, nil
}

// patience is how long a request may wait for anything but the network.
const patience = 30 * time.Second

func forPrograms(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/forward-auth"
}

func (h *House) front(pages *web.Renderer) *front.Front {
	s := h.Settings
	names := map[string]string{"en": s.Service.Name, "ja": s.Service.NameJa}
	if names["ja"] == "" {
		names["ja"] = s.Service.Name
	}
	return &front.Front{Kit: h.Kit, Pages: pages, Signup: h.Signup, Signin: h.Signin, Recovery: h.Recovery,
		Settings: h.Account, Freeze: h.Freeze, Human: h.Human, Names: names, Sender: s.SMTP.From, MinLength: s.Password.MinLength,
		Support: front.SupportWays{URL: s.Service.SupportURL, Mail: s.Service.SupportMail}, Parts: h.parts}
}

// parts is how the house is, as far as this node can tell at once.
func (h *House) parts() []front.StatusPart {
	state := front.Operational
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if h.DB.Ping(ctx) != nil {
		state = front.Down
	}
	return []front.StatusPart{{Name: "signin", State: state}, {Name: "register", State: state}}
}

// ready answers GET /readyz: 200 when this node can do its work.
func (h *House) ready(w http.ResponseWriter, r *http.Request, d *Doors) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	switch {
	case d.stopping.Load():
		plain(w, http.StatusServiceUnavailable, "stopping")
	case h.DB.Ping(ctx) != nil:
		plain(w, http.StatusServiceUnavailable, "no database")
	default:
		plain(w, http.StatusOK, "ready")
	}
}

func plain(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": word})
}

// nowhere answers in our own words what the mux has no route for: unknown
// paths, and methods that a path does not take.
type nowhere struct {
	mux    *http.ServeMux
	refuse func(http.ResponseWriter, *http.Request, error)
}

func (n *nowhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if allow := n.allowed(r); allow != "" {
		w.Header().Set("Allow", allow) // RFC 9110 15.5.6
		n.refuse(w, r, &fault.Error{Kind: fault.Method, Code: "request.method", Next: []string{"signin", "help"}})
		return
	}
	n.refuse(w, r, fault.New(fault.NotFound, "request.not_found").Offer("signin", "help"))
}

// allowed lists the methods that the path of r takes, or "".
func (n *nowhere) allowed(r *http.Request) string {
	var takes []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		_, pattern := n.mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
		if pattern != "" && pattern != "/" {
			takes = append(takes, method)
		}
	}
	return strings.Join(takes, ", ")
}
