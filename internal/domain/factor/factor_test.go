package factor

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var ctx = context.Background()

// set is an account with an app.
type set struct {
	t      *testing.T
	d      *db.DB
	clock  *testkit.Clock
	desk   *Desk
	acc    account.ID
	app    string
	secret Secret

	stranger bool // judges as a browser that the account does not know
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		clock := testkit.NewClock()
		d, err := db.Open(ctx, url, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		keys, err := token.Parse([]byte(token.NewLine("a")))
		if err != nil {
			t.Fatal(err)
		}
		s := &set{t: t, d: d, clock: clock, desk: &Desk{Keys: keys}}
		s.acc = s.account()
		s.app, s.secret = s.enrol(s.acc)
		clock.Advance(10 * time.Minute) // the code that enrolled is long past
		f(t, s)
	})
}

func (s *set) must(f func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.d.Tx(ctx, f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *set) account() (id account.ID) {
	s.t.Helper()
	book := account.Book{Keys: s.desk.Keys}
	a, err := account.ParseAddress(token.NewID() + "@example.jp")
	if err != nil {
		s.t.Fatal(err)
	}
	id = token.NewID()
	s.must(func(tx *db.Tx) error {
		_, err := book.Create(ctx, tx, id, a, "ja")
		return err
	})
	return id
}

func (s *set) enrol(acc account.ID) (id string, secret Secret) {
	s.t.Helper()
	s.must(func(tx *db.Tx) error {
		e, err := s.desk.Enrol(ctx, tx, acc, "session")
		if err != nil {
			return err
		}
		id, secret = e.ID, e.Secret
		v, _, err := s.desk.Confirm(ctx, tx, acc, "session", e.ID, secret.at(stepOf(tx.Time())))
		if err == nil && !v.Right {
			err = fmt.Errorf("enrolment: %+v", v)
		}
		return err
	})
	return id, secret
}

// code is what the app shows off steps from now.
func (s *set) code(off int64) string { return s.secret.at(stepOf(s.clock.Now()) + off) }

func (s *set) judge(challenge, code string) (v Verdict, err error) {
	err = s.d.Tx(ctx, func(tx *db.Tx) (err error) {
		v, err = s.desk.Judge(ctx, tx, s.acc, Ask{challenge, !s.stranger}, code)
		return err
	})
	return v, err
}

func (s *set) want(challenge, code string, right bool, finding string) Verdict {
	s.t.Helper()
	v, err := s.judge(challenge, code)
	if err != nil || v.Right != right || v.Finding != finding {
		s.t.Errorf("%s: %+v, %v; want %v %q", code, v, err, right, finding)
	}
	return v
}

// TestVectors of RFC 6238, appendix B, SHA-1, cut to six digits.
func TestVectors(t *testing.T) {
	t.Parallel()
	s := Secret("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := s.at(stepOf(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestSecretIsWritten(t *testing.T) {
	t.Parallel()
	s := newSecret()
	back, err := base32.StdEncoding.DecodeString(s.Text())
	if err != nil || string(back) != string(s) || len(s) != 20 {
		t.Errorf("%q, %v: not 160 bits of base32", s.Text(), err)
	}
	if g := s.Grouped(); strings.ReplaceAll(g, " ", "") != s.Text() || len(strings.Fields(g)) != 8 {
		t.Errorf("grouped: %q", g)
	}
	u, err := url.Parse(s.URI("玄関 Exchange", "taro+1@example.jp"))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/玄関 Exchange:taro+1@example.jp" {
		t.Errorf("%v, %v", u, err)
	}
	if q := u.Query(); q.Get("secret") != s.Text() || q.Get("issuer") != "玄関 Exchange" || q.Get("digits") != "6" || q.Get("period") != "30" || q.Get("algorithm") != "SHA1" {
		t.Errorf("%v", q)
	}
}

// TestWindow: TO2. Each step from 20 before to 20 after, each judged in an account
// of its own; no coming step has any hint.
func TestWindow(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for off := int64(-25); off <= 20; off++ {
			s.acc = s.account()
			s.app, s.secret = s.enrol(s.acc)
			s.clock.Advance(20 * time.Minute)
			v, err := s.judge("c", s.code(off))
			want := Verdict{Finding: Typo, Misses: 1}
			switch {
			case off >= -1 && off <= 1:
				want = Verdict{Right: true}
			case off == -2:
				want = Verdict{Finding: Expired, Misses: 1}
			case off < 0 && off >= -20:
				want = Verdict{Finding: Clock, Behind: time.Duration(-off) * Step, Misses: 1}
			}
			if err != nil || v != want {
				t.Errorf("%d steps off: %+v, %v; want %+v", off, v, err, want)
			}
		}
	})
}

// TestAStepIsGoodOnce: TO3. However many come at once, and however it is spelled.
func TestAStepIsGoodOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		rounds := 15
		if testing.Short() {
			rounds = 3
		}
		for round := range rounds {
			code := s.code(0)
			var right, used atomic.Int32
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range 8 {
				all.Go(func() {
					<-start
					v, err := s.judge(fmt.Sprint(round, i), code)
					switch {
					case err == nil && v.Right:
						right.Add(1)
					case err == nil && v.Finding == Used:
						used.Add(1)
					default:
						t.Errorf("%+v, %v", v, err)
					}
				})
			}
			close(start)
			all.Wait()
			if right.Load() != 1 || used.Load() != 7 {
				t.Errorf("%d were right and %d used; want 1 and 7", right.Load(), used.Load())
			}
			s.clock.Advance(25 * time.Hour) // the misses of the race are forgotten
		}
		code := s.code(0)
		for _, other := range []string{" " + code, code + " ", "+" + code[1:], code[:3] + " " + code[3:], code[:5], code + "0", "１２３４５６", "12345a", "", strings.Repeat("1", 1000)} {
			s.want("spelled", other, false, Format)
		}
		s.want("spelled", code, true, "")
		s.want("spelled", code, false, Used)
		s.want("spelled", s.code(-1), false, Used) // an older one than the last
	})
}

// TestWrongCodesEnd: TH4. Sixty-four fresh sessions at once and any number of
// guesses: ten an hour are judged, twenty a day, five a challenge.
func TestWrongCodesEnd(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		guess := func(sessions, each int) int {
			var judged atomic.Int32
			var all sync.WaitGroup
			for i := range sessions {
				all.Go(func() {
					name := token.NewID()
					for range each {
						v, err := s.judge(name, "000000")
						if err == nil && (v.Misses > 0 || v.Right) {
							judged.Add(1)
						} else if fault.Of(err).Kind != fault.TooMany {
							t.Errorf("session %d: %+v, %v", i, v, err)
						}
					}
				})
			}
			all.Wait()
			return int(judged.Load())
		}
		for s.code(0) == "000000" || s.code(1) == "000000" || s.code(-1) == "000000" {
			s.clock.Advance(time.Minute)
		}
		if n := guess(64, 3); n != 10 {
			t.Errorf("%d wrong codes were judged at once; want 10", n)
		}
		if _, err := s.judge("the owner", s.code(0)); fault.Of(err).Kind != fault.TooMany || fault.Of(err).RetryAfter <= 0 || fault.Of(err).RetryAfter > time.Hour {
			t.Errorf("beyond ten: %v, after %v", err, fault.Of(err).RetryAfter)
		}
		s.clock.Advance(time.Hour)
		if n := guess(4, 4); n != 10 {
			t.Errorf("an hour later %d; want 10", n)
		}
		for range 22 {
			s.clock.Advance(time.Hour)
			if n := guess(1, 2); n != 0 {
				t.Fatalf("%d judged beyond twenty a day", n)
			}
		}
		s.clock.Advance(time.Hour)
		if n := guess(1, 7); n != 5 {
			t.Errorf("a day after the first ten, one challenge has %d; want 5", n)
		}
		s.want("a new one", s.code(0), true, "")
	})
}

// TestTheOwnerIsTold at the fifth wrong code, once.
func TestTheOwnerIsTold(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		told := []int{}
		for i := range 8 { // a new session does not reset it
			if v := s.want(fmt.Sprint("session ", i/4), s.wrong(), false, Typo); v.Tell {
				told = append(told, i+1)
			}
		}
		if fmt.Sprint(told) != "[5]" {
			t.Errorf("told at %v; want at 5", told)
		}
	})
}

// TestStrangersLeaveTheOwnerTries: TH5. Whoever has the password and guesses all
// day does not shut out the browser that the account knows.
func TestStrangersLeaveTheOwnerTries(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.stranger = true
		judged := 0
		for i := range 60 {
			if i%5 == 0 {
				s.clock.Advance(30 * time.Minute)
			}
			if _, err := s.judge(fmt.Sprint(i/5), s.wrong()); err == nil {
				judged++
			}
		}
		if judged != 15 {
			t.Errorf("a stranger's codes were judged %d times; want 15", judged)
		}
		if _, err := s.judge("a stranger", s.code(0)); fault.Of(err).Kind != fault.TooMany {
			t.Errorf("a stranger's right code: %v", err)
		}
		s.stranger = false
		s.want("the owner", s.code(0), true, "")
	})
}

// TestEdgesDoNotCreep: codes of the window's edge do not move the window.
func TestEdgesDoNotCreep(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for range 3 {
			s.want("c", s.code(-1), true, "")
			s.clock.Advance(2 * Step)
		}
		s.want("c", s.code(-2), false, Expired)
	})
}

// wrong is a code that fits no step near.
func (s *set) wrong() string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if _, ok := s.secret.find(code, stepOf(s.clock.Now())); !ok {
			return code
		}
	}
}

// TestTwoCodesMendASlowClock: the second code in a row of a phone that is behind
// is taken, and its codes go on being taken; two old codes at once are not.
func TestTwoCodesMendASlowClock(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		if v := s.want("c", s.code(-6), false, Clock); v.Behind != 3*time.Minute {
			t.Errorf("behind %v; want 3 min", v.Behind)
		}
		s.want("c", s.code(-5), false, Clock) // at the same moment: somebody has a list
		s.clock.Advance(Step)
		s.want("c", s.code(-8), false, Used) // spent, as it is before the last
		s.clock.Advance(Step)
		s.want("c", s.code(-6), true, "")
		s.clock.Advance(2 * Step)
		s.want("d", s.code(-6), true, "")
		s.clock.Advance(2 * Step)
		s.want("d", s.code(-7), true, "") // it drifts on, as far as ten steps
		s.clock.Advance(2 * Step)
		s.want("d", s.code(0), true, "") // the person set the clock
		s.clock.Advance(9 * Step)
		s.want("d", s.code(-7), false, Clock) // and it is not followed any more
	})
}

// TestFarClocksAreOnlyTold: a code that is older than five minutes never opens.
func TestFarClocksAreOnlyTold(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for range 4 {
			s.want("c", s.code(-11), false, Clock)
			s.clock.Advance(Step)
		}
	})
}

// TestEnrolmentEndsWithACode: TO1. Nothing changes until the new app showed a
// right one, and then the old app is over at once (TO4).
func TestEnrolmentEndsWithACode(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var e Enrolment
		s.must(func(tx *db.Tx) (err error) {
			e, err = s.desk.Enrol(ctx, tx, s.acc, "session")
			return err
		})
		confirm := func(acc account.ID, id, code string) (v Verdict, replaced bool, err error) {
			err = s.d.Tx(ctx, func(tx *db.Tx) (err error) {
				v, replaced, err = s.desk.Confirm(ctx, tx, acc, "session", id, code)
				return err
			})
			return v, replaced, err
		}
		now := stepOf(s.clock.Now())
		if v, _, err := confirm(s.acc, e.ID, s.code(0)); err != nil || v.Right || v.Finding != Typo {
			t.Errorf("the old app's code: %+v, %v", v, err)
		}
		s.want("c", s.code(0), true, "") // the old app goes on
		if _, _, err := confirm(s.account(), e.ID, e.Secret.at(now)); !errors.Is(err, ErrNone) {
			t.Errorf("another account: %v", err)
		}
		if v, _, err := confirm(s.acc, e.ID, e.Secret.at(now-5)); err != nil || v.Finding != Clock {
			t.Errorf("a slow phone: %+v, %v", v, err)
		}
		v, replaced, err := confirm(s.acc, e.ID, e.Secret.at(now))
		if err != nil || !v.Right || !replaced {
			t.Fatalf("%+v, %v, %v", v, replaced, err)
		}
		if _, _, err := confirm(s.acc, e.ID, e.Secret.at(now+1)); !errors.Is(err, ErrNone) {
			t.Errorf("confirmed twice: %v", err)
		}
		s.clock.Advance(Step)
		s.want("c", s.code(0), false, Old)
		s.secret = e.Secret
		s.want("c", e.Secret.at(now), false, Used) // the code that enrolled it
		s.want("c", s.code(0), true, "")
		if apps, err := s.desk.Apps(ctx, s.d.Reader(), s.acc); err != nil || len(apps) != 1 || apps[0].ID != e.ID {
			t.Errorf("%+v, %v", apps, err)
		}
		s.must(func(tx *db.Tx) error { return s.desk.Remove(ctx, tx, s.acc, e.ID) })
		if _, err := s.judge("c", s.code(1)); !errors.Is(err, ErrNone) {
			t.Errorf("removed: %v", err)
		}
		s.must(func(tx *db.Tx) (err error) {
			e, err = s.desk.Enrol(ctx, tx, s.acc, "session")
			return err
		})
		s.clock.Advance(pendingLife + time.Second)
		if _, _, err := confirm(s.acc, e.ID, e.Secret.at(stepOf(s.clock.Now()))); !errors.Is(err, ErrNone) {
			t.Errorf("half an hour later: %v", err)
		}
	})
}

// TestSecretsAreBoundToTheirAccount: TO1. Rows whose boxes were swapped open
// nothing.
func TestSecretsAreBoundToTheirAccount(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		other := s.account()
		s.enrol(other)
		s.must(func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE factor SET secret_sealed = (SELECT f.secret_sealed FROM factor f WHERE f.account_id = $1) WHERE account_id = $2`, other, s.acc)
			return err
		})
		if v, err := s.judge("c", s.code(0)); err == nil {
			t.Errorf("another account's box was opened: %+v", v)
		}
	})
}

// TestRecoveryCodes: RC1, RC2. Each is good once, however it is typed; a new set
// voids the old; wrong ones count with all other codes.
func TestRecoveryCodes(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		fresh := func() (codes []string) {
			s.must(func(tx *db.Tx) (err error) {
				codes, err = s.desk.NewRecoveryCodes(ctx, tx, s.acc)
				return err
			})
			return codes
		}
		use := func(challenge, typed string) (v Verdict, err error) {
			err = s.d.Tx(ctx, func(tx *db.Tx) (err error) {
				v, err = s.desk.UseRecoveryCode(ctx, tx, s.acc, Ask{challenge, true}, typed)
				return err
			})
			return v, err
		}
		old := fresh()
		codes := fresh()
		if len(codes) != 10 || len(codes[0]) != 19 {
			t.Fatalf("%q", codes)
		}
		if v, err := use("c", old[0]); err != nil || v.Right || v.Misses != 1 {
			t.Errorf("of the set before: %+v, %v", v, err)
		}
		var right atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if v, err := use(fmt.Sprint(i), codes[0]); err == nil && v.Right {
					right.Add(1)
				}
			})
		}
		all.Wait()
		if right.Load() != 1 {
			t.Errorf("one code let in %d", right.Load())
		}
		s.clock.Advance(25 * time.Hour)
		wide := strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f && r != '-' {
				return r + 0xfee0
			}
			return r
		}, strings.ToLower(codes[1]))
		for typed, want := range map[string]bool{wide: true, strings.ReplaceAll(codes[2], "-", " "): true,
			strings.NewReplacer("0", "o", "1", "l").Replace(codes[3]): true, codes[4][:15]: false, strings.Repeat("0", 1000): false, "": false} {
			if v, err := use("d", typed); err != nil || v.Right != want || !want && v.Finding != WrongRecovery {
				t.Errorf("%.30q: %+v, %v; want %v", typed, v, err, want)
			}
		}
		if c, err := s.desk.Codes(ctx, s.d.Reader(), s.acc); err != nil || c.Made != 10 || c.Fresh != 6 {
			t.Errorf("%+v, %v", c, err)
		}
		if v, err := use("d", codes[1]); err != nil || v.Right {
			t.Errorf("used before: %+v, %v", v, err)
		}
	})
}

// TestNothingIsPlain: a copied database holds neither secret nor code (RC1, KY1).
func TestNothingIsPlain(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var sealed []byte
		if err := s.d.Reader().QueryRowContext(ctx, `SELECT secret_sealed FROM factor WHERE id = $1`, s.app).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(sealed), string(s.secret)) || strings.Contains(string(sealed), s.secret.Text()) {
			t.Error("the secret lies open")
		}
	})
}

// TestSweepForgets wrong codes after a day, enrolments after half an hour, and
// nothing that is in use.
func TestSweepForgets(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.want("c", s.wrong(), false, Typo)
		s.must(func(tx *db.Tx) error { _, err := s.desk.Enrol(ctx, tx, s.acc, "session"); return err })
		s.clock.Advance(25 * time.Hour)
		s.must(func(tx *db.Tx) error { _, err := Sweep(ctx, tx, 10); return err })
		for table, want := range map[string]int{"factor_miss": 0, "factor": 1} {
			n := 0
			if err := s.d.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d rows, %v; want %d", table, n, err, want)
			}
		}
		s.want("d", s.code(0), true, "")
	})
}
