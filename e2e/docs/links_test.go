package docs

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

var (
	linkText  = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
)

// deadLinks gives the relative links of a document that lead nowhere in tree.
func deadLinks(tree fs.FS, docs map[string]string) []string {
	var dead []string
	for file, text := range docs {
		text = codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(text, ""), "")
		for _, m := range linkText.FindAllStringSubmatch(text, -1) {
			link := m[1] + m[2]
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			to, anchor, _ := strings.Cut(link, "#")
			target := file
			if to != "" {
				target = path.Join(path.Dir(file), to)
			}
			if _, err := fs.Stat(tree, target); err != nil {
				dead = append(dead, file+": "+link)
				continue
			}
			if anchor != "" && !hasAnchor(tree, target, anchor) {
				dead = append(dead, file+": "+link+" (no such heading)")
			}
		}
	}
	return dead
}

func hasAnchor(tree fs.FS, file, anchor string) bool {
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return false
	}
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
		if slug(m[1]) == anchor {
			return true
		}
	}
	return false
}

// slug is the anchor that GitHub gives a heading: lower case, blanks become
// hyphens, everything but letters, digits, hyphens and underscores goes.
func slug(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

func TestRelativeLinksResolve(t *testing.T) {
	t.Parallel()
	for _, dead := range deadLinks(repository(), files(t, repository(), ".md")) {
		t.Error(dead)
	}
}

func TestDeadLinksAreFound(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"a.md": {Data: []byte("# A\n\n## What is left\n\n```\n# not a heading\n```\n")}, "d/b.md": {}, "p.png": {}}
	for text, want := range map[string]string{
		"[x](a.md) [x](./d/b.md) ![x](p.png)": "",
		"[x](a.md#what-is-left)":              "",
		"[x](https://example.org/nowhere)":    "",
		"`[x](nowhere.md)`":                   "",
		"```\n[x](nowhere.md)\n```":           "",
		"[x](nowhere.md)":                     "doc.md: nowhere.md",
		"[x](a.md#not-a-heading)":             "doc.md: a.md#not-a-heading (no such heading)",
		`<img src="nowhere.png">`:             "doc.md: nowhere.png",
		"[x](../a.md)":                        "doc.md: ../a.md",
	} {
		if got := strings.Join(deadLinks(tree, map[string]string{"doc.md": text}), "; "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
