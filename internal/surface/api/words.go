package api

import (
	"strings"

	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/i18n"
)

// words are the sentences of a cause.
type words struct{ title, detail string }

// words gives the sentences of a refusal: the cause's own where the catalogue
// has them, else those of its kind. The detail ends with what to do and, where
// there is a wait, how long it is.
func (a *API) words(lang string, e *fault.Error) words {
	code := e.Code
	if !a.Catalog.Has(lang, "cause."+code+".title") {
		code = general(e.Kind)
	}
	parts := []string{a.sentence(lang, code, "detail", e.Args), a.sentence(lang, code, "next", e.Args)}
	if side, ok := e.Args["side"].(string); ok { // where a piece lay
		parts = append([]string{a.sentence(lang, code, side, nil)}, parts...)
	}
	if e.RetryAfter > 0 {
		parts = append(parts, a.Catalog.T(lang, "error.retry_after", map[string]any{"Wait": a.Catalog.Duration(lang, e.RetryAfter)}))
	}
	return words{a.sentence(lang, code, "title", e.Args), join(lang, parts)}
}

// general is the cause whose words stand for a whole kind.
func general(k fault.Kind) string {
	switch k {
	case fault.Invalid, fault.Malformed, unsupported:
		return "request.malformed"
	case fault.Denied:
		return "session.ended"
	case fault.Forbidden:
		return "request.cross_site"
	case fault.NotFound:
		return "request.not_found"
	case fault.Method:
		return "request.method"
	case fault.Conflict:
		return "account.changed_meanwhile"
	case fault.Gone:
		return "find.midflow-bookmark"
	case fault.TooLarge:
		return "request.too_large"
	case fault.TooMany:
		return "request.too_many"
	case fault.Busy:
		return "srv.overload"
	}
	return "unknown"
}

// sentence gives one sentence of a cause, or "" when it has none or when an
// argument is missing: better no detail than a broken one.
func (a *API) sentence(lang, code, part string, args map[string]any) string {
	key := "cause." + code + "." + part
	if !a.Catalog.Has(lang, key) {
		return ""
	}
	text := a.Catalog.T(lang, key, a.arguments(args))
	if strings.Contains(text, "<no value>") {
		return ""
	}
	return text
}

// arguments adds what the house knows by itself, so that a cause can be told
// without its case.
func (a *API) arguments(args map[string]any) map[string]any {
	least := a.Policy.MinLength
	if least <= 0 {
		least = password.DefaultMinLength
	}
	out := map[string]any{"min": least, "max": 256, "Size": 6}
	for k, v := range args {
		out[k] = v
	}
	return out
}

func join(lang string, parts []string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	if lang == i18n.Japanese {
		return strings.Join(some, "")
	}
	return strings.Join(some, " ")
}
