package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/recovery"
	flow "github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/surface/web"
)

type recoveryRequest struct {
	Email string `json:"email"`
	Human string `json:"human,omitempty" doc:"The pass of a solved puzzle for the action recovery."`
}

type newPasswordRequest struct {
	Code        string `json:"code" doc:"From the mail. Blanks, hyphens and full-width digits are understood."`
	NewPassword string `json:"new_password"`
}

type recovered struct {
	HoldUntil time.Time `json:"hold_until" doc:"Until then applications see a hold on the account."`
}

func (a *API) recoveries() {
	register(a, huma.Operation{OperationID: "recover", Method: http.MethodPost, Path: Prefix + "recoveries",
		DefaultStatus: http.StatusAccepted, Tags: []string{"recovery"}, Summary: "Mail a code for a new password",
		Description: "The answer is the same whether the address has an account or not; the box is told."}, a.postRecovery)
	register(a, huma.Operation{OperationID: "resend-recovery", Method: http.MethodPost, Path: Prefix + "recoveries/{id}/resend",
		DefaultStatus: http.StatusAccepted, Tags: []string{"recovery"}, Summary: "Mail the same code again"}, a.postRecoveryResend)
	register(a, huma.Operation{OperationID: "confirm-recovery", Method: http.MethodPost, Path: Prefix + "recoveries/{id}/confirm",
		Tags: []string{"recovery"}, Summary: "Set the new password",
		Description: "Ends every session and signs nobody in. A refused password does not spend the code."}, a.postRecoveryConfirm)
}

func (a *API) postRecovery(c *call, in *onceBody[recoveryRequest]) (waiting, error) {
	ask := a.recoverAsk(c)
	ask.Email, ask.Human, ask.Once = in.Body.Email, in.Body.Human, a.once(c, in.Repeat)
	w, err := a.Recovery.Ask(c.r.Context(), ask)
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

// recoverAsk is what every call tells of its caller.
func (a *API) recoverAsk(c *call) flow.Ask {
	return flow.Ask{Locale: c.lang, Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r), Known: a.Kit.Cookie(c.r, web.KnownCookie)}
}

func (a *API) postRecoveryResend(c *call, in *optionalBody) (waiting, error) {
	ask := a.recoverAsk(c)
	ask.Human = in.human()
	w, err := a.Recovery.Resend(c.r.Context(), in.id(), ask)
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

func (a *API) postRecoveryConfirm(c *call, in *oncePathBody[newPasswordRequest]) (recovered, error) {
	code, err := readCode(in.Body.Code, recovery.CodeDigits)
	if err != nil {
		return recovered{}, err
	}
	d, err := a.Recovery.Confirm(c.r.Context(), in.id(), a.Kit.Browser(c.r), code, in.Body.NewPassword,
		a.once(c, in.Repeat), a.Kit.Where(c.r))
	return recovered{d.HoldUntil}, named(err, "password", "new_password")
}
