package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/genkan/genkan/internal/platform/i18n"
)

// adapter puts huma's operations on our mux, behind the strict reading of their
// bodies.
type adapter struct{ a *API }

// Handle registers one operation.
func (ad *adapter) Handle(op *huma.Operation, h func(huma.Context)) {
	ad.a.handle(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		r, err := ad.a.enter(op, w, r)
		if err != nil {
			ad.a.Problem(w, r, err)
			return
		}
		h(humago.NewContext(op, r, w))
	})
}

// ServeHTTP is part of huma's interface; requests come through API.ServeHTTP.
func (ad *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { ad.a.ServeHTTP(w, r) }

// call is one request on its way through huma.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	lang string
}

type callKey struct{}

// enter reads the body of an operation that takes one and gives the request that
// huma sees. The request it gives is never nil.
func (a *API) enter(op *huma.Operation, w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	c := &call{w: w, lang: a.language(r)}
	if r.Method == http.MethodPost {
		body, err := readJSON(r, op.MaxBodyBytes, op.RequestBody != nil && op.RequestBody.Required)
		if err != nil {
			return r, err
		}
		c.body = body
	}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	c.r = r
	return r, nil
}

// language is the language of an answer; only ja and en have words.
func (a *API) language(r *http.Request) string {
	lang, _ := a.Kit.Languages.Pick(r)
	return lang
}

// answer is what huma writes.
type answer[T any] struct{ Body T }

// register adds an operation that answers with a T.
func register[I, T any](a *API, op huma.Operation, f func(*call, *I) (T, error)) {
	huma.Register(a.huma, a.described(op), func(ctx context.Context, in *I) (*answer[T], error) {
		c := ctx.Value(callKey{}).(*call)
		out, err := f(c, in)
		if err != nil {
			return nil, a.refusal(c.w, c.r, err)
		}
		return &answer[T]{out}, nil
	})
}

// registerEmpty adds an operation that answers 204.
func registerEmpty[I any](a *API, op huma.Operation, f func(*call, *I) error) {
	op.DefaultStatus = http.StatusNoContent
	huma.Register(a.huma, a.described(op), func(ctx context.Context, in *I) (*struct{}, error) {
		c := ctx.Value(callKey{}).(*call)
		if err := f(c, in); err != nil {
			return nil, a.refusal(c.w, c.r, err)
		}
		return nil, nil
	})
}

// The inputs of operations: an id in the path, a body, or both.
type (
	noInput     struct{}
	body[B any] struct{ Body B }
	// Path and Repeat are exported because huma passes over what is not.
	Path struct {
		ID string `path:"id" doc:"As an earlier answer gave it."`
	}
	pathBody[B any] struct {
		Path
		Body B
	}
	onceBody[B any] struct {
		Repeat
		Body B
	}
	oncePathBody[B any] struct {
		Path
		Repeat
		Body B
	}
)

// id gives the id of the path. What cannot be an id becomes one that nothing
// has, so that it is answered like any unknown one, and never reaches a
// database that refuses its bytes.
func (p Path) id() string {
	if len(p.ID) != 36 || uuid.Validate(p.ID) != nil {
		return uuid.Nil.String()
	}
	return strings.ToLower(p.ID)
}

// Repeat is the header of draft-ietf-httpapi-idempotency-key-header.
type Repeat struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"16" maxLength:"128" doc:"A fresh random text for each act, such as a UUID. The same act sent again with the same key within ten minutes gets the first answer and is not done twice. With another body it is another act."`
}

// once gives the key that makes a repeat of the same act by the same caller one
// act, or "" when the caller did not ask for it. It is keyed with a secret of
// ours: it covers the body, which may hold a password, and is stored hashed
// without salt.
func (a *API) once(c *call, in Repeat) string {
	if in.IdempotencyKey == "" {
		return ""
	}
	parts := c.r.Method + " " + c.r.URL.Path + "\x00" + in.IdempotencyKey + "\x00" +
		hex.EncodeToString(a.Kit.Browser(c.r)) + "\x00" + string(c.body)
	return "api " + hex.EncodeToString(a.Kit.Keys.Index("api once", parts))
}

// locale is the language to write mails in: the one that was asked for, else the
// one of the answer.
func (c *call) locale(asked string) string {
	if asked == i18n.Japanese || asked == i18n.English {
		return asked
	}
	return c.lang
}
