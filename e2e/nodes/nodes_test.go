package nodes

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

const (
	oldPassword = "tama ga neko desu yo"
	newPassword = "saru no kiiro kun desu"
)

// nodes is one house of three nodes.
type nodes struct {
	all []*house.House
	url string
	net *http.Client
}

func open(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{url: testkit.Postgres(t, db.MigrateURL), net: &http.Client{Timeout: 60 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	keys, clock, mail := house.Keys(), testkit.NewClock(), house.NewMailbox()
	for range 3 {
		n.all = append(n.all, house.Open(t, n.url, house.Options{Keys: keys, Clock: clock, Mail: mail}))
	}
	return n
}

func (n *nodes) mail() *house.Mailbox { return n.all[0].Mail }

// answer is what an API call gave.
type answer struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	ID     string
	State  string
	Code   string // of a problem
	// Session is a token in some answers and a description in others.
	Session struct{ Token, ID string }
}

func (a answer) good() bool { return a.Status/100 == 2 }

// call calls the API of one node, as the holder of token or as nobody.
func (n *nodes) call(t *testing.T, node int, method, path, token string, body map[string]string) answer {
	t.Helper()
	out, err := n.try(node, method, path, token, body)
	if err != nil {
		t.Fatalf("%s %s on node %d: %v", method, path, node, err)
	}
	return out
}

func (n *nodes) try(node int, method, path, token string, body map[string]string) (answer, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, n.all[node].URL+path, content)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := n.net.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out := answer{Status: res.StatusCode, Header: res.Header}
	text, err := io.ReadAll(res.Body)
	if strings.Contains(res.Header.Get("Content-Type"), "json") && err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// signIn opens a session on one node and gives its token.
func (n *nodes) signIn(t *testing.T, node int, email, pw string) string {
	t.Helper()
	a := n.call(t, node, "POST", "/api/v1/sign-ins", "", map[string]string{"email": email, "password": pw})
	if a.State != "complete" || a.Session.Token == "" {
		t.Fatalf("sign in %s on node %d: %d %s %s", email, node, a.Status, a.State, a.Code)
	}
	return a.Session.Token
}

// present asks a node whether a token opens anything, both ways.
func (n *nodes) present(t *testing.T, node int, token string) int {
	t.Helper()
	one, err := n.try(node, "GET", "/api/v1/session", token, nil)
	if err != nil {
		t.Errorf("ask node %d: %v", node, err)
	}
	two, err := n.try(node, "GET", "/forward-auth", token, nil)
	if err != nil {
		t.Errorf("ask node %d: %v", node, err)
	}
	if one.Status == http.StatusUnauthorized && two.Status != one.Status {
		t.Errorf("node %d: the session check refuses, forward-auth gives %d", node, two.Status)
	}
	return two.Status
}

// warm makes every node remember a session.
func (n *nodes) warm(t *testing.T, token string) {
	t.Helper()
	for node := range n.all {
		for range 2 {
			if got := n.present(t, node, token); got != http.StatusOK {
				t.Fatalf("node %d: a living session gives %d", node, got)
			}
		}
	}
}
