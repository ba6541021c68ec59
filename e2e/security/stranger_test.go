package security_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// states are what an address can be, as a stranger must not see. Addresses of
// one round differ in one letter only, so that lengths do not.
var states = []string{"none", "waiting", "active", "guarded", "frozen", "closed"}

// people makes one address of each state; the first letter is the state's.
func people(t *testing.T, h *house.House, round string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range states {
		email := s[:1] + "x" + round + "@example.org"
		out[s] = email
		switch s {
		case "none":
			continue
		case "waiting":
			hash, err := h.Hasher.Hash(goodPassword)
			if err == nil {
				err = h.DB.Tx(context.Background(), func(tx *db.Tx) error {
					a := parse(t, email)
					_, err := h.Signup.Desk.Begin(context.Background(), tx, []byte{}, a, h.Book.Key(a), hash, "en")
					return err
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		id := h.Member(t, email, goodPassword, "en")
		switch s {
		case "active":
			continue
		case "guarded": // with a second factor
			h.Enrol(t, id)
			continue
		}
		event := account.Freeze
		if s == "closed" {
			event = account.Close
		}
		err := h.DB.Tx(context.Background(), func(tx *db.Tx) error {
			acc, err := h.Book.ByID(context.Background(), tx, id)
			if err != nil {
				return err
			}
			_, err = h.Book.Move(context.Background(), tx, acc, event)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// seen is an answer as it comes over the wire: status line, headers in their
// order, body, with the declared random fields masked: ids, references, sealed
// fields, cookies' values, tokens; and the address that was typed.
func (c *raw) seen(method, path, kind, body, typed string) string {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Connection", "close")
	if len(c.jar) > 0 {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range c.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	if err := r.Write(conn); err != nil {
		c.t.Fatal(err)
	}
	var got bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &got)), r)
	if err != nil {
		c.t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range res.Cookies() {
		c.jar[k.Name] = k.Value
	}
	c.last = res.Header.Get("Location")
	head, _, _ := strings.Cut(got.String(), "\r\n\r\n")
	// The request's number grows by a digit now and then: what the masks take away
	// is not counted, all else is.
	body = mask(string(page), typed)
	head = strings.Replace(head, fmt.Sprintf("Content-Length: %d", len(page)), fmt.Sprintf("Content-Length: %d", len(body)), 1)
	return mask(head, typed) + "\n\n" + body
}

var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\b[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}\b`), "REFERENCE"},
	{regexp.MustCompile(`\b[a-z0-9]{8}-[a-z0-9]{1,6}\b`), "REQUEST"},
	{regexp.MustCompile(`(name="form" value=")[^"]+`), "${1}SEALED"},
	{regexp.MustCompile(`(Set-Cookie: [a-z_A-Z-]+=)[^;]*`), "${1}VALUE"},
	{regexp.MustCompile(`(?m)^Date: .*$`), "Date: NOW"},
	{regexp.MustCompile(`class="number">\d{4}<`), `class="number">NNNN<`},
}

func mask(text, typed string) string {
	for _, m := range masks {
		text = m.re.ReplaceAllString(text, m.to)
	}
	return strings.NewReplacer(typed, "TYPED", url.QueryEscape(typed), "TYPED", strings.ReplaceAll(typed, "@", "&#64;"), "TYPED",
		"<wbr>", "", typed[:strings.IndexByte(typed, '@')], "LOCAL").Replace(text)
}

// endpoints are what a stranger can call with an address. Each gives all that
// is seen of one whole walk.
var endpoints = map[string]func(c *raw, email string) string{
	"sign-in page": func(c *raw, email string) string {
		form := c.form("/signin", "email", email, "password", nextPassword)
		return c.seen("POST", "/signin", formType, form.Encode(), email)
	},
	"sign-in page, second failure": func(c *raw, email string) string {
		page := c.do("POST", "/signin", formType, c.form("/signin", "email", email, "password", nextPassword).Encode(), "Sec-Fetch-Site", "same-origin")
		return c.seen("POST", "/signin", formType, fill(page.Body, "email", email, "password", thirdPassword).Encode(), email)
	},
	"sign-in call": func(c *raw, email string) string {
		return c.seen("POST", "/api/v1/sign-ins", "application/json", `{"email":"`+email+`","password":"`+nextPassword+`"}`, email)
	},
	"register page": func(c *raw, email string) string {
		form := c.form("/register", "email", email, "password", thirdPassword)
		out := c.seen("POST", "/register", formType, form.Encode(), email)
		at := c.last
		out += c.seen("GET", at, "", "", email)
		out += c.seen("POST", at+"/confirm", formType, c.form(at, "code", "000000").Encode(), email)
		return out + c.seen("GET", at+"/state", "", "", email)
	},
	"register call": func(c *raw, email string) string {
		return c.seen("POST", "/api/v1/registrations", "application/json", `{"email":"`+email+`","password":"`+thirdPassword+`"}`, email)
	},
	"recover page": func(c *raw, email string) string {
		form := c.form("/recover", "email", email)
		out := c.seen("POST", "/recover", formType, form.Encode(), email)
		at := c.last
		out += c.seen("GET", at, "", "", email)
		out += c.seen("POST", at+"/confirm", formType, c.form(at, "code", "00000000").Encode(), email)
		return out + c.seen("POST", at+"/password", formType, c.form(at, "password", thirdPassword).Encode(), email)
	},
	"recover call": func(c *raw, email string) string {
		return c.seen("POST", "/api/v1/recoveries", "application/json", `{"email":"`+email+`"}`, email)
	},
	"resend at once": func(c *raw, email string) string {
		a := c.post("/recover", "/recover", "email", email)
		at := a.Header.Get("Location")
		return c.seen("POST", at+"/resend", formType, c.form(at).Encode(), email)
	},
	"resend later": func(c *raw, email string) string {
		a := c.post("/recover", "/recover", "email", email)
		at := a.Header.Get("Location")
		c.house.Clock.Advance(61 * time.Second)
		out := c.seen("POST", at+"/resend", formType, c.form(at).Encode(), email)
		c.house.Clock.Advance(-61 * time.Second)
		return out
	},
	"too many": func(c *raw, email string) string {
		for range 3 {
			c.api("POST", "/recoveries", dict{"email": email})
		}
		return c.seen("POST", "/api/v1/recoveries", "application/json", `{"email":"`+email+`"}`, email) +
			visit(c.t, c.base).seen("POST", "/api/v1/registrations", "application/json", `{"email":"`+email+`","password":"`+thirdPassword+`"}`, email)
	},
	"registering twice, by the trace": func(c *raw, email string) string {
		out := ""
		for range 2 {
			_, a := c.api("POST", "/registrations", dict{"email": email, "password": thirdPassword})
			out += traceOf(c, a)
		}
		return out
	},
	"recovering, by the trace": func(c *raw, email string) string {
		_, a := c.api("POST", "/recoveries", dict{"email": email})
		return traceOf(c, a)
	},
}

// traceOf gives what a program sees of the message that it caused, once its way
// is over.
func traceOf(c *raw, caused map[string]any) string {
	c.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		_, now := c.api("GET", "/deliveries/"+caused["delivery"].(string), nil)
		if s := now["state"]; s != "queued" && s != "deferred" || time.Now().After(end) {
			return mask(fmt.Sprint(now), "@@")
		}
	}
}

// TestStrangersSeeNoDifference: EN1, FZ2, EN4. For every endpoint that takes an
// address: no account, an unconfirmed one, an active one without and with a
// second factor, a frozen and a closed one give the same status, headers in the same order, cookies' names and body,
// after masking the declared random fields.
func TestStrangersSeeNoDifference(t *testing.T) {
	repeats := 2
	if longForm() {
		repeats = 50
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		names := make([]string, 0, len(endpoints))
		for name := range endpoints {
			names = append(names, name)
		}
		sort.Strings(names)
		for i, name := range names {
			for n := range repeats {
				all := people(t, h, fmt.Sprintf("%02d%02d", i, n))
				var want, of string
				for _, s := range states {
					c := visit(t, h.URL)
					c.house = h
					got := endpoints[name](c, all[s])
					if want == "" {
						want, of = got, s
						if strings.Contains(got, "HTTP/1.1 5") || strings.Contains(got, "HTTP/1.1 404") {
							t.Fatalf("%s: the walk does not work: %.300s", name, got)
						}
					}
					if got != want {
						t.Errorf("%s: %s differs from %s at %s", name, s, of, difference(got, want))
					}
				}
			}
		}
	})
}

func difference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%q instead of %q", a[max(0, i-60):min(len(a), i+60)], b[max(0, i-60):min(len(b), i+60)])
		}
	}
	return fmt.Sprintf("the end: %q, %q", a[min(len(a), len(b)):], b[min(len(a), len(b)):])
}

// TestFrozenLooksLikeWrongPassword: FZ2. To whoever does not give the right
// password, and to applications that ask about an old session, a frozen account
// is like one that is not there.
func TestFrozenLooksLikeWrongPassword(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "ice@example.org"
		h.Member(t, me, goodPassword, "en")
		p := h.Visit(t)
		p.SignIn(me, goodPassword)
		token := p.Cookies()["genkan"]
		frozen(t, h, letterOf(t, h, me, "New sign-in"))
		for _, path := range []string{"/api/v1/session", "/api/v1/sessions", "/forward-auth", "/account"} {
			dead, none := visit(t, h.URL).get(path, "Authorization", "Bearer "+token), visit(t, h.URL).get(path, "Authorization", "Bearer "+strings.Repeat("A", 43))
			dead.Header.Del("Date")
			none.Header.Del("Date")
			for _, a := range []*answer{&dead, &none} {
				a.Header.Del("Set-Cookie") // a new browser's own
				a.Body = mask(a.Body, "@@")
			}
			if dead.Status != none.Status || dead.Body != none.Body || fmt.Sprint(dead.Header) != fmt.Sprint(none.Header) {
				t.Errorf("%s of a frozen account's session gives %d, of none %d", path, dead.Status, none.Status)
			}
		}
		a, out := visit(t, h.URL).api("POST", "/sign-ins", dict{"email": me, "password": goodPassword})
		if a.Status != 200 || out["state"] != "held" || out["session"] != nil {
			t.Errorf("the right password gives %d %v", a.Status, out["state"])
		}
	})
}

// TestSignInCannotOutrunAReset: SE4, PW5, RS6. A sign-in whose old password was
// judged before a reset and that goes on after it lets nobody in.
func TestSignInCannotOutrunAReset(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, address string) {
		h := house.Open(t, address, house.Options{})
		const me = "outrun@example.org"
		h.Member(t, me, goodPassword, "en")
		inner := h.Hasher.Derive
		judged, goOn := make(chan bool), make(chan bool)
		h.Hasher.Derive = func(pw, salt []byte, passes, memoryKiB, keyLen uint32) []byte {
			out := inner(pw, salt, passes, memoryKiB, keyLen)
			if string(pw) == goodPassword {
				judged <- true
				<-goOn
			}
			return out
		}
		got := make(chan string)
		go func() { got <- visit(t, h.URL).in(me, goodPassword) }()
		<-judged
		recovered(t, h, me, nextPassword)
		close(goOn)
		if token := <-got; token != "" && visit(t, h.URL).alive(token) {
			t.Error("the old password opened a session that outlives the reset")
		}
		if n := count(t, h, "SELECT COUNT(*) FROM session WHERE ended_at = 0"); n != 0 {
			t.Errorf("%d sessions live", n)
		}
	})
}
