package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPickLanguage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, def, query, cookie, accept, want string
		chosen                                 bool
	}{
		{name: "nothing said", def: "ja", want: "ja"},
		{name: "nothing said, English house", def: "en", want: "en"},
		{name: "browser", def: "ja", accept: "en-GB,en;q=0.8,ja;q=0.5", want: "en"},
		{name: "browser with region", def: "en", accept: "ja-JP", want: "ja"},
		{name: "browser of neither language", def: "ja", accept: "fr-FR,fr", want: "ja"},
		{name: "second choice is ours", def: "ja", accept: "fr-FR,en;q=0.3", want: "en"},
		{name: "cookie wins over browser", def: "ja", cookie: "en", accept: "ja", want: "en"},
		{name: "switch wins over all", def: "ja", query: "en", cookie: "ja", accept: "ja", want: "en", chosen: true},
		{name: "bad switch", def: "ja", query: "xx", accept: "en", want: "en"},
		{name: "bad cookie", def: "ja", cookie: "xx", accept: "en", want: "en"},
		{name: "broken header", def: "ja", accept: ";;;q=", want: "ja"},
		{name: "endless header", def: "ja", accept: strings.Repeat("en,", 1000), want: "ja"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/signin?lang="+tc.query, nil)
			if tc.cookie != "" {
				r.AddCookie(&http.Cookie{Name: LangCookie, Value: tc.cookie})
			}
			if tc.accept != "" {
				r.Header.Set("Accept-Language", tc.accept)
			}
			if lang, chosen := NewLanguages(tc.def).Pick(r); lang != tc.want || chosen != tc.chosen {
				t.Errorf("got %s, %t; want %s, %t", lang, chosen, tc.want, tc.chosen)
			}
		})
	}
}
