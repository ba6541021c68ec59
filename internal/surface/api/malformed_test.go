package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// canary stands for the password in everything malformed; it must come back
// from nowhere.
const canary = "canary-Xk7-in-the-coal-mine"

// posts are the calls with a body, each with one that its handler would take.
func posts() map[string]map[string]any {
	const id = "7d1f8f0e-30a5-4a6e-9a39-2f8c5d0f1b11"
	return map[string]map[string]any{
		"/api/v1/registrations":                    {"email": "m@house.example", "password": canary},
		"/api/v1/registrations/" + id + "/confirm": {"code": "123456"},
		"/api/v1/registrations/" + id + "/address": {"email": "m@house.example"},
		"/api/v1/sign-ins":                         {"email": "m@house.example", "password": canary},
		"/api/v1/recoveries":                       {"email": "m@house.example"},
		"/api/v1/recoveries/" + id + "/confirm":    {"code": "12345678", "new_password": canary},
		"/api/v1/password":                         {"old_password": canary, "new_password": canary + "2"},
		"/api/v1/address":                          {"email": "n@house.example", "password": canary},
		"/api/v1/address/" + id + "/confirm":       {"code": "12345678"},
		"/api/v1/puzzles":                          {"action": "sign-in"},
		"/api/v1/puzzles/" + id + "/picture":       {"work": "1.2.3.4.5.6.7.8"},
		"/api/v1/puzzles/" + id + "/answer":        {"x": 12.5},
		"/api/v1/sign-ins/" + id + "/human":        {"password": canary},
		"/api/v1/sign-ins/" + id + "/factor":       {"method": "mail"},
		"/api/v1/password-strength":                {"password": canary},
	}
}

// bad is one malformed request and what its refusal must say.
type bad struct {
	name, method, path string
	body               any
	opts               []option
	status             []int
	field              string
}

func (h *house) refused(b bad) {
	h.t.Helper()
	r := h.do(b.method, b.path, b.body, b.opts...)
	where := fmt.Sprintf("%s %s: %s", b.method, b.path, b.name)
	if r.Code < 400 || r.Code > 499 || len(b.status) > 0 && !slices.Contains(b.status, r.Code) {
		h.t.Errorf("%s: status %d, want %v: %s", where, r.Code, b.status, r.Body)
	}
	if r.Header().Get("Content-Type") != "application/problem+json" || r.text("title") == "" || r.text("code") == "" {
		h.t.Errorf("%s: no problem document: %v %s", where, r.Header(), r.Body)
	}
	if b.field != "" && r.text("field") != b.field {
		h.t.Errorf("%s: field %q, want %q: %s", where, r.text("field"), b.field, r.Body)
	}
	if strings.Contains(r.Body.String(), canary) || strings.Contains(r.Body.String(), "house.example") {
		h.t.Errorf("%s: what was typed comes back: %s", where, r.Body)
	}
	if next, _ := r.json["next"].([]any); len(next) == 0 {
		h.t.Errorf("%s: nothing is offered", where)
	}
}

// defects are the ways in which the body of one call goes wrong.
func defects(path string, good map[string]any) []bad {
	raw, _ := json.Marshal(good)
	text := string(raw)
	first := slices.Sorted(maps.Keys(good))[0]
	value, _ := json.Marshal(good[first])
	out := []bad{
		{name: "empty", body: "", status: []int{400}},
		{name: "blank", body: " \n", status: []int{400}},
		{name: "cut off", body: text[:len(text)-1], status: []int{400}},
		{name: "trailing comma", body: text[:len(text)-1] + ",}", status: []int{400}},
		{name: "trailing garbage", body: text + "x", status: []int{400}},
		{name: "two values", body: text + text, status: []int{400}},
		{name: "duplicate name", body: fmt.Sprintf(`{%q:%s,%s`, first, value, text[1:]), status: []int{400}, field: first},
		{name: "duplicate unlisted", body: `{"x":1,"x":2,` + text[1:], status: []int{400}},
		{name: "comment", body: "/* */" + text, status: []int{400}},
		{name: "byte order mark", body: "\ufeff" + text, status: []int{400}},
		{name: "UTF-16", body: "\xff\xfe{\x00}\x00", status: []int{400}},
		{name: "invalid UTF-8", body: fmt.Sprintf("{%q:\"\xff%s\"}", first, canary), status: []int{400}, field: first},
		{name: "lone surrogate", body: fmt.Sprintf(`{%q:"\ud800%s"}`, first, canary), status: []int{400}, field: first},
		{name: "control character", body: fmt.Sprintf("{%q:\"a\x01%s\"}", first, canary), status: []int{400}},
		{name: "single quotes", body: "{'" + first + "':'" + canary + "'}", status: []int{400}},
		{name: "NaN", body: fmt.Sprintf(`{%q:NaN}`, first), status: []int{400}},
		{name: "deep", body: `{"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "," + text[1:], status: []int{400}},
		{name: "array", body: "[" + text + "]", status: []int{422}},
		{name: "null", body: "null", status: []int{422}},
		{name: "text", body: `"` + canary + `"`, status: []int{422}},
		{name: "number", body: "12", status: []int{422}},
		{name: "no members", body: "{}", status: []int{422}, field: "*"},
		{name: "other case", body: strings.ReplaceAll(text, `"`+first, `"`+strings.ToUpper(first)), status: []int{422}, field: first},
		{name: "text/plain", body: text, opts: []option{header("Content-Type", "text/plain")}, status: []int{415}},
		{name: "no type", body: text, opts: []option{func(r *http.Request) { r.Header.Del("Content-Type") }}, status: []int{415}},
		{name: "form", body: "email=a", opts: []option{header("Content-Type", "application/x-www-form-urlencoded")}, status: []int{415}},
		{name: "problem type", body: text, opts: []option{header("Content-Type", "application/problem+json")}, status: []int{415}},
		{name: "other charset", body: text, opts: []option{header("Content-Type", "application/json; charset=shift_jis")}, status: []int{415}},
		{name: "two types", body: text, opts: []option{func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }}, status: []int{415}},
		{name: "compressed", body: text, opts: []option{header("Content-Encoding", "gzip")}, status: []int{415}},
		{name: "1 MiB", body: fmt.Sprintf(`{%q:%q}`, first, strings.Repeat("x", 1<<20)), status: []int{413}},
		{name: "20 kB", body: fmt.Sprintf(`{%q:%q}`, first, strings.Repeat("x", 20<<10)), status: []int{413}},
		{name: "20 kB, length unknown", body: fmt.Sprintf(`{%q:%q}`, first, strings.Repeat("x", 20<<10)),
			opts: []option{func(r *http.Request) { r.ContentLength = -1 }}, status: []int{413}},
		{name: "parameter twice", body: text, status: []int{400}, path: path + "?a=1&a=2"},
	}
	for _, name := range slices.Sorted(maps.Keys(good)) {
		for kind, wrong := range map[string]any{"missing": nil, "null": json.RawMessage("null"), "number": 7, "boolean": true,
			"object": map[string]any{"$ne": canary}, "array": []string{canary}, "float": json.RawMessage("1e999999")} {
			if _, number := good[name].(float64); number && kind == "number" {
				wrong = "7"
			}
			b := maps.Clone(good)
			if b[name] = wrong; kind == "missing" {
				delete(b, name)
			}
			d := bad{name: name + " " + kind, body: b, field: name}
			if kind == "float" {
				d.field = ""
			}
			out = append(out, d)
		}
	}
	for i := range out {
		out[i].method = "POST"
		if out[i].path == "" {
			out[i].path = path
		}
		if out[i].field == "*" {
			out[i].field = ""
		}
	}
	return out
}

// WB6: routes × defects, on both engines; nobody's mistake is our failure, and no
// secret comes back.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		token := h.member("malformed@house.example")
		n := 0
		for path, good := range posts() {
			for _, b := range defects(path, good) {
				b.opts = append([]option{bearer(token)}, b.opts...)
				h.refused(b)
				n++
			}
		}
		for _, b := range elsewhere(h.api.Routes()) {
			b.opts = append(b.opts, bearer(token))
			h.refused(b)
			n++
		}
		if n < 500 {
			h.t.Errorf("only %d requests", n)
		}
		if log := h.log.String(); strings.Contains(log, canary) || strings.Contains(log, "@house.example") {
			h.t.Error("what was typed is in the log")
		}
	})
}

// elsewhere are wrong methods, paths and ids for every route.
func elsewhere(routes []string) []bad {
	var out []bad
	seen := map[string]bool{}
	for _, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		if seen[path] {
			continue
		}
		seen[path] = true
		fixed := strings.ReplaceAll(path, "{id}", "7d1f8f0e-30a5-4a6e-9a39-2f8c5d0f1b11")
		for _, method := range []string{"PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "GENKAN"} {
			out = append(out, bad{name: "method", method: method, path: fixed, status: []int{405}})
		}
		out = append(out,
			bad{name: "slash at the end", method: "GET", path: fixed + "/", status: []int{404}},
			bad{name: "longer", method: "POST", path: fixed + "/x/y", status: []int{404}},
			bad{name: "capitals", method: "GET", path: "/api/v1" + strings.ToUpper(strings.TrimPrefix(fixed, "/api/v1")), status: []int{404}})
	}
	ids := []string{"0", "-1", "%00", "%ff%fe", "%27%20OR%201=1--", "%2e%2e%2fsession", strings.Repeat("a", 900), "%E3%83%86",
		"{7d1f8f0e-30a5-4a6e-9a39-2f8c5d0f1b11}", "urn:uuid:7d1f8f0e-30a5-4a6e-9a39-2f8c5d0f1b11", "null", "%0d%0aSet-Cookie:x"}
	for _, id := range ids {
		for _, at := range []string{"GET /api/v1/sign-ins/%s", "GET /api/v1/deliveries/%s", "DELETE /api/v1/sessions/%s", "GET /api/v1/causes/%s"} {
			method, path, _ := strings.Cut(fmt.Sprintf(at, id), " ")
			out = append(out, bad{name: "id", method: method, path: path, status: []int{404, 400}})
		}
		out = append(out, bad{name: "id", method: "POST", path: "/api/v1/registrations/" + id + "/confirm",
			body: map[string]any{"code": "123456"}, status: []int{410, 404, 400}})
	}
	for _, path := range []string{"/api/v1/", "/api/v1/nothing", "/api/v1/session//", "/api/v1/./session", "/api/v1/x/../session", "/api/v1//session"} {
		out = append(out, bad{name: "path", method: "GET", path: path, status: []int{404}})
	}
	return out
}

func TestMethodNotAllowedNamesTheOthers(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		for path, allow := range map[string]string{"/api/v1/session": "GET, HEAD, DELETE", "/api/v1/sign-ins": "POST", "/api/v1/causes/x": "GET, HEAD"} {
			r := h.want(405, h.do("PUT", path, nil))
			if r.Header().Get("Allow") != allow {
				h.t.Errorf("%s: Allow %q, want %q", path, r.Header().Get("Allow"), allow)
			}
		}
	})
}

// Members that no call lists are ignored, never bound (WB6, RS9).
func TestUnlistedMembersChangeNothing(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		extra := map[string]any{"role": "admin", "email_verified": true, "frozen": false, "state": "active", "id": "x",
			"account": "x", "hold": nil, "Email": "other@house.example", "PASSWORD": "other", "session": map[string]any{"token": "x"}}
		with := func(in map[string]any) map[string]any {
			out := maps.Clone(in)
			maps.Copy(out, extra)
			return out
		}
		w := h.want(202, h.do("POST", "/api/v1/registrations", with(map[string]any{"email": "plain@house.example", "password": secretWords})))
		h.want(422, h.do("POST", "/api/v1/registrations/"+w.text("id")+"/confirm", with(map[string]any{"code": "000000"})))
		r := h.want(201, h.do("POST", "/api/v1/registrations/"+w.text("id")+"/confirm", with(map[string]any{"code": h.mails.code(h.t, "plain@house.example")})))
		in := h.want(200, h.do("POST", "/api/v1/sign-ins", with(map[string]any{"email": "plain@house.example", "password": secretWords})))
		if in.text("state") != "complete" {
			h.t.Errorf("sign-in: %s", in.Body)
		}
		who := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(r.text("session.token"))))
		for _, name := range []string{"role", "email_verified", "frozen", "state"} {
			if _, ok := who.json[name]; ok {
				h.t.Errorf("%s was bound: %s", name, who.Body)
			}
		}
		if who.text("email") != "plain@house.example" {
			h.t.Errorf("another address: %s", who.Body)
		}
	})
}

// Requests that other sites make are refused in the same form (WB1).
func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		for path, good := range posts() {
			for _, o := range []option{header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"),
				header("Origin", "https://evil.example"), header("Origin", "null"), header("Cookie", "genkan=x")} {
				h.want(403, h.do("POST", path, good, o))
			}
		}
	})
}
