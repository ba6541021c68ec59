package config

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/obs"
)

// maxValue bounds one value, in bytes.
const maxValue = 4096

// leaf is one setting.
type leaf struct {
	path    string // "smtp.port"
	index   []int  // for reflect.Value.FieldByIndex
	typ     reflect.Type
	owner   string // Go name of the struct that holds it, for its comment
	field   string // Go name of the field
	example string
}

func (f leaf) secret() bool { return f.typ == reflect.TypeFor[obs.Secret]() }
func (f leaf) list() bool   { return f.typ.Kind() == reflect.Slice }

// schema is the list of all settings and the names of the sections, made from
// the struct once per Load: no second list to keep in step.
type schema struct {
	leaves   []leaf
	byPath   map[string]leaf
	sections map[string]leaf // by path; "" is the whole
	keys     map[string][]string
}

func newSchema() schema {
	s := schema{byPath: map[string]leaf{}, sections: map[string]leaf{}, keys: map[string][]string{}}
	s.walk(reflect.TypeFor[Settings](), "", nil)
	return s
}

func (s *schema) walk(t reflect.Type, prefix string, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, ok := f.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		lf := leaf{
			path: join(prefix, key), index: append(append([]int(nil), index...), i), typ: f.Type,
			owner: t.Name(), field: f.Name, example: f.Tag.Get("example"),
		}
		s.keys[prefix] = append(s.keys[prefix], key)
		if f.Type.Kind() == reflect.Struct {
			s.sections[lf.path] = lf
			s.walk(f.Type, lf.path, lf.index)
			continue
		}
		s.leaves = append(s.leaves, lf)
		s.byPath[lf.path] = lf
	}
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// envName gives the variable of a setting: smtp.password_file is
// GENKAN_SMTP_PASSWORD_FILE.
func envName(path string) string {
	return "GENKAN_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// item is one value with its place.
type item struct {
	text string
	at   origin
}

// set gives a setting its value, or notes what is wrong with it.
func (l *loader) set(f leaf, at origin, items []item) {
	l.Settings.from[f.path] = at
	target := reflect.ValueOf(l.Settings).Elem().FieldByIndex(f.index)
	if f.list() {
		target.SetZero()
	}
	for i, it := range items {
		path, v := f.path, target
		if f.list() {
			path += "[" + strconv.Itoa(i) + "]"
			l.Settings.from[path] = it.at
			v = reflect.New(f.typ.Elem()).Elem()
		}
		if says := setText(v, it.text); says != "" {
			l.fault(it.at, path, says)
			continue
		}
		if f.list() {
			target.Set(reflect.Append(target, v))
		}
	}
}

// setText reads one text by the type of v and says what is wrong, or "".
func setText(v reflect.Value, text string) string {
	switch {
	case len(text) > maxValue:
		return "is longer than 4096 bytes"
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "holds a control character or is not UTF-8: write it on one line, in plain text"
	}
	switch v.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return "is not a length of time: write a number and a unit, as in 90s, 30m or 1h"
		}
		v.SetInt(int64(d))
		return ""
	case netip.Prefix:
		p, says := readPrefix(text)
		v.Set(reflect.ValueOf(p))
		return says
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return "is neither true nor false"
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return "is not a whole number"
		}
		v.SetInt(n)
	case reflect.Uint32:
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return "is not a whole number of 0 or more"
		}
		v.SetUint(n)
	default:
		panic("config: no reader for " + v.Type().String()) // a fault of ours, found by the first test
	}
	return ""
}

// readPrefix reads a network; a lone address is a network of one.
func readPrefix(text string) (netip.Prefix, string) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), ""
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return p, "is not a network: write it as in 10.0.0.0/8 or 2001:db8::/32"
	case p != p.Masked():
		return p, "has bits set beyond its length: write " + p.Masked().String()
	}
	return p, ""
}
