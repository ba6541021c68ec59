package nodes

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
)

// rounds is how often each race is run.
func rounds() int {
	if os.Getenv("GENKAN_LONG") == "1" {
		return 1000
	}
	return 100
}

// lanes is how many rounds run side by side.
const lanes = 4

// TestCodesWorkOnceOverNodes presses each single-use code on three nodes at the
// same moment, twice on each (CO2, RS2): exactly one press takes effect.
func TestCodesWorkOnceOverNodes(t *testing.T) {
	t.Parallel()
	n := open(t)
	for name, round := range map[string]func(t *testing.T, email string){
		"registration": n.raceRegistration, "reset": n.raceReset, "address": n.raceAddress,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var running sync.WaitGroup
			for lane := range lanes {
				running.Go(func() {
					for i := lane; i < rounds() && !t.Failed(); i += lanes {
						round(t, fmt.Sprintf("%s%d@example.jp", name, i))
					}
				})
			}
			running.Wait()
		})
	}
}

// press sends a request six times at once, two to each node, and gives the
// answers. body makes the i-th.
func (n *nodes) press(t *testing.T, path, token string, body func(i int) map[string]string) []answer {
	t.Helper()
	answers := make([]answer, 2*len(n.all))
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range answers {
		running.Go(func() {
			<-start
			a, err := n.try(i%len(n.all), "POST", path, token, body(i))
			if err != nil {
				t.Errorf("press %d: %v", i, err)
			}
			answers[i] = a
		})
	}
	close(start)
	running.Wait()
	return answers
}

// winner gives the one press that took effect.
func winner(t *testing.T, what string, answers []answer) (int, bool) {
	t.Helper()
	won, at := 0, 0
	for i, a := range answers {
		if a.good() {
			won, at = won+1, i
		}
		if a.Status >= 500 || a.Status == 0 {
			t.Errorf("%s: press %d gave %d %s", what, i, a.Status, a.Code)
		}
	}
	if won != 1 {
		t.Errorf("%s: %d presses took effect", what, won)
	}
	return at, won == 1
}

func (n *nodes) raceRegistration(t *testing.T, email string) {
	a, err := n.try(0, "POST", "/api/v1/registrations", "", map[string]string{"email": email, "password": oldPassword, "locale": "en"})
	if err != nil || a.Status != http.StatusAccepted {
		t.Errorf("register %s: %d %s, %v", email, a.Status, a.Code, err)
		return
	}
	code := n.mail().Wait(t, email, 1).Code
	answers := n.press(t, "/api/v1/registrations/"+a.ID+"/confirm", "", func(int) map[string]string { return map[string]string{"code": code} })
	if at, ok := winner(t, "confirm "+email, answers); ok {
		if got := n.present(t, at%len(n.all), answers[at].Session.Token); got != http.StatusOK {
			t.Errorf("%s: the winner's session gives %d", email, got)
		}
	}
}

func (n *nodes) raceReset(t *testing.T, email string) {
	n.all[0].Member(t, email, oldPassword, "en")
	a, err := n.try(1, "POST", "/api/v1/recoveries", "", map[string]string{"email": email})
	if err != nil || a.Status != http.StatusAccepted {
		t.Errorf("recover %s: %d %s, %v", email, a.Status, a.Code, err)
		return
	}
	code := n.mail().Wait(t, email, 1).Code
	chosen := func(i int) string { return fmt.Sprintf("kaki wa kuu kyaku da %d", i) }
	answers := n.press(t, "/api/v1/recoveries/"+a.ID+"/confirm", "", func(i int) map[string]string {
		return map[string]string{"code": code, "new_password": chosen(i)}
	})
	at, ok := winner(t, "reset "+email, answers)
	if !ok {
		return
	}
	for _, i := range []int{at, (at + 1) % len(answers), (at + 3) % len(answers)} {
		got, err := n.try(2, "POST", "/api/v1/sign-ins", "", map[string]string{"email": email, "password": chosen(i)})
		if err != nil || (got.State == "complete") != (i == at) {
			t.Errorf("%s: password %d gives %q, %v; %d won", email, i, got.State, err, at)
		}
	}
}

func (n *nodes) raceAddress(t *testing.T, email string) {
	n.all[0].Member(t, email, oldPassword, "en")
	token := n.signIn(t, 0, email, oldPassword)
	a, err := n.try(2, "POST", "/api/v1/address", token, map[string]string{"email": "new." + email, "password": oldPassword})
	if err != nil || a.Status != http.StatusAccepted {
		t.Errorf("change %s: %d %s, %v", email, a.Status, a.Code, err)
		return
	}
	code := n.mail().Wait(t, "new."+email, 1).Code
	answers := n.press(t, "/api/v1/address/"+a.ID+"/confirm", token, func(int) map[string]string { return map[string]string{"code": code} })
	if at, ok := winner(t, "change "+email, answers); ok {
		if got := n.present(t, at%len(n.all), answers[at].Session.Token); got != http.StatusOK {
			t.Errorf("%s: the winner's session gives %d", email, got)
		}
	}
}
