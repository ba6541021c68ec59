package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
)

// document is the served OpenAPI document, as plain JSON: checked by other code
// than that which wrote it.
type document struct {
	raw  []byte
	root map[string]any
}

func readDocument(t testing.TB, h http.Handler) document {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", origin+"/api/v1/openapi.json", nil))
	d := document{raw: w.Body.Bytes()}
	if err := json.Unmarshal(d.raw, &d.root); err != nil || w.Code != http.StatusOK {
		t.Fatalf("OpenAPI document: %d, %v", w.Code, err)
	}
	return d
}

// check holds an answer to what the document says of it. Members that the
// document does not name are faults too.
func (d document) check(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	op, ok := d.operation(r.Method, r.URL.Path)
	if !ok { // unknown paths and methods have no operation, but a problem all the same
		op = map[string]any{"responses": map[string]any{"default": d.at("components", "schemas", "Problem")}}
		if kind := w.Header().Get("Content-Type"); w.Code >= 400 && kind != "application/problem+json" {
			t.Errorf("%s %s: %d is a %s", r.Method, r.URL.Path, w.Code, kind)
		}
		d.value(t, r.Method+" "+r.URL.Path, op["responses"].(map[string]any)["default"], read(t, w))
		return
	}
	responses := op["responses"].(map[string]any)
	response, ok := responses[fmt.Sprint(w.Code)].(map[string]any)
	if !ok && w.Code >= 400 {
		response, ok = responses["default"].(map[string]any)
	}
	if !ok {
		t.Errorf("%s %s: the document knows no answer %d", r.Method, r.URL.Path, w.Code)
		return
	}
	content, ok := response["content"].(map[string]any)
	if !ok {
		if w.Body.Len() > 0 {
			t.Errorf("%s %s: %d has a body, the document says none", r.Method, r.URL.Path, w.Code)
		}
		return
	}
	media, ok := content[w.Header().Get("Content-Type")].(map[string]any)
	if !ok {
		t.Errorf("%s %s: %d is a %q, the document says %v", r.Method, r.URL.Path, w.Code, w.Header().Get("Content-Type"), content)
		return
	}
	d.value(t, r.Method+" "+r.URL.Path, media["schema"], read(t, w))
}

func read(t testing.TB, w *httptest.ResponseRecorder) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Errorf("not JSON: %.200s", w.Body)
	}
	return v
}

func (d document) at(names ...string) map[string]any {
	v := d.root
	for _, n := range names {
		v, _ = v[n].(map[string]any)
	}
	return v
}

// operation finds what the document says of a path; {x} stands for one segment.
func (d document) operation(method, path string) (map[string]any, bool) {
	for template, item := range d.at("paths") {
		if !fits(template, path) {
			continue
		}
		op, ok := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
		if ok {
			return op, true
		}
	}
	return nil, false
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// value checks v against a schema of the kinds that our document uses; any other
// keyword is a fault of this test.
func (d document) value(t testing.TB, where string, schema, v any) {
	t.Helper()
	s := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		s = d.at("components", "schemas", strings.TrimPrefix(ref, "#/components/schemas/"))
		if s == nil {
			t.Errorf("%s: %s leads nowhere", where, ref)
			return
		}
	}
	switch s["type"] {
	case "object":
		d.object(t, where, s, v)
	case "array":
		list, ok := v.([]any)
		if !ok {
			t.Errorf("%s: %v is no array", where, v)
		}
		for i, item := range list {
			d.value(t, fmt.Sprintf("%s[%d]", where, i), s["items"], item)
		}
	case "string":
		text, ok := v.(string)
		if options, has := s["enum"].([]any); !ok || has && !slices.Contains(options, v) {
			t.Errorf("%s: %v is no string of %v", where, v, options)
		}
		if _, err := time.Parse(time.RFC3339, text); s["format"] == "date-time" && err != nil {
			t.Errorf("%s: %q is no time", where, text)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			t.Errorf("%s: %v is no integer", where, v)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			t.Errorf("%s: %v is no boolean", where, v)
		}
	default:
		t.Errorf("%s: schema of unknown type %v", where, s["type"])
	}
}

func (d document) object(t testing.TB, where string, s map[string]any, v any) {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s: %v is no object", where, v)
		return
	}
	properties := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			t.Errorf("%s: %s is missing", where, name)
		}
	}
	for name, member := range object {
		if properties[name] == nil {
			t.Errorf("%s: %s is in the answer but not in the document", where, name)
			continue
		}
		d.value(t, where+"."+name, properties[name], member)
	}
}

func TestDocumentIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		doc, err := libopenapi.NewDocument(h.schema.raw)
		must(t, err)
		model, err := doc.BuildV3Model()
		must(t, err)
		if doc.GetVersion() != "3.1.0" {
			t.Errorf("version %s", doc.GetVersion())
		}
		if n := model.Model.Paths.PathItems.Len(); n < 15 {
			t.Errorf("%d paths", n)
		}
	})
}

func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		ids := map[any]bool{}
		for _, route := range h.api.Routes() {
			method, path, _ := strings.Cut(route, " ")
			if path == "/api/v1/openapi.json" {
				continue
			}
			op, ok := h.schema.operation(method, path)
			if !ok {
				t.Errorf("%s is not in the document", route)
				continue
			}
			if id := op["operationId"]; id == nil || ids[id] {
				t.Errorf("%s: operationId %v is missing or used twice", route, id)
			}
			ids[op["operationId"]] = true
			responses := op["responses"].(map[string]any)
			if method == "POST" && responses["422"] == nil || responses["default"] == nil {
				t.Errorf("%s: its refusals are not in the document", route)
			}
		}
		for _, foreign := range []string{"ErrorModel", "$schema", "unpkg", "http://localhost:8080/schemas"} {
			if strings.Contains(string(h.schema.raw), foreign) {
				t.Errorf("the document holds %s", foreign)
			}
		}
	})
}
