package i18n_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/platform/i18n"
)

// house is the folder of all packages, seen from here.
const house = "../.."

// texts are the forms of one message.
type texts []string

func readCatalog(t *testing.T, lang string) map[string]texts {
	t.Helper()
	raw, err := os.ReadFile("catalog/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	catalog := map[string]texts{}
	for key, value := range file {
		var one string
		if json.Unmarshal(value, &one) == nil {
			catalog[key] = texts{one}
			continue
		}
		var forms map[string]string
		if err := json.Unmarshal(value, &forms); err != nil {
			t.Fatalf("%s: %s: %v", lang, key, err)
		}
		for _, form := range forms {
			catalog[key] = append(catalog[key], form)
		}
	}
	return catalog
}

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func (x texts) placeholders() []string {
	var names []string
	for _, text := range x {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	ja, en := readCatalog(t, i18n.Japanese), readCatalog(t, i18n.English)
	for key, words := range ja {
		other, ok := en[key]
		if !ok {
			t.Errorf("%s: not in English", key)
			continue
		}
		if a, b := words.placeholders(), other.placeholders(); !slices.Equal(a, b) {
			t.Errorf("%s: arguments differ: ja %v, en %v", key, a, b)
		}
	}
	for key := range en {
		if _, ok := ja[key]; !ok {
			t.Errorf("%s: not in Japanese", key)
		}
	}
}

func TestNoTextIsEmptyOrRagged(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		for key, words := range readCatalog(t, lang) {
			if len(words) == 0 {
				t.Errorf("%s: %s: no text", lang, key)
			}
			for _, text := range words {
				if text == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s: %s: empty, or white space around %q", lang, key, text)
				}
				if strings.Count(text, "{{") != len(placeholder.FindAllString(text, -1)) {
					t.Errorf("%s: %s: more than plain arguments in %q", lang, key, text)
				}
			}
		}
	}
}

var (
	kana = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	// inTemplate finds the keys that a template asks for by name.
	inTemplate = regexp.MustCompile(`(?:\bt|"label"|"hint"|"press") "([^"]+)"`)
	// byPrefix finds the first part of keys that a template puts together.
	byPrefix = regexp.MustCompile(`\bt \(print "([^"]+)"`)
	quoted   = regexp.MustCompile(`"([^"\s]+)"`)
)

func TestEnglishHoldsNoJapanese(t *testing.T) {
	t.Parallel()
	for key, words := range readCatalog(t, i18n.English) {
		if key != "frame.switch" && kana.MatchString(strings.Join(words, "")) {
			t.Errorf("%s: Japanese letters in the English text %q", key, words)
		}
	}
	for key, words := range readCatalog(t, i18n.Japanese) {
		if key != "frame.switch" && !kana.MatchString(strings.Join(words, "")) {
			t.Errorf("%s: no Japanese letters in %q", key, words)
		}
	}
}

// sources reads the house's templates and Go files, without tests.
func sources(t *testing.T, ext string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(house, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ext || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		files[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func pages(t *testing.T) map[string]string {
	all := sources(t, ".html")
	for path := range all {
		// Letters have templates of their own, with the words in them.
		if !strings.Contains(path, "/surface/") {
			delete(all, path)
		}
	}
	if len(all) == 0 {
		t.Fatal("no templates found: is the path right?")
	}
	return all
}

func TestTemplatesAskForWordsThatExist(t *testing.T) {
	t.Parallel()
	ja := readCatalog(t, i18n.Japanese)
	for path, text := range pages(t) {
		for _, m := range inTemplate.FindAllStringSubmatch(text, -1) {
			if _, ok := ja[m[1]]; !ok {
				t.Errorf("%s: no words for %q", path, m[1])
			}
		}
	}
}

func TestNoWordsWithoutUse(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	var prefixes []string
	for _, text := range pages(t) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range byPrefix.FindAllStringSubmatch(text, -1) {
			prefixes = append(prefixes, m[1])
		}
	}
	for _, text := range sources(t, ".go") {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
	}
	for key := range readCatalog(t, i18n.Japanese) {
		if used[key] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			continue
		}
		code, isCause := strings.CutPrefix(key, "cause.")
		if dot := strings.LastIndexByte(code, '.'); isCause && used[code[:dot]] {
			continue
		}
		t.Errorf("%s: nothing uses these words", key)
	}
}

// TestEveryRefusalHasWords holds the codes that Go code refuses with to a title:
// without it people would read the words of "unknown", which blame the house.
func TestEveryRefusalHasWords(t *testing.T) {
	t.Parallel()
	ja := readCatalog(t, i18n.Japanese)
	for path, text := range sources(t, ".go") {
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			continue // somebody is at work on it; the compiler will say so
		}
		ast.Inspect(file, func(n ast.Node) bool {
			code := refusal(n)
			if _, ok := ja["cause."+code+".title"]; code != "" && !ok {
				t.Errorf("%s: no words for the refusal %q", path, code)
			}
			return true
		})
	}
}

// refusal gives the code of fault.New(kind, code) and fault.Field(field, code, args).
func refusal(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || (sel.Sel.Name != "New" && sel.Sel.Name != "Field") {
		return ""
	}
	if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "fault" {
		return ""
	}
	lit, ok := call.Args[1].(*ast.BasicLit)
	if !ok {
		return ""
	}
	code, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return code
}
