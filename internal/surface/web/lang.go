package web

import (
	"net/http"

	"golang.org/x/text/language"

	"github.com/genkan/genkan/internal/platform/i18n"
)

// LangCookie is the cookie that keeps the language chosen by the switch.
const LangCookie = "lang"

// Languages chooses the language of an answer.
type Languages struct {
	names   []string // names[0] is the default
	matcher language.Matcher
}

// NewLanguages makes a chooser; def ("ja" or "en") is what people get who ask
// for neither.
func NewLanguages(def string) *Languages {
	l := &Languages{names: []string{i18n.Japanese, i18n.English}}
	if def == i18n.English {
		l.names = []string{i18n.English, i18n.Japanese}
	}
	tags := make([]language.Tag, len(l.names))
	for i, name := range l.names {
		tags[i] = language.Make(name)
	}
	l.matcher = language.NewMatcher(tags)
	return l
}

// Pick gives the language for r: ?lang=, then the cookie, then Accept-Language,
// then the default. chosen says that the switch was pressed just now, so that
// the caller keeps it in the cookie.
func (l *Languages) Pick(r *http.Request) (lang string, chosen bool) {
	if q := r.URL.RawQuery; q != "" {
		if v := r.URL.Query().Get("lang"); l.knows(v) {
			return v, true
		}
	}
	if c, err := r.Cookie(LangCookie); err == nil && l.knows(c.Value) {
		return c.Value, false
	}
	return l.accepted(r.Header.Get("Accept-Language")), false
}

// acceptMax bounds what is parsed: real browsers send well under 200 bytes.
const acceptMax = 256

func (l *Languages) accepted(header string) string {
	if header == "" || len(header) > acceptMax {
		return l.names[0]
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return l.names[0]
	}
	_, i, sure := l.matcher.Match(tags...)
	if sure == language.No {
		i = 0
	}
	return l.names[i]
}

func (l *Languages) knows(name string) bool {
	return name == l.names[0] || name == l.names[1]
}
