package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/surface/web"
)

type passwordRequest struct {
	OldPassword string `json:"old_password"`
	NewPassword string `json:"new_password"`
}

type changeRequest struct {
	Email    string `json:"email" doc:"The new address."`
	Password string `json:"password" doc:"The account's own: the fresh proof that a change of address needs."`
}

type renewed struct {
	Session issued `json:"session" doc:"The same session under a new token; the old one is dead."`
}

// changeDigits is the length of the code for a new address.
const changeDigits = 8

func (a *API) settingsRoutes() {
	register(a, huma.Operation{OperationID: "change-password", Method: http.MethodPost, Path: Prefix + "password",
		Tags: []string{"account"}, Summary: "Change the password", Security: signedInSecurity(),
		Description: "Ends every other session."}, a.postPassword)
	register(a, huma.Operation{OperationID: "change-address", Method: http.MethodPost, Path: Prefix + "address",
		DefaultStatus: http.StatusAccepted, Tags: []string{"account"}, Summary: "Mail a code to a new address", Security: signedInSecurity()}, a.postAddress)
	register(a, huma.Operation{OperationID: "confirm-address", Method: http.MethodPost, Path: Prefix + "address/{id}/confirm",
		Tags: []string{"account"}, Summary: "Make the new address the account's own", Security: signedInSecurity(),
		Description: "Ends every other session; the old box can undo it for 72 hours."}, a.postAddressConfirm)
}

func (a *API) postPassword(c *call, in *body[passwordRequest]) (renewed, error) {
	s, secret, err := a.signedIn(c.r)
	if err != nil {
		return renewed{}, err
	}
	secret, err = a.Settings.ChangePassword(c.r.Context(), s, secret, a.Kit.Cookie(c.r, web.KnownCookie), in.Body.OldPassword, in.Body.NewPassword, "")
	if err != nil {
		return renewed{}, named(err, "password", "new_password")
	}
	return renewed{a.rotated(c, s, secret)}, nil
}

func (a *API) postAddress(c *call, in *body[changeRequest]) (waiting, error) {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return waiting{}, err
	}
	w, err := a.Settings.AskChange(c.r.Context(), s, a.Kit.Cookie(c.r, web.KnownCookie), in.Body.Email, in.Body.Password, a.Kit.Browser(c.r), "")
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

func (a *API) postAddressConfirm(c *call, in *pathBody[codeRequest]) (renewed, error) {
	s, secret, err := a.signedIn(c.r)
	if err != nil {
		return renewed{}, err
	}
	code, err := readCode(in.Body.Code, changeDigits)
	if err != nil {
		return renewed{}, err
	}
	secret, err = a.Settings.ConfirmChange(c.r.Context(), s, secret, in.id(), code, "")
	if err != nil {
		return renewed{}, err
	}
	return renewed{a.rotated(c, s, secret)}, nil
}
