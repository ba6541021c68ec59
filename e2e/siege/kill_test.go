package siege_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// street is the real program with one member, on one node or on three.
type street struct {
	t      *testing.T
	site   *program.Site
	nodes  []*program.Process
	db     *db.DB
	pw     string
	cookie string // of the member's own browser
}

// open registers the member in a browser of its own. The human check is off: an
// attacker with a solver that is always right meets the same house.
func open(t *testing.T, url, pw string) *street {
	t.Helper()
	mail := program.NewMailbox(t)
	s := &street{t: t, pw: pw, site: program.NewSite(t, url, mail.Host(), mail.Port(), "human_check: \"off\"\n")}
	n := 3
	if strings.HasPrefix(url, "sqlite:") {
		n = 1
	}
	for range n {
		s.nodes = append(s.nodes, s.site.Serve(t))
	}
	d, err := db.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	s.db = d
	s.cookie = "genkan-browser=" + strings.Repeat("b", 43)
	begun, _ := s.post(0, "/registrations", dict{"email": owner, "password": pw})
	code := mail.Code(t.Context(), owner, 6, 1)
	made, cookies := s.post(0, "/registrations/"+begun.ID+"/confirm", dict{"code": code})
	if made.Status != http.StatusCreated {
		t.Fatalf("the member cannot register: %+v", made)
	}
	for _, c := range cookies {
		if strings.HasSuffix(c.Name, "genkan-known") {
			s.cookie += "; " + c.Name + "=" + c.Value
		}
	}
	return s
}

// post calls node i; with the member's cookies while s has them.
func (s *street) post(i int, path string, body dict) (reply, []*http.Cookie) {
	return s.postAs(i, path, body, s.cookie)
}

func (s *street) postAs(i int, path string, body dict, cookie string) (out reply, cookies []*http.Cookie) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", s.nodes[i%len(s.nodes)].URL("/api/v1"+path), bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	res, err := wire.Do(r)
	if err != nil {
		return reply{}, nil // killed in the middle
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(&out)
	out.Status = res.StatusCode
	return out, res.Cookies()
}

// judged is how many guesses were counted, and so judged, for the address: the
// rows say it, whichever node and whatever was killed.
func (s *street) judged() (n int) {
	s.t.Helper()
	err := s.db.Reader().QueryRowContext(s.t.Context(), `SELECT COALESCE(MAX(total), 0) FROM limit_streak WHERE bucket NOT LIKE '% own %'`).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// owned signs the member in from its own browser.
func (s *street) owned(i int) bool {
	out, _ := s.post(i, "/sign-ins", dict{"email": owner, "password": s.pw})
	return out.State == "complete"
}

// TestCountsOutliveKills: TH1, TH5. The program is killed in the middle of the
// guessing, on every node, and counts on where it was; the member's browser gets
// in each time.
func TestCountsOutliveKills(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		s := open(t, url, right)
		began, guesses, every := time.Now(), pick(90, 10000), pick(30, 1000)
		in, asked := 0, 0
		for i := range guesses {
			if i%every == every-1 {
				for n := range s.nodes {
					kill := s.nodes[n]
					go kill.Kill()
					s.postAs(n, "/sign-ins", dict{"email": owner, "password": fmt.Sprint("killed ", i)}, "")
					kill.Wait()
					s.nodes[n] = s.site.Serve(t)
				}
				for n := range s.nodes {
					if asked++; s.owned(n) {
						in++
					}
				}
			}
			pw := fmt.Sprint("guess ", i)
			if i > 20 && i%7 == 0 {
				pw = right
			}
			if out, _ := s.postAs(i, "/sign-ins", dict{"email": owner, "password": pw}, ""); out.State == "complete" {
				t.Fatalf("guess %d opened the account", i)
			}
		}
		// Five at once, then one when each pause is over: 1, 3, 7, 15 … minutes.
		most := 5
		for pause, gone := time.Minute, time.Since(began); gone > pause && most < 100; most++ {
			gone, pause = gone-pause, min(2*pause, time.Hour)
		}
		if n := s.judged(); n < 5 || n > most {
			t.Errorf("%d of %d guesses were judged in %v; want 5 to %d", n, guesses, time.Since(began).Round(time.Second), most)
		}
		if in != asked {
			t.Errorf("the owner got in %d of %d times", in, asked)
		}
		t.Logf("%d guesses, %d kills, %d judged, the owner in %d of %d", guesses, asked, s.judged(), in, asked)
	})
}

// TestHydra runs hydra of Debian's packages against the form of the sign-in page, where it is
// installed: with the right password at the end of its list it must find nothing.
func TestHydra(t *testing.T) {
	t.Parallel()
	hydra, err := exec.LookPath("hydra")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("hydra is not installed: tools/install-test-needs")
	}
	if err != nil {
		t.Skip("hydra is not installed: apt-get install hydra")
	}
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		const plain = "KurogonoNekoTama7" // hydra writes blanks its own way
		s := open(t, url, plain)
		list := filepath.Join(t.TempDir(), "list")
		words := ""
		for i := range pick(60, 10000) {
			words += fmt.Sprintf("AGuessOfMany%d\n", i)
		}
		write(t, list, words+plain+"\n")
		// It would see a right password: else finding none says nothing.
		short := filepath.Join(t.TempDir(), "right")
		write(t, short, plain+"\n")
		if text := s.hydra(hydra, short); !strings.Contains(text, "1 valid password") {
			t.Fatalf("hydra does not find the right password alone:\n%s", text)
		}
		text := s.hydra(hydra, list)
		if !strings.Contains(text, "0 valid password") {
			t.Errorf("hydra says:\n%s", text)
		}
		n := s.judged()
		if n < 5 || n > 12 {
			t.Errorf("%d of its guesses were judged", n)
		}
		if !s.owned(0) {
			t.Error("the owner did not get in")
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		t.Logf("%d judged; hydra: %s", n, lines[len(lines)-1])
	})
}

// hydra runs the program with a list of passwords. It fetches no form field, so
// it speaks to the API.
func (s *street) hydra(path, list string) string {
	s.t.Helper()
	host, port, _ := strings.Cut(s.nodes[0].Addr, ":")
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Duration(pick(2, 20))*time.Minute)
	defer cancel()
	form := `/api/v1/sign-ins:{"email"\:"` + owner + `","password"\:"^PASS^"}:H=Content-Type\: application/json:S=expires_at`
	out, err := exec.CommandContext(ctx, path, "-I", "-l", owner, "-P", list, "-t", "16", "-s", port, host, "http-post-form", form).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "valid password") {
		s.t.Fatalf("hydra: %v\n%s", err, out)
	}
	return string(out)
}
