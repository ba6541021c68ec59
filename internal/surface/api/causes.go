package api

import (
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/platform/fault"
)

// cause is what the house can say of a cause to anybody.
type cause struct {
	Code   string   `json:"code"`
	Title  string   `json:"title" doc:"What it is, in the caller's language."`
	Detail string   `json:"detail,omitempty" doc:"Why, in the caller's language."`
	Next   []string `json:"next" nullable:"false" doc:"What to do, in the caller's language."`
}

// causeID is the form of a cause's id; nothing else is looked up or repeated.
var causeID = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+){0,7}$`)

func (a *API) causes() {
	register(a, huma.Operation{OperationID: "get-cause", Method: http.MethodGet, Path: Prefix + "causes/{id}",
		Tags: []string{"causes"}, Summary: "A cause in the caller's language"}, a.getCause)
}

func (a *API) getCause(c *call, in *Path) (cause, error) {
	code := in.ID
	if len(code) > 64 || !causeID.MatchString(code) || !a.Catalog.Has(c.lang, "cause."+code+".title") {
		return cause{}, fault.New(fault.NotFound, "request.not_found").Offer("help")
	}
	out := cause{Code: code, Title: a.sentence(c.lang, code, "title", nil), Detail: a.sentence(c.lang, code, "detail", nil), Next: []string{}}
	if next := a.sentence(c.lang, code, "next", nil); next != "" {
		out.Next = append(out.Next, next)
	}
	return out, nil
}
