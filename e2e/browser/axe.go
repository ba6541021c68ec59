package browser

import (
	_ "embed"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeSource is axe-core 4.14.1, unchanged (MPL-2.0, testdata/axe.LICENSE.txt).
// It is used by tests alone and no part of the program.
//
//go:embed testdata/axe.min.js
var axeSource string

// axeRun asks for WCAG 2.2 at levels A and AA, and axe's own good practice.
const axeRun = `axe.run(document, {
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	resultTypes: ["violations"],
}).then(r => r.violations.map(v => ({
	rule: v.id, help: v.help,
	nodes: v.nodes.map(n => n.target.join(" ") + "  " + (n.any[0]?.message ?? n.html.slice(0, 160))),
})))`

// Axe checks the page for accessibility and fails the test on every violation.
// It needs a page with script.
func (p *Page) Axe() {
	p.t.Helper()
	if p.options.NoScript {
		p.t.Fatal("browser: axe needs script: check the same page in a browser that has it")
	}
	var violations []struct {
		Rule, Help string
		Nodes      []string
	}
	p.run("load axe", chromedp.Evaluate(axeSource, nil))
	p.Eval(axeRun, &violations)
	for _, v := range violations {
		p.t.Errorf("axe: %s (%s) on %s:\n\t%s", v.Rule, v.Help, p.URL(), strings.Join(v.Nodes, "\n\t"))
	}
}
