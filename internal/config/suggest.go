package config

import (
	"strconv"
	"strings"
	"unicode"
)

func itoa(n int) string { return strconv.Itoa(n) }

// shortKey makes a key fit for a message: bounded, without control characters.
func shortKey(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return s
}

// suggest names the setting that was probably meant: one that is spelt nearly
// alike in the same section, or the same key elsewhere.
func (s schema) suggest(prefix, key string) string {
	best, dist := "", 3
	for _, k := range s.keys[prefix] {
		if k == key+"_file" { // a secret where its path belongs
			return ": put it into a file and name that in " + join(prefix, k)
		}
		if d := distance(k, key); d < dist {
			best, dist = join(prefix, k), d
		}
	}
	if best == "" {
		for _, f := range s.leaves {
			if f.path == key || strings.HasSuffix(f.path, "."+key) {
				best = f.path
				break
			}
		}
	}
	if best == "" {
		return ": remove it, or see docs/settings.md"
	}
	return ": did you mean " + best + "?"
}

func (s schema) suggestEnv(name string) string {
	best, dist := "", 4
	for _, f := range s.leaves {
		if envName(f.path) == name+"_FILE" {
			return ": put it into a file and name that in " + envName(f.path)
		}
		if d := distance(envName(f.path), name); d < dist {
			best, dist = envName(f.path), d
		}
	}
	if best == "" {
		return ": unset it, or see docs/settings.md"
	}
	return ": did you mean " + best + "?"
}

// distance counts the letters to change, add or drop (Levenshtein).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
