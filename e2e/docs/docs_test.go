// Package docs holds the documents to what they say: links lead somewhere, tests
// that are named exist, requirements that the code cites are listed, and the
// statements of the operator's guide run.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// repository is the tree's root, seen from this folder.
func repository() fs.FS { return os.DirFS("../..") }

// files gives the text of every file whose name ends with one of ends, by path.
// Folders that hold other people's or made things are left out.
func files(t *testing.T, tree fs.FS, ends ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (name[0] == '.' || slices.Contains([]string{"testdata", "bin", "dist", "node_modules"}, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains(ends, filepath.Ext(path)) {
			return nil
		}
		text, err := fs.ReadFile(tree, path)
		out[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// row is one line of the table of requirements.
type row struct {
	id, state string
	tests     []named
}

// named is a test that a row names.
type named struct{ file, test string }

var (
	idText      = regexp.MustCompile(`^(?:PW|EN|TH|SE|WB|TO|SM|PK|RC|RS|FR|FZ|SU|AG|OP|FA|LG|KY|AD|NS|CO|DU)\d{1,2}$`)
	idInText    = regexp.MustCompile(`\b(?:PW|EN|TH|SE|WB|TO|SM|PK|RC|RS|FR|FZ|SU|AG|OP|FA|LG|KY|AD|NS|CO|DU)[1-9]\d?\b`)
	inBackticks = regexp.MustCompile("`([^`]+)`")
)

// readRows reads the rows of docs/standards.md: id, requirement, state, tests,
// note. In the fourth column a file name holds for the tests that follow it.
func readRows(text string) []row {
	var out []row
	for line := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) < 6 || !idText.MatchString(cells[1]) {
			continue
		}
		r := row{id: cells[1], state: cells[3]}
		file := ""
		for _, m := range inBackticks.FindAllStringSubmatch(cells[4], -1) {
			if strings.HasSuffix(m[1], ".go") {
				file = m[1]
				continue
			}
			r.tests = append(r.tests, named{file, m[1]})
		}
		out = append(out, r)
	}
	return out
}

// faultsOf tells what is wrong with rows, given the tree's Go files.
func faultsOf(rows []row, source map[string]string) []string {
	var faults []string
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.id] {
			faults = append(faults, r.id+" stands twice")
		}
		seen[r.id] = true
		switch {
		case !slices.Contains([]string{"done", "partly", "not yet"}, r.state):
			faults = append(faults, r.id+" has the unknown state "+r.state)
		case r.state == "done" && len(r.tests) == 0:
			faults = append(faults, r.id+" is done without a test")
		}
		for _, n := range r.tests {
			text, ok := source[n.file]
			if !ok || !strings.HasSuffix(n.file, "_test.go") {
				faults = append(faults, r.id+" names the file "+n.file+", which is no test file here")
			} else if !strings.Contains(text, "\nfunc "+n.test+"(") {
				faults = append(faults, r.id+" names "+n.test+", which is not in "+n.file)
			}
		}
	}
	return faults
}

func TestStandardsNameRealTests(t *testing.T) {
	t.Parallel()
	rows := readRows(read(t, "docs/standards.md"))
	if len(rows) != 123 {
		t.Errorf("%d requirements are listed, 123 there are", len(rows))
	}
	for _, f := range faultsOf(rows, files(t, repository(), ".go")) {
		t.Error(f)
	}
}

func TestWrongStandardsAreFound(t *testing.T) {
	t.Parallel()
	source := map[string]string{"a/a_test.go": "package a\n\nfunc TestA(t *testing.T) {}\n", "a/a.go": "\nfunc TestB() {}\n"}
	for line, want := range map[string]string{
		"| PW1 | x | done | `a/a_test.go` `TestA` | |":                            "",
		"| PW1 | x | not yet | | why |":                                           "",
		"| PW1 | x | done | | |":                                                  "without a test",
		"| PW1 | x | nearly | | |":                                                "unknown state",
		"| PW1 | x | done | `a/a_test.go` `TestC` | |":                            "not in a/a_test.go",
		"| PW1 | x | done | `a/b_test.go` `TestA` | |":                            "no test file",
		"| PW1 | x | done | `a/a.go` `TestB` | |":                                 "no test file",
		"| PW1 | x | done | `TestA` | |":                                          "no test file",
		"| PW1 | x | not yet | | |\n| PW1 | x | done | `a/a_test.go` `TestA` | |": "stands twice",
	} {
		got := strings.Join(faultsOf(readRows(line), source), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestCitedStandardsAreListed finds requirement ids and RFCs that the program
// cites and docs/standards.md does not list. Tests may cite more.
func TestCitedStandardsAreListed(t *testing.T) {
	t.Parallel()
	standards := read(t, "docs/standards.md")
	listed := map[string]bool{}
	for _, r := range readRows(standards) {
		listed[r.id] = true
	}
	rfc := regexp.MustCompile(`\bRFC (\d{3,5})\b`)
	for path, text := range files(t, repository(), ".go", ".sql", ".js", ".css", ".html", ".md") {
		for _, id := range idInText.FindAllString(text, -1) {
			if !listed[id] {
				t.Errorf("%s cites %s, which docs/standards.md does not list", path, id)
			}
		}
		if filepath.Ext(path) == ".md" || strings.HasSuffix(path, "_test.go") || !strings.HasPrefix(path, "internal/") && !strings.HasPrefix(path, "whois/") {
			continue
		}
		for _, m := range rfc.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(standards, "RFC "+m[1]) {
				t.Errorf("%s cites RFC %s: add it to the list at the end of docs/standards.md", path, m[1])
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := fs.ReadFile(repository(), path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
