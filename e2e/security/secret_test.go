package security_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit"
)

// journal is a log that many write.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// canaries are secrets that a run used, by what they are.
type canaries map[string]string

// shapes are the forms that a secret may be written down in.
func shapes(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	return map[string]string{
		"raw": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "json": strings.Trim(string(quoted), `"`),
		"base64":    strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")[:len(secret)*4/3],
		"base64url": base64.RawURLEncoding.EncodeToString([]byte(secret))[:len(secret)*4/3],
		"hex":       hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))), "go": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
}

// search looks for every shape of every canary.
func (c canaries) search(t *testing.T, where, text string) {
	t.Helper()
	folded := strings.ToLower(text)
	for what, secret := range c {
		if secret == "" {
			t.Errorf("canary %s is empty: the run proves nothing of it", what)
			continue
		}
		for shape, form := range shapes(secret) {
			if strings.Contains(text, form) || shape == "raw" && strings.Contains(folded, strings.ToLower(form)) {
				t.Errorf("%s holds a %s (%s)", where, what, shape)
			}
		}
	}
}

// fullRun uses every flow, right and wrong, with canaries for everything secret.
func fullRun(t *testing.T, h *house.House) canaries {
	t.Helper()
	const (
		me, next   = "kanariya.tori@canary-mail.example", "nyuukanariya@canary-next.example"
		pw, pw2    = "kanariya himitsu ichi ban", "kanariya himitsu ni no ban"
		wrong, pw3 = "machigai himitsu dayo ne 9", "kanariya himitsu san no ban"
	)
	c := canaries{"password": pw, "second password": pw2, "wrong password": wrong, "third password": pw3, "address": me, "new address": next,
		"local part": "kanariya.tori", "domain": "canary-mail.example"}
	p := h.Visit(t)
	p.Get("/register")
	wait := p.Post("/register", "email", me, "password", pw)
	p.Post(wait.URL.Path+"/confirm", "code", "00000000")
	l := letterOf(t, h, me, "(new account")
	c["registration code"], c["registration link"] = l.Code, l.Link[strings.LastIndex(l.Link, "/")+1:]
	h.Visit(t).Get(l.Link)
	press(t, h, l.Link, "password", wrong)
	p.Get(wait.URL.Path)
	if got := p.Post(wait.URL.Path+"/confirm", "code", l.Code); got.URL.Path != "/account" {
		t.Fatalf("the code led to %s: %s", got.URL, got.Problem())
	}
	cookies := func(when string) {
		for name, value := range p.Cookies() {
			if strings.HasPrefix(name, "genkan") && len(value) > 30 && name != "genkan-link" {
				c["cookie "+name+when] = value
			}
		}
	}
	cookies("")
	p.Get("/account/password")
	p.Post("/account/password", "old_password", wrong, "password", pw2)
	p.Get("/account/password")
	p.Post("/account/password", "old_password", pw, "password", pw2)
	cookies(" after the change")
	p.Get("/account/address")
	wait = p.Post("/account/address", "email", next, "password", pw2)
	l = letterOf(t, h, next, "new mail address")
	c["change code"], c["change link"] = l.Code, l.Link[strings.LastIndex(l.Link, "/")+1:]
	p.Post(wait.URL.Path+"/confirm", "code", l.Code)
	l = letterOf(t, h, me, "address was changed")
	c["undo link"], c["freeze link"] = strings.TrimPrefix(links(l)['u'], h.URL+"/l/"), strings.TrimPrefix(links(l)['f'], h.URL+"/l/")
	h.Visit(t).Get(links(l)['u'])
	q := h.Visit(t)
	q.Get("/signin")
	q.Post("/signin", "email", next, "password", wrong)
	q.Get("/signin")
	q.Post("/signin", "email", wrong, "password", next) // swapped fields
	path, l := recoverTo(t, h, q, next)
	c["recovery code"], c["recovery link"] = l.Code, strings.TrimPrefix(l.Link, h.URL+"/l/")
	q.Post(path+"/confirm", "code", l.Code)
	q.Post(path+"/password", "password", next) // refused: the address
	q.Get(path)
	q.Post(path+"/password", "password", pw3)
	api := visit(t, h.URL)
	token := api.in(next, pw3)
	c["bearer token"] = token
	for _, path := range []string{"/session", "/sessions", "/nowhere", "/deliveries/" + token, "/sign-ins/" + wrong} {
		api.api("GET", strings.ReplaceAll(path, " ", "%20"), nil, "Authorization", "Bearer "+token)
	}
	for _, body := range []string{
		`{"email":"` + me + `","password":"` + wrong + `"`, `{"email":"` + me + `","password":"` + wrong + `","password":"x"}`, `{"email":["` + me + `"],"password":{"x":"` + wrong + `"}}`,
		`["` + wrong + `"]`, `{"` + wrong + `":"` + me + `"}`, wrong,
	} {
		for _, path := range []string{"/api/v1/sign-ins", "/api/v1/registrations", "/api/v1/recoveries", "/api/v1/password-strength"} {
			api.do("POST", path, "application/json", body)
			api.do("POST", path, "text/plain", body)
		}
	}
	bad := visit(t, h.URL)
	for _, where := range []string{"/nowhere?password=", "/signin?return_to=", "/l/", "/link?token=", "/register/", "/recover/", "/account?x="} {
		bad.get(where + url.QueryEscape(wrong))
		bad.get(where+url.QueryEscape(token), "Cookie", "genkan="+token, "Authorization", "Bearer "+token, "User-Agent", wrong, "Referer", wrong, "X-Forwarded-For", wrong, "X-Request-Id", wrong, "Accept-Language", wrong)
		bad.do("POST", where+url.QueryEscape(wrong), formType, "password="+url.QueryEscape(wrong)+"&password="+url.QueryEscape(wrong), "Sec-Fetch-Site", "same-origin")
		bad.do(strings.ToUpper(wrong[:8]), where+url.QueryEscape(wrong), "", "", "Sec-Fetch-Site", "cross-site")
	}
	return c
}

// TestSecretsAreInNoLog: LG1, RS7. A full run, right and wrong, with broken mail
// and a database that goes away meanwhile; no canary is in the log, in any form.
func TestSecretsAreInNoLog(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, address string) {
		log := &journal{}
		var gone atomic.Bool
		h := house.Open(t, address, house.Options{Log: log, Gone: &gone})
		c := fullRun(t, h)
		h.Mail.Refuse(func(m mail.Message) error {
			return errors.New("550 mailbox of <" + m.To + "> says " + m.Text)
		})
		visit(t, h.URL).api("POST", "/recoveries", dict{"email": c["address"]})
		form := visit(t, h.URL)
		fields := form.form("/signin", "email", c["address"], "password", c["wrong password"])
		gone.Store(true)
		if a := form.send("/signin", fields); a.Status != http.StatusServiceUnavailable {
			t.Errorf("without a database the sign-in gives %d", a.Status)
		}
		form.api("POST", "/sign-ins", dict{"email": c["address"], "password": c["wrong password"]})
		form.api("GET", "/session", nil, "Authorization", "Bearer "+c["bearer token"])
		text := log.text()
		if strings.Count(text, "\n") < 20 || !strings.Contains(text, `"status":503`) {
			t.Fatalf("the log has %d lines: the run proves less than it says", strings.Count(text, "\n"))
		}
		for line := range strings.Lines(text) {
			if !json.Valid([]byte(line)) {
				t.Errorf("a line is no JSON object: %.80q", line)
			}
		}
		delete(c, "local part") // of a domain of ours; the domain stands for the address
		c.search(t, "the log", text)
	})
}

// dump gives all that a database holds as text, table by table.
func dump(t *testing.T, h *house.House) map[string]string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if h.DB.Engine == db.Postgres {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	ctx := context.Background()
	names := texts(t, h, list)
	out := map[string]string{}
	for _, name := range names {
		rows, err := h.DB.Reader().QueryContext(ctx, `SELECT * FROM "`+name+`"`)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		var b strings.Builder
		for rows.Next() {
			values, pointers := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				pointers[i] = &values[i]
			}
			if err := rows.Scan(pointers...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if raw, ok := v.([]byte); ok {
					fmt.Fprintf(&b, "%s\n", raw)
				} else {
					fmt.Fprintf(&b, "%v\n", v)
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	return out
}

func texts(t *testing.T, h *house.House, query string) (out []string) {
	t.Helper()
	rows, err := h.DB.Reader().QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestSecretsAreInNoDatabase: KY1, SE1, RS1. After a full run no address,
// password, code, link, cookie or token is in any table, nor, on SQLite, in the
// files and what is left in them.
func TestSecretsAreInNoDatabase(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, address string) {
		h := house.Open(t, address, house.Options{})
		c := fullRun(t, h)
		h.Mail.Refuse(func(m mail.Message) error {
			return &mail.SendError{Stage: mail.StageRcpt, Code: 450, Text: "4.2.0 <" + m.To + ">: later", Temporary: true}
		})
		h.Clock.Advance(2 * time.Hour)
		visit(t, h.URL).api("POST", "/recoveries", dict{"email": c["new address"]}) // one that waits in the queue
		h.Clock.Advance(time.Second)
		for what, secret := range c {
			if len(secret) < 8 && !strings.Contains(secret, "@") {
				delete(c, what) // six digits may be anything's
			}
		}
		tables := dump(t, h)
		if len(tables) < 15 || len(tables["message"]) == 0 || len(tables["account"]) == 0 {
			t.Fatalf("%d tables were read", len(tables))
		}
		for name, content := range tables {
			c.search(t, "table "+name, content)
		}
		if strings.HasPrefix(address, "sqlite:") {
			for name, content := range filesOf(t, address) {
				c.search(t, name, string(content))
			}
		}
	})
}

// TestBoxesAreBoundToTheirRows: KY1. A sealed value moved to another row opens
// there no more: nobody with the database alone gives an account another
// account's address.
func TestBoxesAreBoundToTheirRows(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		a, b := h.Member(t, "rowa@example.org", goodPassword, "en"), h.Member(t, "rowb@example.org", nextPassword, "en")
		err := h.DB.Tx(context.Background(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(context.Background(), "UPDATE account SET address_sealed = (SELECT address_sealed FROM account WHERE id = $1) WHERE id = $2", a, b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		res, out := visit(t, h.URL).api("POST", "/sign-ins", dict{"email": "rowb@example.org", "password": nextPassword})
		if res.Status < 500 || out["session"] != nil {
			t.Errorf("an account with another's sealed address signs in: %d %v", res.Status, out["state"])
		}
	})
}
