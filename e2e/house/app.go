package house

import (
	"context"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
)

// App is somebody's authenticator app.
type App struct {
	t      testing.TB
	secret string
	Codes  []string // recovery codes
}

// Enrol sets up an app and recovery codes for an account, the short way, and
// moves the clock past the code that this took.
func (h *House) Enrol(t testing.TB, acc account.ID) *App {
	t.Helper()
	a := &App{t: t}
	ctx := context.Background()
	err := h.DB.Tx(ctx, func(tx *db.Tx) error {
		e, err := h.Account.Factors.Enrol(ctx, tx, acc, "")
		if err != nil {
			return err
		}
		a.secret = e.Secret.Text()
		v, _, err := h.Account.Factors.Confirm(ctx, tx, acc, "", e.ID, a.Code(h.Clock.Now()))
		if err != nil || !v.Right {
			t.Fatalf("confirm an app: %+v, %v", v, err)
		}
		a.Codes, err = h.Account.Factors.NewRecoveryCodes(ctx, tx, acc)
		return err
	})
	check(t, err, "enrol an app")
	h.Clock.Advance(time.Minute)
	return a
}

// Code is what the app shows at a time.
func (a *App) Code(at time.Time) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.secret, at)
	check(a.t, err, "show a code")
	return code
}
