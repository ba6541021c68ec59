package api

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/surface/web"
)

// DocumentPath is where the OpenAPI document is served.
const DocumentPath = Prefix + "openapi.json"

// humaConfig sets huma up as a thin surface: JSON only, no pages or schemas of
// its own (they would load scripts from elsewhere and add links to answers), and
// unlisted members are ignored, never bound (WB6).
func (a *API) humaConfig() huma.Config {
	c := huma.DefaultConfig("Genkan", a.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.AllowAdditionalPropertiesByDefault = true
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format} // "json" is what application/problem+json is found by
	c.Transformers = []huma.Transformer{a.transform}
	c.Info.Description = "Account front door: registration, sign-in, recovery, sessions. Errors are problem documents (RFC 9457)."
	c.Servers = []*huma.Server{{URL: a.Kit.Origin.Scheme + "://" + a.Kit.Origin.Host}}
	cookie := web.SessionCookie
	if a.Kit.Secure() {
		cookie = "__Host-" + cookie
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "The token of a session."},
		"cookie": {Type: "apiKey", In: "cookie", Name: cookie, Description: "The session's cookie, for pages of this origin."},
	}
	return c
}

// signedInSecurity is what calls of signed-in people need: either of the two.
func signedInSecurity() []map[string][]string {
	return []map[string][]string{{"bearer": {}}, {"cookie": {}}}
}

// described adds what all operations share: the bound of the body, and the
// refusals. huma's deadline for reading is off: enter has read the body already.
func (a *API) described(op huma.Operation) huma.Operation {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = bodyLimit
	}
	op.BodyReadTimeout = -1
	codes := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}
	if op.Method == http.MethodPost {
		codes = append(codes, http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusGone,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests)
	}
	if op.Security != nil {
		codes = append(codes, http.StatusUnauthorized)
	}
	op.Responses = map[string]*huma.Response{"default": a.problemResponse("Any other refusal")}
	for _, code := range codes {
		op.Responses[strconv.Itoa(code)] = a.problemResponse(http.StatusText(code))
	}
	return op
}

func (a *API) problemResponse(text string) *huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
}

// writeDocument writes the document once and serves it.
func (a *API) writeDocument() error {
	doc := a.huma.OpenAPI()
	// huma registers its own error type for every operation; ours takes its place.
	maps.DeleteFunc(doc.Components.Schemas.Map(), func(name string, _ *huma.Schema) bool {
		return name == "ErrorModel" || name == "ErrorDetail"
	})
	var err error
	if a.document, err = doc.MarshalJSON(); err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	a.handle("GET "+DocumentPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.document) // a caller that left cannot be told
	})
	return nil
}
