package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The floors, from the ground up, and who stands on what:
//
//	platform  knows nothing of accounts
//	domain    one noun a package; may know an account by its ID, no other noun
//	flow      verbs that span nouns; never another flow
//	surface   speaks HTTP; never another surface, but all share the kit, web
//	server    the wiring; knows all of them
//	dev       what a dev build adds to the server; release builds are without it
//	cli       starts the server, or asks one noun; cmd starts cli
//
// Imports point down. Tests may also look sideways, and at testkit and e2e/browser.

// module is where our own packages begin.
const module = "github.com/genkan/genkan/"

// source is what the fence wants to know of one Go file.
type source struct {
	file    string   // slash-separated, from the module's root
	imports []string // ours only, without the module's name
	sql     []string // first words of string literals that are SQL
	clock   bool     // asks the system clock
}

func (s source) pkg() string  { return path.Dir(s.file) }
func (s source) test() bool   { return strings.HasSuffix(s.file, "_test.go") }
func (s source) name() string { return path.Base(s.file) }

func TestFence(t *testing.T) {
	t.Parallel()
	sources, err := readModule("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 10 {
		t.Fatalf("read %d files: the fence looks in the wrong place", len(sources))
	}
	for _, s := range sources {
		for _, fault := range faults(s) {
			t.Errorf("%s: %s", s.file, fault)
		}
	}
}

// faults tells what is wrong with a file.
func faults(s source) []string {
	var found []string
	for _, to := range s.imports {
		if why := refuse(s, to); why != "" {
			found = append(found, "imports "+to+": "+why)
		}
	}
	if s.test() {
		return found
	}
	if len(s.sql) > 0 && !mayHoldSQL(s) {
		found = append(found, "holds SQL ("+s.sql[0]+" …): it belongs in query.sql or sql.go of the noun that owns the table")
	}
	if s.clock && (within(s.pkg(), "internal/domain") || within(s.pkg(), "internal/flow")) {
		found = append(found, "asks the system clock: the time is passed in, so that tests can move it")
	}
	return found
}

// refuse says why file s must not import package to, or "" if it may.
func refuse(s source, to string) string {
	from := s.pkg()
	if within(to, "internal/testkit") {
		if s.test() || within(from, "internal/testkit") || within(from, "e2e") || within(from, "tools") {
			return ""
		}
		return "testkit is for tests"
	}
	if s.test() && within(to, "e2e/browser") {
		return "" // a page is looked at in a browser where it is made
	}
	if unit(from) == unit(to) {
		return "" // the same noun, verb or surface
	}
	up, ok := below[floor(from)]
	if !ok {
		if within(from, "internal") {
			return "its own package stands on no floor"
		}
		return "" // e2e, tools, examples: not part of the house
	}
	for _, allowed := range up {
		if within(to, allowed) {
			return ""
		}
	}
	if s.test() && floor(from) == floor(to) {
		return "" // a test may set the scene with its neighbours
	}
	return floor(from) + " may import only " + strings.Join(up, ", ")
}

// below maps a floor to what its packages may import besides themselves.
var below = map[string][]string{
	"platform": {"internal/platform"},
	"domain":   {"internal/platform", "internal/domain/account"},
	"flow":     {"internal/platform", "internal/domain"},
	"surface":  {"internal/platform", "internal/domain", "internal/flow", "internal/surface/web"},
	"config":   {"internal/platform"},
	"server":   {"internal/platform", "internal/domain", "internal/flow", "internal/surface", "internal/config"},
	"dev":      {"internal/platform", "internal/domain", "internal/surface", "internal/server"},
	"cli":      {"internal/platform", "internal/domain", "internal/server", "internal/config", "internal/dev"},
	"testkit":  {"internal/platform"},
	"cmd":      {"internal/cli"},
}

// floor names the floor of a package: internal/domain/account is on domain.
func floor(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[1]
	}
	return parts[0]
}

// unit is the part of a package's path within which imports are free: the noun,
// verb or surface with its sub-packages, as in internal/domain/delivery/letter.
func unit(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] != "internal" {
		return parts[0]
	}
	n := 2
	switch floor(pkg) {
	case "platform", "domain", "flow", "surface":
		n = 3
	}
	return strings.Join(parts[:min(n, len(parts))], "/")
}

func within(pkg, dir string) bool {
	return pkg == dir || strings.HasPrefix(pkg, dir+"/")
}

// mayHoldSQL: sqlc's output, a noun's own sql.go, and the few packages of the
// ground that keep tables or tell the engines apart.
func mayHoldSQL(s source) bool {
	if s.name() == "sql.go" || s.name() == "query.sql.go" {
		return true
	}
	for _, dir := range []string{
		"internal/platform/db", "internal/platform/outbox", "internal/platform/limit", "internal/platform/once",
		"internal/testkit", "e2e", "tools",
	} {
		if within(s.pkg(), dir) {
			return true
		}
	}
	return false
}

// statement matches text that begins like SQL, after comments such as sqlc's
// "-- name:". Capitals only: "Update your address" is for people.
var statement = regexp.MustCompile(`^(?:\s*--[^\n]*\n)*\s*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE\s+TABLE|ALTER\s+TABLE|DROP\s+TABLE)\s`)

// readModule reads every Go file of the module at root, whatever its build tags.
func readModule(root string) ([]source, error) {
	var sources []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			base := d.Name()
			if rel != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir // as the go command does
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := read(rel, text)
		sources = append(sources, s)
		return err
	})
	return sources, err
}

// read takes out of one file what the fence wants to know.
func read(file string, text []byte) (source, error) {
	s := source{file: file}
	tree, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return s, err
	}
	for _, imp := range tree.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return s, err
		}
		if ours, ok := strings.CutPrefix(p, module); ok {
			s.imports = append(s.imports, ours)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				break
			}
			value, err := strconv.Unquote(n.Value)
			if m := statement.FindStringSubmatch(value); err == nil && m != nil {
				s.sql = append(s.sql, m[1])
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" {
				s.clock = s.clock || n.Sel.Name == "Now" || n.Sel.Name == "Since" || n.Sel.Name == "Until"
			}
		}
		return true
	})
	return s, nil
}
