package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

type factorList struct {
	Factors       []enrolled    `json:"factors" nullable:"false"`
	RecoveryCodes recoveryCodes `json:"recovery_codes"`
}

type enrolled struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"totp"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
}

type recoveryCodes struct {
	Made   int        `json:"made"`
	Left   int        `json:"left"`
	MadeAt *time.Time `json:"made_at,omitempty"`
}

type enrolRequest struct {
	Kind string `json:"kind" enum:"totp"`
}

// enrolment is told once: nothing gives the secret a second time.
type enrolment struct {
	ID        string    `json:"id"`
	Secret    string    `json:"secret" doc:"The backup key: 32 characters of base32, told now and never again."`
	URI       string    `json:"otpauth_uri" doc:"For authenticator apps on the same device."`
	QR        string    `json:"qr_svg" doc:"The same as a picture."`
	ExpiresAt time.Time `json:"expires_at" doc:"Confirm it before, in the same session."`
}

// noFields is the body of a call that has nothing to say but its press.
type noFields struct{}

type madeCodes struct {
	Codes []string `json:"codes" nullable:"false" doc:"Told now and never again; those of the set before are void."`
}

func (a *API) factors() {
	tags, in := []string{"factors"}, signedInSecurity()
	register(a, huma.Operation{OperationID: "list-factors", Method: http.MethodGet, Path: Prefix + "factors",
		Tags: tags, Security: in, Summary: "What the person has besides the password"}, a.getFactors)
	register(a, huma.Operation{OperationID: "enrol-factor", Method: http.MethodPost, Path: Prefix + "factors", DefaultStatus: http.StatusCreated,
		Tags: tags, Security: in, Summary: "Begin to enrol an authenticator app",
		Description: "Needs a proof of identity of the last five minutes, by the second factor where there is one. An app that is enrolled goes on until this one is confirmed."}, a.postFactor)
	register(a, huma.Operation{OperationID: "confirm-factor", Method: http.MethodPost, Path: Prefix + "factors/{id}/confirm",
		Tags: tags, Security: in, Summary: "End an enrolment with a code of the new app",
		Description: "The app before it, and every other session, are over from then on."}, a.postFactorConfirm)
	register(a, huma.Operation{OperationID: "remove-factor", Method: http.MethodDelete, Path: Prefix + "factors/{id}",
		Tags: tags, Security: in, Summary: "Take an app away",
		Description: "Needs a fresh proof by the second factor; ends every other session and starts a hold."}, a.deleteFactor)
	register(a, huma.Operation{OperationID: "make-recovery-codes", Method: http.MethodPost, Path: Prefix + "factors/recovery-codes", DefaultStatus: http.StatusCreated,
		Tags: tags, Security: in, Summary: "Make a new set of recovery codes",
		Description: "Needs a fresh proof by the second factor. Each code stands in for it once."}, a.postRecoveryCodes)
}

func (a *API) getFactors(c *call, _ *noInput) (factorList, error) {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return factorList{}, err
	}
	all, err := a.Settings.LookFactors(c.r.Context(), s)
	out := factorList{Factors: []enrolled{}, RecoveryCodes: recoveryCodes{Made: all.Codes.Made, Left: all.Codes.Fresh}}
	for _, one := range all.Apps {
		out.Factors = append(out.Factors, enrolled{one.ID, factor.ByApp, one.ConfirmedAt, one.UsedAt})
	}
	if all.Codes.Made > 0 {
		out.RecoveryCodes.MadeAt = &all.Codes.MadeAt
	}
	return out, err
}

func (a *API) postFactor(c *call, _ *body[enrolRequest]) (enrolment, error) {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return enrolment{}, err
	}
	e, err := a.Settings.EnrolApp(c.r.Context(), s)
	if err != nil {
		return enrolment{}, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	uri := e.Secret.URI(a.Post.House.Issuer(), s.Address)
	picture, err := web.QR(uri)
	return enrolment{e.ID, e.Secret.Text(), uri, picture, e.Until}, err
}

func (a *API) postFactorConfirm(c *call, in *oncePathBody[codeRequest]) (renewed, error) {
	s, secret, err := a.signedIn(c.r)
	if err != nil {
		return renewed{}, err
	}
	code, err := readCode(in.Body.Code, factor.Digits)
	if err != nil {
		return renewed{}, err
	}
	out, err := a.Settings.ConfirmApp(c.r.Context(), s, secret, in.id(), code, a.once(c, in.Repeat))
	if err != nil {
		return renewed{}, err
	}
	if !out.Verdict.Right {
		return renewed{}, fault.Field("code", out.Verdict.Finding, factor.Args(out.Verdict.Behind)).Offer("retry")
	}
	return renewed{a.rotated(c, s, out.Secret)}, nil
}

func (a *API) deleteFactor(c *call, in *Path) (renewed, error) {
	s, secret, err := a.signedIn(c.r)
	if err != nil {
		return renewed{}, err
	}
	secret, err = a.Settings.RemoveApp(c.r.Context(), s, secret, in.id(), "")
	if err != nil {
		return renewed{}, err
	}
	return renewed{a.rotated(c, s, secret)}, nil
}

func (a *API) postRecoveryCodes(c *call, in *onceBody[noFields]) (madeCodes, error) {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return madeCodes{}, err
	}
	codes, err := a.Settings.MakeCodes(c.r.Context(), s, a.once(c, in.Repeat))
	if err != nil {
		return madeCodes{}, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return madeCodes{codes}, nil
}
