package testkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Drawing reads the machine that docs/states.md draws under the heading title:
// from each state, which event leads where. The start is the state "[*]".
func Drawing(t testing.TB, title string) map[string]map[string]string {
	t.Helper()
	page := readDoc(t, "docs/states.md")
	_, section, ok := strings.Cut(page, "\n## "+title+"\n")
	if !ok {
		t.Fatalf("docs/states.md draws no %q", title)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	_, diagram, ok := strings.Cut(section, "```mermaid\nstateDiagram-v2\n")
	diagram, _, closed := strings.Cut(diagram, "```")
	if !ok || !closed {
		t.Fatalf("docs/states.md has no diagram of %q", title)
	}
	arrows := map[string]map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(diagram), "\n") {
		from, rest, ok1 := strings.Cut(strings.TrimSpace(line), " --> ")
		to, label, ok2 := strings.Cut(rest, ": ")
		if !ok1 || !ok2 {
			t.Fatalf("docs/states.md, %s: cannot read %q", title, line)
		}
		if arrows[from] == nil {
			arrows[from] = map[string]string{}
		}
		for _, event := range strings.Split(label, ", ") {
			if arrows[from][event] != "" {
				t.Errorf("docs/states.md, %s: %s leads from %s to two states", title, event, from)
			}
			arrows[from][event] = to
		}
	}
	return arrows
}

// readDoc reads a file of the module by its path from the root.
func readDoc(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
