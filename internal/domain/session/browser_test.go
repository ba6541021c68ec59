package session

import (
	"context"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
)

// TestKnownBrowsers: known to one account, by a sealed cookie and a row that
// lives; ended with the sessions on a reset or a freeze (SE4).
func TestKnownBrowsers(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		mine, theirs := s.member("a@example.jp"), s.member("b@example.jp")
		remember := func(acc, email string) (out Known) {
			t.Helper()
			var text string
			s.must(func(ctx context.Context, tx *db.Tx) (err error) {
				text, err = s.Remember(ctx, tx, acc, email, "Firefox")
				return err
			})
			out, ok := s.ReadKnown(text)
			if !ok || out.Account != acc || out.Address != email {
				t.Fatalf("%+v, %v", out, ok)
			}
			return out
		}
		known := func(k Known, acc string) (ok bool) {
			t.Helper()
			s.must(func(ctx context.Context, tx *db.Tx) (err error) {
				ok, err = s.IsKnown(ctx, tx, k, acc)
				return err
			})
			return ok
		}
		a, b, other := remember(mine, "a@example.jp"), remember(mine, "a@example.jp"), remember(theirs, "b@example.jp")
		if !known(a, mine) || !known(b, mine) || !known(other, theirs) {
			t.Error("a browser is not known to its account")
		}
		if known(a, theirs) || known(other, mine) || known(Known{Account: mine}, mine) || known(Known{Account: mine, Secret: "guess"}, mine) {
			t.Error("a browser is known to another account, or without its secret")
		}
		s.must(func(ctx context.Context, tx *db.Tx) error { return s.ForgetBrowsers(ctx, tx, mine, a.Secret) })
		if !known(a, mine) || known(b, mine) || !known(other, theirs) {
			t.Error("all but one of the account's were to be forgotten")
		}
		s.must(func(ctx context.Context, tx *db.Tx) error { return s.ForgetBrowsers(ctx, tx, mine, "") })
		if known(a, mine) || !known(other, theirs) {
			t.Error("all of the account's were to be forgotten")
		}
	})
}

// TestForgedCookiesAreNotRead: cut, foreign, of another use, not sealed at all.
func TestForgedCookiesAreNotRead(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		good, err := s.SealKnown(Known{"acc", "secret", "a@example.jp"})
		if err != nil {
			t.Fatal(err)
		}
		if k, ok := s.ReadKnown(good); !ok || k.Secret != "secret" {
			t.Fatalf("%+v, %v", k, ok)
		}
		foreign, err := token.Parse([]byte(token.NewLine("a")))
		if err != nil {
			t.Fatal(err)
		}
		raw := []byte(`{"a":"acc","s":"secret","m":"a@example.jp"}`)
		for what, text := range map[string]string{
			"empty": "", "cut": good[:len(good)-4], "clear": string(raw), "another house's": foreign.SealText("known browser", raw),
			"another use's": s.Keys.SealText("form", raw), "not JSON": s.Keys.SealText("known browser", []byte("x")), "doubled": good + good,
		} {
			if k, ok := s.ReadKnown(text); ok || k != (Known{}) {
				t.Errorf("%s: %+v", what, k)
			}
		}
	})
}

// TestOpen starts a session and makes the browser known unless it is.
func TestOpen(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("a@example.jp")
		for _, known := range []bool{false, true} {
			var o Opened
			s.must(func(ctx context.Context, tx *db.Tx) (err error) {
				o, err = s.Open(ctx, tx, acc, "a@example.jp", Where{Label: "x"}, known)
				return err
			})
			if got := s.alive(s.Desk, o.Secret, "opened"); got.ID != o.Session || got.Account != acc || (o.Known == "") != known {
				t.Errorf("known %v: %+v, %+v", known, o, got)
			}
		}
	})
}
