package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/fault"
)

type strengthRequest struct {
	Password string `json:"password"`
	Email    string `json:"email,omitempty" doc:"What an attacker would try first."`
}

type strengthAnswer struct {
	Level   int      `json:"level" minimum:"0" maximum:"4" doc:"0 worthless, 4 strong."`
	Warning string   `json:"warning" doc:"What makes it weak, in the caller's language; empty when nothing does."`
	Hints   []string `json:"hints" nullable:"false" doc:"What would help, best first."`
}

func (a *API) strength() {
	register(a, huma.Operation{OperationID: "password-strength", Method: http.MethodPost, Path: Prefix + "password-strength",
		MaxBodyBytes: strengthLimit, Tags: []string{"account"}, Summary: "How good a password is",
		Description: "Advice only; nothing is kept and nothing is logged of it."}, a.postStrength)
}

func (a *API) postStrength(c *call, in *body[strengthRequest]) (strengthAnswer, error) {
	personal := append([]string{in.Body.Email}, a.Policy.ServiceNames...)
	var score password.Score
	// It costs about as much as a hash, and anybody may ask: it takes its turn.
	err := a.Signup.Gate.Do(c.r.Context(), admit.Registration, func() error {
		score = password.Strength(in.Body.Password, personal)
		return nil
	})
	if err != nil {
		return strengthAnswer{}, err
	}
	out := strengthAnswer{Level: score.Level, Hints: []string{}}
	if score.WarningCode != "" {
		out.Warning = a.warning(c.lang, score.WarningCode)
	}
	for _, hint := range score.Hints {
		out.Hints = append(out.Hints, a.Catalog.T(c.lang, hint, nil))
	}
	// What will be refused whatever its length is worth nothing.
	err = a.Policy.Check(in.Body.Password, password.Context{Address: in.Body.Email})
	if e := fault.Of(err); err != nil && e.Kind == fault.Invalid && e.Code != password.CodeTooShort {
		out.Level, out.Warning = 0, a.words(c.lang, e).title
	}
	return out, nil
}

// warning gives the words of a score's warning: its own key, or a refusal's.
func (a *API) warning(lang, key string) string {
	if a.Catalog.Has(lang, key) {
		return a.Catalog.T(lang, key, nil)
	}
	return a.words(lang, fault.New(fault.Invalid, key)).title
}
