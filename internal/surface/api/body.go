package api

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/genkan/genkan/internal/platform/fault"
)

const (
	// bodyLimit bounds the body of a call: a password of 256 code points, all of
	// them escaped, an address and a pass fit in easily (WB6).
	bodyLimit = 16 << 10
	// strengthLimit is for the one call that costs the server and asks nothing.
	strengthLimit = 4 << 10
	// maxDepth bounds how deep a body may be nested; ours are flat.
	maxDepth = 8
)

// readJSON reads a body of one JSON value, of at most limit bytes, and refuses
// what two readers could read in two ways (WB6, RFC 7493 2): duplicate names,
// invalid UTF-8 and lone surrogates, anything after the value, deep nesting. It
// refuses with
//
//	request.media_type   415: not application/json
//	request.too_large    413
//	request.malformed    400: names the member where it can
//
// Without needed an empty body of no type is fine and gives nil.
func readJSON(r *http.Request, limit int64, needed bool) ([]byte, error) {
	kind := r.Header.Get("Content-Type")
	if kind == "" && !needed && r.ContentLength == 0 {
		return nil, nil
	}
	if !isJSON(kind) || len(r.Header.Values("Content-Type")) > 1 || r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(unsupported, "request.media_type")
	}
	if limit <= 0 {
		limit = bodyLimit
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	var outer *http.MaxBytesError
	switch {
	case errors.As(err, &outer), int64(len(text)) > limit:
		return nil, fault.New(fault.TooLarge, "request.too_large")
	case err != nil:
		return nil, fault.New(fault.Malformed, "request.malformed") // the caller broke off
	case len(bytes.TrimSpace(text)) == 0 && !needed:
		return nil, nil
	}
	return text, strict(text)
}

// unsupported is 415. Only bodies of the API need it, so it is no kind of
// package fault.
const unsupported fault.Kind = -1

func isJSON(kind string) bool {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil || media != "application/json" {
		return false
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// strict walks the text once. Errors of the decoder quote what was sent, so none
// of them goes any further than here.
func strict(text []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(text)) // refuses duplicate names and invalid UTF-8
	for n := 0; ; n++ {
		_, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case err != nil:
			return malformed(err)
		case d.StackDepth() > maxDepth, d.StackDepth() == 0 && !ends(text, d.InputOffset()):
			return fault.New(fault.Malformed, "request.malformed")
		}
	}
}

// ends tells whether nothing but blanks follows offset.
func ends(text []byte, offset int64) bool {
	return len(bytes.TrimLeft(text[offset:], " \t\r\n")) == 0
}

// malformed names the member that cannot be read, if it can be one of ours.
func malformed(err error) error {
	out := fault.New(fault.Malformed, "request.malformed")
	var at *jsontext.SyntacticError
	if errors.As(err, &at) {
		if name := at.JSONPointer.LastToken(); isName(name) {
			out.Field = name
		}
	}
	return out
}

// isName tells whether text looks like a member of ours; anything else is not
// repeated to the caller.
func isName(text string) bool {
	return text != "" && len(text) <= 32 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// unmarshal reads a body that strict has passed. Unlike encoding/json it matches
// names exactly. huma's validator does not: it would take "PASSWORD" for the
// password and then find none, so it is not shown names that cannot be ours.
func unmarshal(text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	if tree, ok := v.(*any); ok {
		if object, ok := (*tree).(map[string]any); ok {
			maps.DeleteFunc(object, func(name string, _ any) bool { return !isName(name) })
		}
	}
	return nil
}
