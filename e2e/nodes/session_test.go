package nodes

import (
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"
)

// promised is how long an ended session may be taken for a living one (SE4).
const promised = time.Second

// freezeLink finds the link of a notice that freezes.
var freezeLink = regexp.MustCompile(`/l/f[a-z0-9]+`)

// TestEndedSessionsEndEverywhere ends a session on one node in every way there
// is, and asks the others until they refuse it (SE4).
func TestEndedSessionsEndEverywhere(t *testing.T) {
	t.Parallel()
	n := open(t)
	for way, end := range map[string]func(t *testing.T, email, victim, other string){
		"sign-out": func(t *testing.T, _, victim, _ string) {
			n.want(t, 204, n.call(t, 0, "DELETE", "/api/v1/session", victim, nil))
		},
		"end others": func(t *testing.T, _, _, other string) {
			n.want(t, 204, n.call(t, 0, "DELETE", "/api/v1/sessions", other, nil))
		},
		"end one": func(t *testing.T, _, victim, other string) {
			id := n.call(t, 0, "GET", "/api/v1/session", victim, nil).Session.ID
			n.want(t, 204, n.call(t, 0, "DELETE", "/api/v1/sessions/"+id, other, nil))
		},
		"new password": func(t *testing.T, _, _, other string) {
			n.want(t, 200, n.call(t, 0, "POST", "/api/v1/password", other, map[string]string{"old_password": oldPassword, "new_password": newPassword}))
		},
		"rotation by a new password": func(t *testing.T, _, victim, _ string) {
			n.want(t, 200, n.call(t, 0, "POST", "/api/v1/password", victim, map[string]string{"old_password": oldPassword, "new_password": newPassword}))
		},
		"new address": func(t *testing.T, email, _, other string) {
			a := n.call(t, 0, "POST", "/api/v1/address", other, map[string]string{"email": "new." + email, "password": oldPassword})
			n.want(t, 202, a)
			code := n.mail().Wait(t, "new."+email, 1).Code
			n.want(t, 200, n.call(t, 0, "POST", "/api/v1/address/"+a.ID+"/confirm", other, map[string]string{"code": code}))
		},
		"reset": func(t *testing.T, email, _, _ string) {
			a := n.call(t, 0, "POST", "/api/v1/recoveries", "", map[string]string{"email": email})
			n.want(t, 202, a)
			code := ""
			for i := 1; len(code) != 8; i++ { // behind the notice of the sign-in
				code = n.mail().Wait(t, email, i).Code
			}
			n.want(t, 200, n.call(t, 0, "POST", "/api/v1/recoveries/"+a.ID+"/confirm", "", map[string]string{"code": code, "new_password": newPassword}))
		},
		"freeze": func(t *testing.T, email, _, other string) {
			// Any notice has the link: that of the changed password, here.
			n.want(t, 200, n.call(t, 1, "POST", "/api/v1/password", other, map[string]string{"old_password": oldPassword, "new_password": newPassword}))
			victim := n.signIn(t, 2, email, newPassword)
			n.warm(t, victim)
			link := ""
			for i := 1; link == ""; i++ {
				link = freezeLink.FindString(n.mail().Wait(t, email, i).Text)
			}
			p := n.all[0].Visit(t)
			p.Get(link)
			if got := p.Post("/link", "token", link[len("/l/"):], "confirm", "freeze"); got.Status != http.StatusOK {
				t.Fatalf("the freeze link gave %d: %s", got.Status, got.Problem())
			}
			n.refused(t, victim)
		},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			email := regexp.MustCompile(`[^a-z]`).ReplaceAllString(way, "") + "@example.jp"
			n.all[0].Member(t, email, oldPassword, "en")
			victim, other := n.signIn(t, 0, email, oldPassword), n.signIn(t, 1, email, oldPassword)
			n.warm(t, victim)
			end(t, email, victim, other)
			n.refused(t, victim)
		})
	}
}

func (n *nodes) want(t *testing.T, status int, a answer) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d %s; want %d", a.Status, a.Code, status)
	}
}

// refused asks every node until it refuses the token for good. A question that
// was begun later than promised must not be answered with yes; how long the
// answer itself takes on a busy machine does not count.
func (n *nodes) refused(t *testing.T, token string) {
	t.Helper()
	ended := time.Now()
	var running sync.WaitGroup
	for node := range n.all {
		running.Go(func() { n.refusedOn(t, node, token, ended) })
	}
	running.Wait()
}

func (n *nodes) refusedOn(t *testing.T, node int, token string, ended time.Time) {
	t.Helper()
	for {
		asked := time.Since(ended)
		got := n.present(t, node, token)
		if got == http.StatusUnauthorized {
			t.Logf("node %d refuses what was asked after %v", node, asked.Round(time.Millisecond))
			break
		}
		if asked > promised {
			t.Errorf("node %d gives %d for an ended session after %v", node, got, asked)
			return
		}
	}
	for range 3 {
		if got := n.present(t, node, token); got != http.StatusUnauthorized {
			t.Errorf("node %d: refused, and then %d", node, got)
		}
	}
}
