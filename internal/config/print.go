package config

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/platform/obs"
)

// Print writes the settings in force as YAML, each with where it came from:
// the file and line, the variable, the flag, or "default". Secrets are masked.
func (s *Settings) Print(w io.Writer) error {
	v := reflect.ValueOf(s).Elem()
	out := &writer{w: w}
	section := ""
	for _, f := range newSchema().leaves {
		section = out.headings(section, f.path)
		at := "default"
		if o, ok := s.from[f.path]; ok {
			at = o.String()
		}
		out.line("%s%s: %s  # %s", indent(f.path), base(f.path), show(v.FieldByIndex(f.index)), at)
	}
	return out.err
}

// writer keeps the first error, so that lines can be written without asking.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format+"\n", args...)
	}
}

// headings writes the sections that begin before path and gives the section
// that path is in.
func (w *writer) headings(now, path string) string {
	section := parent(path)
	for i := range section {
		if i+1 == len(section) || section[i+1] == '.' {
			if head := section[:i+1]; head != now && !strings.HasPrefix(now, head+".") {
				w.line("%s%s:", indent(head), base(head))
			}
		}
	}
	return section
}

func parent(path string) string { return path[:max(strings.LastIndexByte(path, '.'), 0)] }
func base(path string) string   { return path[strings.LastIndexByte(path, '.')+1:] }
func indent(path string) string { return strings.Repeat("  ", strings.Count(path, ".")) }

// show gives a value as YAML.
func show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case obs.Secret:
		if x == "" {
			return `""`
		}
		return strconv.Quote(x.String())
	case time.Duration:
		return tidy(x)
	case netip.Prefix:
		return strconv.Quote(x.String())
	case string:
		return strconv.Quote(x)
	}
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = show(v.Index(i))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
