package whois

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxRemember = 200 * time.Millisecond // with what Genkan's own nodes take, within a second
	maxAnswer   = 64 << 10
	maxKept     = 10_000
)

// asker asks Genkan.
type asker struct {
	url      string
	client   *http.Client
	remember time.Duration
	now      func() time.Time

	mu   sync.Mutex
	kept map[[sha256.Size]byte]kept // by what the visitor showed
}

type kept struct {
	person Person
	until  time.Time
}

func newAsker(c Config) *asker {
	a := &asker{url: strings.TrimSuffix(c.URL, "/") + "/api/v1/session", remember: c.Remember, now: c.Now,
		kept: map[[sha256.Size]byte]kept{}}
	if a.remember == 0 {
		a.remember = maxRemember
	}
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		Proxy:               nil, // sessions go to Genkan, not past a proxy from the environment
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}}
	if c.Client != nil {
		own := *c.Client
		client = &own
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.client = client
	return a
}

// who gives the person, errNobody, or any other error when it cannot be told.
func (a *asker) who(r *http.Request) (Person, error) {
	shown := show(r)
	if shown == nil {
		return Person{}, errNobody
	}
	key := sha256.Sum256([]byte(fmt.Sprintf("%q", shown)))
	asked := a.now() // before asking: an answer is as old as its question
	if p, ok := a.recall(key, asked); ok {
		return p, nil
	}
	p, err := a.ask(r, shown)
	if err != nil {
		return Person{}, err
	}
	a.keep(key, p, asked)
	return p, nil
}

// show gives the headers by which Genkan knows a visitor, and no other cookie of
// theirs; nil when there are none. Genkan judges them: two cookies of one name,
// for example, are believed by nobody.
func show(r *http.Request) http.Header {
	h := http.Header{}
	for _, v := range r.Header["Authorization"] {
		if len(v) > 7 && strings.EqualFold(v[:7], "Bearer ") {
			h.Add("Authorization", v)
		}
	}
	var cookies []string
	for _, name := range []string{"__Host-genkan", "genkan"} { // the second on http://localhost only
		for _, c := range r.CookiesNamed(name) {
			cookies = append(cookies, name+"="+c.Value)
		}
	}
	if cookies != nil {
		h.Set("Cookie", strings.Join(cookies, "; "))
	}
	if len(h) == 0 || len(h["Authorization"]) > 1 {
		return nil
	}
	return h
}

func (a *asker) ask(r *http.Request, shown http.Header) (Person, error) {
	q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.url, nil)
	if err != nil {
		return Person{}, err
	}
	q.Header = shown.Clone()
	q.Header.Set("Accept", "application/json")
	res, err := a.client.Do(q)
	if err != nil {
		return Person{}, errors.New("whois: Genkan gives no answer")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return Person{}, errors.New("whois: Genkan's answer was cut off")
	case res.StatusCode == http.StatusUnauthorized:
		return Person{}, errNobody
	case res.StatusCode != http.StatusOK:
		return Person{}, fmt.Errorf("whois: Genkan answers %d", res.StatusCode)
	}
	return read(res.Header.Get("Content-Type"), body)
}

func read(kind string, body []byte) (Person, error) {
	if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
		return Person{}, errors.New("whois: what answers is not Genkan")
	}
	var p Person
	if err := json.Unmarshal(body, &p); err != nil || p.Account == "" || p.Session.ID == "" {
		return Person{}, errors.New("whois: what answers is not Genkan")
	}
	// Its times are for showing: Genkan judged them by its clock, not by ours.
	return p, nil
}

func (a *asker) recall(key [sha256.Size]byte, now time.Time) (Person, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.kept[key]
	// A clock that was turned back makes nothing older live on.
	if !ok || !now.Before(k.until) || k.until.Sub(now) > a.remember {
		return Person{}, false
	}
	return k.person, true
}

func (a *asker) keep(key [sha256.Size]byte, p Person, asked time.Time) {
	if a.remember < 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept) >= maxKept {
		clear(a.kept) // they are a fifth of a second's worth
	}
	a.kept[key] = kept{p, asked.Add(a.remember)}
}
