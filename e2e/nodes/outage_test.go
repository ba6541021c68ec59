package nodes

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cut ends the house's connections to the database: its listeners only, or all.
// While shut is set it gets no new ones.
func (n *nodes) cut(t *testing.T, conn *pgx.Conn, listenersOnly bool) {
	t.Helper()
	query := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`
	if listenersOnly {
		// The last thing such a connection ran is LISTEN, or the beat that
		// proves the line is up.
		query += ` AND (query LIKE 'LISTEN "genkan%' OR query = 'SELECT 1')`
	}
	if _, err := conn.Exec(context.Background(), query, n.database(t)); err != nil {
		t.Fatal(err)
	}
}

// shut keeps new connections out of the database until it is opened again.
func (n *nodes) shut(t *testing.T, conn *pgx.Conn, shut bool) {
	t.Helper()
	query := `ALTER DATABASE ` + pgx.Identifier{n.database(t)}.Sanitize() + ` ALLOW_CONNECTIONS `
	if _, err := conn.Exec(context.Background(), query+map[bool]string{true: "false", false: "true"}[shut]); err != nil {
		t.Fatal(err)
	}
}

func (n *nodes) database(t *testing.T) string {
	t.Helper()
	conf, err := pgx.ParseConfig(n.url)
	if err != nil {
		t.Fatal(err)
	}
	return conf.Database
}

// beside opens a connection that the outage does not end: to another database
// of the same server.
func (n *nodes) beside(t *testing.T) *pgx.Conn {
	t.Helper()
	conf, err := pgx.ParseConfig(n.url)
	if err != nil {
		t.Fatal(err)
	}
	conf.Database = "postgres"
	conn, err := pgx.ConnectConfig(context.Background(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// TestDeafNodeAsksTheDatabase cuts the lines over which nodes hear of ended
// sessions, and keeps them cut: a node that may have missed a word believes
// nothing it remembers (SE4).
func TestDeafNodeAsksTheDatabase(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.all[0].Member(t, "deaf@example.jp", oldPassword, "en")
	victim, other := n.signIn(t, 0, "deaf@example.jp", oldPassword), n.signIn(t, 1, "deaf@example.jp", oldPassword)
	n.warm(t, victim)
	n.warm(t, other)
	conn := n.beside(t)
	n.shut(t, conn, true)
	n.cut(t, conn, true)
	n.warm(t, victim) // it is remembered again, but must not be believed
	n.want(t, 204, n.call(t, 0, "DELETE", "/api/v1/session", victim, nil))
	n.refused(t, victim)
	n.warm(t, other) // and still says yes to the living
	n.shut(t, conn, false)
	n.warm(t, other)
	n.want(t, 204, n.call(t, 2, "DELETE", "/api/v1/session", other, nil))
	n.refused(t, other)
}

// TestDatabaseGone takes the database away from a running house (DU6): it says
// when to come back, does nothing by halves, and recovers by itself.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.all[0].Member(t, "gone@example.jp", oldPassword, "en")
	token := n.signIn(t, 0, "gone@example.jp", oldPassword)
	n.warm(t, token)
	asked := n.call(t, 0, "POST", "/api/v1/recoveries", "", map[string]string{"email": "gone@example.jp"})
	code := ""
	for i := 1; len(code) != 8; i++ {
		code = n.mail().Wait(t, "gone@example.jp", i).Code
	}
	conn := n.beside(t)
	n.shut(t, conn, true)
	n.cut(t, conn, false)
	begun := time.Now()
	reset := map[string]string{"code": code, "new_password": newPassword}
	for node := range n.all {
		n.unsure(t, n.call(t, node, "POST", "/api/v1/recoveries/"+asked.ID+"/confirm", "", reset))
		n.unsure(t, n.call(t, node, "POST", "/api/v1/sign-ins", "", map[string]string{"email": "gone@example.jp", "password": oldPassword}))
		n.unsure(t, n.call(t, node, "POST", "/api/v1/registrations", "", map[string]string{"email": "neu@example.jp", "password": oldPassword}))
		if got := n.call(t, node, "GET", "/readyz", "", nil).Status; got != http.StatusServiceUnavailable {
			t.Errorf("node %d calls itself ready: %d", node, got)
		}
		if got := n.call(t, node, "GET", "/healthz", "", nil).Status; got != http.StatusOK {
			t.Errorf("node %d is not alive: %d", node, got)
		}
		n.page(t, node)
	}
	// What is remembered may be believed for a moment, then nothing is (FA3).
	for node := range n.all {
		for {
			asked := time.Since(begun)
			got := n.call(t, node, "GET", "/forward-auth", token, nil)
			if got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") != "" {
				break
			}
			if got.Status != http.StatusOK || asked > promised {
				t.Fatalf("node %d, %v after the database went: %d", node, asked, got.Status)
			}
		}
	}
	n.shut(t, conn, false)
	n.recovers(t, token)
	if a := n.call(t, 1, "POST", "/api/v1/sign-ins", "", map[string]string{"email": "gone@example.jp", "password": newPassword}); a.State != "refused" {
		t.Errorf("a reset that was refused set the password: %s", a.State)
	}
	n.want(t, 200, n.call(t, 2, "POST", "/api/v1/recoveries/"+asked.ID+"/confirm", "", reset))
	n.refused(t, token)
	n.signIn(t, 0, "gone@example.jp", newPassword)
	n.want(t, 202, n.call(t, 0, "POST", "/api/v1/registrations", "", map[string]string{"email": "neu@example.jp", "password": oldPassword}))
	if got := n.mail().Wait(t, "neu@example.jp", 1); got.Code == "" || len(n.mail().To("neu@example.jp")) != 1 {
		t.Errorf("after the outage %d mails", len(n.mail().To("neu@example.jp")))
	}
}

func (n *nodes) unsure(t *testing.T, a answer) {
	t.Helper()
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Code != "srv.emergency" {
		t.Errorf("status %d %s, Retry-After %q; want 503 srv.emergency", a.Status, a.Code, a.Header.Get("Retry-After"))
	}
}

// page looks at what people see meanwhile.
func (n *nodes) page(t *testing.T, node int) {
	t.Helper()
	p := n.all[node].Visit(t)
	p.Get("/signin")
	got := p.Post("/signin", "email", "gone@example.jp", "password", oldPassword)
	if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("node %d: the page says %d, Retry-After %q", node, got.Status, got.Header.Get("Retry-After"))
	}
}

// recovers waits until every node works again, which nobody has to help with.
func (n *nodes) recovers(t *testing.T, token string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for node := range n.all {
		for n.call(t, node, "GET", "/forward-auth", token, nil).Status != http.StatusOK ||
			n.call(t, node, "GET", "/readyz", "", nil).Status != http.StatusOK {
			if ctx.Err() != nil {
				t.Fatalf("node %d did not recover", node)
			}
		}
	}
}
