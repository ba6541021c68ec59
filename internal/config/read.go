package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile bounds the settings file, in bytes.
const maxFile = 1 << 20

// readFile reads the YAML file into the settings. The library's Strict decoder
// stops at the first unknown key, so its syntax tree is walked here: a person
// who mends a file wants to hear of all faults.
func (l *loader) readFile(path string) {
	if path == "" {
		return
	}
	at := origin{kind: fromFile, name: path}
	raw, says := readSettings(path)
	if says != "" {
		l.fault(at, "", says)
		return
	}
	tree, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		l.fault(l.syntaxPlace(err), "", syntaxSays(err))
		return
	}
	bodies := 0
	for _, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if bodies++; bodies > 1 {
			l.fault(l.at(doc.Body.GetToken()), "", "starts a second document: put all settings into one")
			return
		}
		l.section("", doc.Body)
	}
}

func readSettings(path string) (raw []byte, says string) {
	f, err := os.Open(path)
	if err != nil {
		return nil, whyNot(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, whyNot(err)
	case !info.Mode().IsRegular():
		return nil, "is not a file"
	case info.Mode().Perm()&0o002 != 0:
		return nil, "can be changed by everyone on the machine: chmod o-w"
	case info.Size() > maxFile:
		return nil, "is larger than 1 MiB"
	}
	raw, err = io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, whyNot(err)
	}
	return raw, ""
}

// whyNot says why a file cannot be opened, without its name: somebody may have
// put the secret where its path belongs.
func whyNot(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "names a file that does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "names a file that this user may not read"
	}
	return "names a file that cannot be read"
}

// section reads a mapping. An empty section changes nothing.
func (l *loader) section(path string, n ast.Node) {
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		seen := map[string]int{}
		for _, v := range n.Values {
			l.entry(path, v, seen)
		}
	case *ast.MappingValueNode:
		l.entry(path, n, map[string]int{})
	default:
		l.fault(l.at(n.GetToken()), path, "is not a list of `key: value` lines")
	}
}

// entry reads one `key: value`.
func (l *loader) entry(prefix string, n *ast.MappingValueNode, seen map[string]int) {
	tk := n.Key.GetToken()
	at, key := l.at(tk), shortKey(tk.Value)
	path := join(prefix, key)
	if _, plain := n.Key.(*ast.StringNode); !plain {
		l.fault(at, prefix, "has a key that is not a plain word: anchors, merges and tags are not read here")
		return
	}
	if line, twice := seen[key]; twice {
		l.fault(at, path, "is set twice, first on line "+itoa(line)+": keep one")
		return
	}
	seen[key] = at.line
	if _, ok := l.schema.sections[path]; ok {
		l.Settings.from[path] = at
		l.section(path, n.Value)
		return
	}
	f, ok := l.schema.byPath[path]
	if !ok {
		l.fault(at, path, "is not a setting"+l.schema.suggest(prefix, key))
		return
	}
	l.value(f, at, n.Value)
}

// value reads a scalar or a list of scalars. null leaves the default.
func (l *loader) value(f leaf, at origin, n ast.Node) {
	if _, ok := n.(*ast.NullNode); ok {
		return
	}
	if seq, ok := n.(*ast.SequenceNode); ok && f.list() {
		var items []item
		for _, v := range seq.Values {
			text, ok := scalar(v)
			if !ok {
				l.fault(l.at(v.GetToken()), f.path, "has an entry that is not one plain value")
				return
			}
			items = append(items, item{text, l.at(v.GetToken())})
		}
		l.set(f, at, items)
		return
	}
	text, ok := scalar(n)
	switch {
	case ok && f.list():
		l.fault(at, f.path, "is a list: write each entry on a line of its own, after a dash")
	case ok:
		l.set(f, at, []item{{text, at}})
	default:
		l.fault(at, f.path, "is not one plain value on one line")
	}
}

// scalar gives the text of a plain value; blocks, anchors, aliases and tags
// are refused, since a settings file should say what it means where it stands.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (l *loader) at(tk *token.Token) origin {
	o := origin{kind: fromFile, name: l.file}
	if tk != nil && tk.Position != nil {
		o.line, o.col = tk.Position.Line, tk.Position.Column
	}
	return o
}

func (l *loader) syntaxPlace(err error) origin {
	var e yaml.Error
	if errors.As(err, &e) {
		return l.at(e.GetToken())
	}
	return origin{kind: fromFile, name: l.file}
}

// syntaxSays passes the library's message on only when it quotes nothing of
// the file.
func syntaxSays(err error) string {
	var e yaml.Error
	const what = "cannot be read as YAML"
	if errors.As(err, &e) {
		if m := e.GetMessage(); len(m) < 90 && !strings.ContainsAny(m, "\"`\n") {
			return what + ": " + m
		}
	}
	return what + " here"
}

// readEnv applies GENKAN_… variables; lists are separated by commas. A
// variable that is nobody's setting is refused like an unknown key, except
// those of the test suite.
func (l *loader) readEnv(env []string) {
	byName := map[string]leaf{}
	for _, f := range l.schema.leaves {
		byName[envName(f.path)] = f
	}
	for _, kv := range env {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GENKAN_") || strings.HasPrefix(name, "GENKAN_TEST_") || name == "GENKAN_SHOTS" {
			continue
		}
		at := origin{kind: fromEnv, name: shortKey(name)}
		f, ok := byName[name]
		if !ok {
			l.fault(at, "", "is not a setting"+l.schema.suggestEnv(name))
			continue
		}
		items := []item{{text, at}}
		if f.list() {
			items = nil
			for part := range strings.SplitSeq(text, ",") {
				if part = strings.TrimSpace(part); part != "" {
					items = append(items, item{part, at})
				}
			}
		}
		l.set(f, at, items)
	}
}
