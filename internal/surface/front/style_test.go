package front

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var colour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`)

// schemes reads the colours of the light and the dark scheme.
func schemes(t *testing.T) (light, dark map[string]float64) {
	t.Helper()
	css, err := fs.ReadFile(StaticFiles(), "genkan.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(css), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d colour schemes", len(blocks))
	}
	read := func(block string) map[string]float64 {
		m := map[string]float64{}
		for _, c := range colour.FindAllStringSubmatch(block, -1) {
			m[c[1]] = luminance(t, c[2])
		}
		return m
	}
	return read(blocks[0][1]), read(blocks[1][1])
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = strings.Repeat(hex[:1], 2) + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:], 2)
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

// TestContrast: text 4.5:1 (WCAG 1.4.3), edges of controls and focus rings 3:1
// (1.4.11), in both schemes, whatever pair the pages put together.
func TestContrast(t *testing.T) {
	t.Parallel()
	light, dark := schemes(t)
	for name, scheme := range map[string]map[string]float64{"light": light, "dark": dark} {
		check := func(least float64, fronts, grounds string) {
			for f := range strings.FieldsSeq(fronts) {
				for g := range strings.FieldsSeq(grounds) {
					a, okA := scheme[f]
					b, okB := scheme[g]
					if !okA || !okB {
						t.Fatalf("%s: no colour %s or %s", name, f, g)
					}
					if r := (max(a, b) + 0.05) / (min(a, b) + 0.05); r < least {
						t.Errorf("%s: %s on %s is %.2f:1, wanted %.1f", name, f, g, r, least)
					}
				}
			}
		}
		check(4.5, "ink soft ai ai-deep", "paper sheet ai-wash shu-wash")
		check(4.5, "shu", "sheet shu-wash")
		check(4.5, "on-ai", "ai ai-deep")
		check(3, "edge", "sheet ai-wash")
	}
}
