package security_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

// The verdict of EN2: the median difference lies within a millisecond with 95 %
// confidence, and the signed ranks show no shift.
const (
	bearable = time.Millisecond
	mostZ    = 3.3
)

// timings are the differences of pairs: known less unknown.
type timings []time.Duration

// interval is the 95 % interval of the median, by order statistics.
func (d timings) interval() (low, high time.Duration) {
	s := slices.Clone(d)
	slices.Sort(s)
	half := 1.96 * math.Sqrt(float64(len(s))) / 2
	mid := float64(len(s)) / 2
	return s[int(math.Floor(mid-half))], s[int(math.Ceil(mid+half))]
}

// z is Wilcoxon's signed-rank statistic, normally distributed for so many pairs.
func (d timings) z() float64 {
	s := slices.DeleteFunc(slices.Clone(d), func(v time.Duration) bool { return v == 0 })
	slices.SortFunc(s, func(a, b time.Duration) int { return int(a.Abs() - b.Abs()) })
	plus := 0.0
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j].Abs() == s[i].Abs() {
			j++
		}
		for k := i; k < j; k++ {
			if s[k] > 0 {
				plus += float64(i+j+1) / 2 // ties share their ranks
			}
		}
		i = j
	}
	n := float64(len(s))
	return (plus - n*(n+1)/4) / math.Sqrt(n*(n+1)*(2*n+1)/24)
}

// told judges and reports; it is true when the pairs tell known from unknown.
func (d timings) told(t *testing.T, name string) bool {
	t.Helper()
	low, high := d.interval()
	t.Logf("%s: %d pairs, median difference %v to %v (95 %%), signed-rank z %.2f", name, len(d), low, high, d.z())
	return low < -bearable || high > bearable || math.Abs(d.z()) >= mostZ
}

// crowd makes n accounts in one transaction and gives their addresses.
func crowd(t *testing.T, h *house.House, name string, n int, state account.State) []string {
	t.Helper()
	ctx := context.Background()
	hash, err := h.Hasher.Hash(goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, n)
	err = h.DB.Tx(ctx, func(tx *db.Tx) error {
		for i := range out {
			out[i] = fmt.Sprintf("k%s%04d@example.org", name, i)
			id := token.NewID()
			if made, err := h.Book.Create(ctx, tx, id, parse(t, out[i]), "en"); err != nil || !made {
				return fmt.Errorf("make %d: %v, %w", i, made, err)
			}
			if err := password.Create(ctx, tx, id, hash); err != nil {
				return err
			}
			if state == account.Frozen {
				acc, err := h.Book.ByID(ctx, tx, id)
				if err != nil {
					return err
				}
				if _, err := h.Book.Move(ctx, tx, acc, account.Freeze); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// calls are what is timed, by the call's name.
var calls = map[string]func(email string) *http.Request{
	"sign in": func(email string) *http.Request {
		return jsonCall("/api/v1/sign-ins", `{"email":"`+email+`","password":"`+nextPassword+`"}`)
	},
	"recover": func(email string) *http.Request { return jsonCall("/api/v1/recoveries", `{"email":"`+email+`"}`) },
	"register": func(email string) *http.Request {
		return jsonCall("/api/v1/registrations", `{"email":"`+email+`","password":"`+thirdPassword+`"}`)
	},
}

func jsonCall(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/json")
	// A fresh source address each.
	r.RemoteAddr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(rand.IntN(256)), byte(rand.IntN(256)), byte(1 + rand.IntN(250))}), 4000).String()
	return r
}

// measure times shuffled pairs in process, without a network.
func measure(t *testing.T, to http.Handler, call func(string) *http.Request, known []string) timings {
	t.Helper()
	once := func(email string) time.Duration {
		r, w := call(email), httptest.NewRecorder()
		began := time.Now()
		to.ServeHTTP(w, r)
		took := time.Since(began)
		if w.Code != http.StatusOK && w.Code != http.StatusAccepted {
			t.Fatalf("a call gave %d: %.200s", w.Code, w.Body)
		}
		return took
	}
	for i := range 50 { // warm
		once(fmt.Sprintf("warm%s%d@example.org", known[0][:4], i))
	}
	// In the order they were made, known rows would lie side by side.
	rand.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	out := make(timings, 0, len(known))
	for _, email := range known {
		unknown := "u" + email[1:]
		if rand.IntN(2) == 0 {
			a := once(email)
			out = append(out, a-once(unknown))
		} else {
			b := once(unknown)
			out = append(out, once(email)-b)
		}
	}
	return out
}

// leak answers known addresses later, as a defect would.
type leak struct {
	next  http.Handler
	known map[string]bool
	late  time.Duration
}

func (l leak) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	address := regexpEmail.FindStringSubmatch(body.String())
	r.Body = http.NoBody
	again := r.Clone(r.Context())
	again.Body = readCloser{bytes.NewReader(body.Bytes())}
	if l.known[address[1]] {
		for began := time.Now(); time.Since(began) < l.late; {
		}
	}
	l.next.ServeHTTP(w, again)
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// TestTimeTellsNothing: EN2. Known and unknown addresses take equally long, in
// sign-in, recovery and registration, for active and for frozen accounts, with
// mail that flows and mail that hangs; a planted leak of 1 ms is caught, or the
// run is void.
func TestTimeTellsNothing(t *testing.T) {
	testkit.Long(t)
	pairs := 2000
	if testing.Short() {
		pairs = 400
	}
	// Not parallel: nothing else may make noise.
	for _, engine := range []struct {
		name string
		open func(testing.TB, testkit.Migrate) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		t.Run(engine.name, func(t *testing.T) {
			h := house.Open(t, engine.open(t, db.MigrateURL), house.Options{})
			round := 0
			run := func(t *testing.T, what, name string, n int, state account.State) {
				t.Helper()
				round++
				known := crowd(t, h, fmt.Sprintf("%02d", round), n, state)
				if measure(t, h.Doors, calls[name], known).told(t, what) {
					t.Errorf("%s tells known from unknown addresses", what)
				}
			}
			for _, name := range []string{"sign in", "recover", "register"} {
				run(t, name, name, pairs, account.Active)
			}
			run(t, "sign in, frozen", "sign in", pairs, account.Frozen)
			t.Run("planted leak", func(t *testing.T) {
				for _, name := range []string{"sign in", "recover", "register"} {
					round++
					l := leak{h.Doors, map[string]bool{}, time.Millisecond}
					known := crowd(t, h, fmt.Sprintf("%02d", round), pairs/4, account.Active)
					for _, email := range known {
						l.known[email] = true
					}
					if !measure(t, l, calls[name], known).told(t, name+" with a leak of 1 ms") {
						t.Errorf("a leak of 1 ms in %s is not seen: this run proves nothing", name)
					}
				}
			})
			t.Run("mail that hangs", func(t *testing.T) {
				hang := make(chan struct{})
				t.Cleanup(func() { close(hang) })
				h.Mail.Refuse(func(mail.Message) error { <-hang; return nil })
				run(t, "recover, mail hangs", "recover", pairs, account.Active)
				run(t, "register, mail hangs", "register", pairs, account.Active)
			})
		})
	}
	t.Run("real costs", func(t *testing.T) {
		h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Costly: true})
		known := crowd(t, h, "rc", pairs, account.Active)
		if measure(t, h.Doors, calls["sign in"], known).told(t, "sign in, real costs") {
			t.Error("sign in with real costs tells known from unknown addresses")
		}
		known = crowd(t, h, "rd", pairs/4, account.Active)
		l := leak{h.Doors, map[string]bool{}, time.Millisecond}
		for _, email := range known {
			l.known[email] = true
		}
		if !measure(t, l, calls["sign in"], known).told(t, "sign in, real costs, with a leak of 1 ms") {
			t.Error("a leak of 1 ms is not seen: this run proves nothing")
		}
	})
}

// TestStatisticsSeeAShift holds the verdict itself to account: noise alone is
// passed, a small steady shift is not.
func TestStatisticsSeeAShift(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	noise := func(shift time.Duration) timings {
		d := make(timings, 2000)
		for i := range d {
			d[i] = shift + time.Duration(draw.NormFloat64()*float64(300*time.Microsecond))
		}
		return d
	}
	if noise(0).told(t, "noise") {
		t.Error("noise alone is called a leak")
	}
	if !noise(50*time.Microsecond).told(t, "a shift of 50 µs") {
		t.Error("a shift of 50 µs is passed")
	}
	if !noise(-time.Millisecond).told(t, "a shift of -1 ms") {
		t.Error("a shift of -1 ms is passed")
	}
}
