package smstest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// HTTP is a gateway over HTTP.
type HTTP struct {
	*shelf
	URL     string
	RootCAs *x509.CertPool // nil for plain text

	foreign int
	stop    chan struct{}
}

// StartTwilio runs Twilio's Messages API for one account.
func StartTwilio(t T, o TLS, sid, token string) *HTTP {
	t.Helper()
	return start(t, o, func(g *HTTP, w http.ResponseWriter, r *http.Request, body []byte) {
		user, pass, _ := r.BasicAuth()
		form, err := url.ParseQuery(string(body))
		if r.URL.Path != "/2010-04-01/Accounts/"+sid+"/Messages.json" || user != sid || pass != token || err != nil {
			g.stranger(w)
			return
		}
		from := form.Get("From") + form.Get("MessagingServiceSid")
		ref := g.keep(Text{
			From: from, To: form.Get("To"), Body: form.Get("Body"),
			Life: form.Get("ValidityPeriod"), Callback: form.Get("StatusCallback"),
		}, "SM")
		if g.lost(w, ref) {
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":%q,"status":"queued","error_code":null,"to":%q}`, ref, form.Get("To"))
	})
}

// StartWebhook runs a receiver that sends a text once, however often it comes.
func StartWebhook(t T, o TLS, key []byte, now func() time.Time) *HTTP {
	t.Helper()
	return start(t, o, func(g *HTTP, w http.ResponseWriter, r *http.Request, body []byte) {
		id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
		if r.Header.Get("webhook-signature") != SignWebhook(key, id, at, body) || at != strconv.FormatInt(now().Unix(), 10) {
			g.stranger(w)
			return
		}
		var m struct {
			Type, ID, To, From, Text string
			Expires                  int `json:"expires_in"`
		}
		if json.Unmarshal(body, &m) != nil || m.Type != "sms.send" || m.ID != id {
			g.stranger(w)
			return
		}
		ref := ""
		for _, old := range g.Texts() {
			if old.ID == id {
				ref = old.Ref
			}
		}
		if ref == "" {
			ref = g.keep(Text{ID: id, From: m.From, To: m.To, Body: m.Text, Life: strconv.Itoa(m.Expires)}, "wh-")
		}
		if g.lost(w, ref) {
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"ref":%q}`, ref)
	})
}

func start(t T, o TLS, work func(*HTTP, http.ResponseWriter, *http.Request, []byte)) *HTTP {
	t.Helper()
	g := &HTTP{shelf: newShelf(), stop: make(chan struct{})}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		g.change(func() { g.asked++ })
		switch a := g.due("before"); a.kind {
		case refuse:
			w.WriteHeader(a.code)
			_, _ = io.WriteString(w, a.body)
			return
		case redirect:
			w.Header().Set("Location", a.body)
			w.WriteHeader(a.code)
			return
		case hang:
			select {
			case <-r.Context().Done():
			case <-g.stop:
			}
			return
		}
		work(g, w, r, body)
	}))
	config, pool, err := o.config()
	if err != nil {
		t.Fatalf("smstest: %v", err)
	}
	if g.RootCAs = pool; config != nil {
		server.TLS = config
		server.StartTLS()
	} else {
		server.Start()
	}
	g.URL = server.URL
	t.Cleanup(func() {
		close(g.stop)
		server.Close()
	})
	return g
}

func (g *HTTP) stranger(w http.ResponseWriter) {
	g.change(func() { g.foreign++ })
	w.WriteHeader(http.StatusUnauthorized)
}

// Foreign counts requests with a wrong login, signature or form.
func (g *HTTP) Foreign() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.foreign
}

// lost misbehaves after the work was done.
func (g *HTTP) lost(w http.ResponseWriter, ref string) bool {
	switch a := g.due("after"); a.kind {
	case drop:
		panic(http.ErrAbortHandler)
	case flood:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":%q,"status":"queued","x":"%s"}`, ref, strings.Repeat("x", 1<<20))
		return true
	case refuse:
		w.WriteHeader(a.code)
		_, _ = io.WriteString(w, a.body)
		return true
	}
	return false
}

// Refuse answers status and body without doing the work, times times.
func (g *HTTP) Refuse(times, status int, body string) {
	g.set("before", &act{kind: refuse, code: status, body: body, times: times})
}

// Redirect sends the client elsewhere.
func (g *HTTP) Redirect(times, status int, to string) {
	g.set("before", &act{kind: redirect, code: status, body: to, times: times})
}

// Hang says nothing, and does nothing, until the client leaves.
func (g *HTTP) Hang(times int) { g.set("before", &act{kind: hang, times: times}) }

// Drop does the work and breaks the connection instead of answering.
func (g *HTTP) Drop(times int) { g.set("after", &act{kind: drop, times: times}) }

// Flood does the work and answers a mebibyte.
func (g *HTTP) Flood(times int) { g.set("after", &act{kind: flood, times: times}) }

// Garble does the work and answers this.
func (g *HTTP) Garble(times, status int, body string) {
	g.set("after", &act{kind: refuse, code: status, body: body, times: times})
}

// SignTwilio gives X-Twilio-Signature for a callback.
func SignTwilio(token, at string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	text := at
	for _, name := range names {
		text += name + form.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SignWebhook gives webhook-signature.
func SignWebhook(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// ReportTwilio posts a status callback to where the text said, signed with
// token, and gives the status of the answer.
func (g *HTTP) ReportTwilio(ctx context.Context, to, token string, form url.Values) (int, error) {
	return post(ctx, to, "application/x-www-form-urlencoded", []byte(form.Encode()), map[string]string{
		"X-Twilio-Signature": SignTwilio(token, to, form),
	})
}

// ReportWebhook posts a receipt, signed with key at the time at.
func (g *HTTP) ReportWebhook(ctx context.Context, to string, key []byte, id string, at time.Time, body string) (int, error) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return post(ctx, to, "application/json", []byte(body), map[string]string{
		"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": SignWebhook(key, id, seconds, []byte(body)),
	})
}

func post(ctx context.Context, to, kind string, body []byte, header map[string]string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", kind)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
