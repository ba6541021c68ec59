// Package letter holds the texts of everything that Genkan mails, in Japanese
// and English, and turns one into a subject, a plain part and an HTML part.
//
// What every letter keeps to:
//   - The first sentence says who sends it and why; the code comes next, the
//     link after it, alone on its line; then until when, and what to do if it
//     was not you.
//   - The subject carries the time and never the code: subjects end up in mail
//     logs, bounces, refusals and on locked screens.
//   - One sentence says that staff never ask for a code or a password.
//   - Nothing that a stranger typed gets in (ASVS 5.0 1.3.11), and no address
//     but those in Data; links lead to Data.Origin only (RS4).
//   - The plain part is complete on its own, in lines that no mail program
//     breaks; the HTML part needs no picture and nothing from elsewhere.
package letter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"
)

// Languages that letters are written in.
const (
	Japanese = "ja"
	English  = "en"
)

// ErrIncomplete is returned by Render when Data lacks what the kind needs or
// holds a link that does not lead to its Origin.
var ErrIncomplete = errors.New("letter: data does not fit the kind")

//go:embed words/ja.tmpl words/en.tmpl layout.html.tmpl
var files embed.FS

// Data is what the words are filled with. Service, Origin and At are always
// needed; kinds.go says what else each kind needs.
type Data struct {
	Service    string // the operator's name for the service
	Origin     string // scheme and host, without a slash at the end: "https://id.example.jp"
	SupportURL string // where to reach a person; may be elsewhere; may be empty

	Code   string // digits, without a space
	Link   string // what the letter is for: continue, undo, veto
	Number string // the digits to type on the undo page

	Expires time.Time      // end of Code and Link
	At      time.Time      // when it was asked for, or happened
	Until   time.Time      // end of an undo, a hold or a wait
	Zone    *time.Location // of the times people read; nil is Japan's

	Browser string // "Safari, iPhone": from our own list, never the header itself
	Place   string // "Japan"
	Masked  string // the other address of a change, masked: "t•••@ex•••.jp"

	FreezeLink, SignInLink, RecoverLink, RegisterLink string

	Ordinal   int    // which mail of the same act this is, from 1; the number of tries in RecoveryAttemptFolded
	Reference string // code to tell support
}

// block is one piece of a letter, the same in both parts.
type block struct {
	Kind   string // p, h, li; fact, code, number, link; press
	Text   string // words, or the label of a value
	Value  string // of fact, code, number, link and press
	Button string // of press: what stands on the button
}

// Render writes the letter of the given kind. Any language but Japanese gets
// English. Errors: ErrIncomplete; anything else means a broken build.
func Render(kind Kind, lang string, d Data) (subject, text, html string, err error) {
	if lang != Japanese {
		lang = English
	}
	d = d.tidy()
	if err := d.check(kind); err != nil {
		return "", "", "", err
	}
	marked, err := fill(kind, lang, d)
	if err != nil {
		return "", "", "", err
	}
	subject, blocks, err := parse(marked)
	if err != nil {
		return "", "", "", fmt.Errorf("letter %s in %s: %w", kind, lang, err)
	}
	html, err = page(lang, subject, d, blocks)
	return subject, plain(lang, blocks), html, err
}

// fill puts d into the words. The outcome is the line format of parse.
func fill(kind Kind, lang string, d Data) (string, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return clock(lang, d.zone(), t) },
		"when":  func(t time.Time) string { return when(lang, d.zone(), t) },
	}).ParseFS(files, "words/"+lang+".tmpl")
	if err != nil {
		return "", fmt.Errorf("letter words: %w", err)
	}
	var out strings.Builder
	if err := t.ExecuteTemplate(&out, string(kind), d); err != nil {
		return "", fmt.Errorf("letter %s in %s: %w", kind, lang, err)
	}
	return out.String(), nil
}

// parse reads the line format of the words: "subject …" once, then a line for
// each block: its kind, a space, and the text; "label | value" where there is
// a value, and " | button" behind that for a press. Data cannot add a line, because tidy takes line ends out.
func parse(marked string) (subject string, blocks []block, err error) {
	for line := range strings.Lines(marked) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		kind, text, _ := strings.Cut(line, " ")
		switch kind {
		case "subject":
			subject = text
		case "p", "h", "li":
			blocks = append(blocks, block{Kind: kind, Text: text})
		case "fact", "code", "number", "link":
			label, value, ok := strings.Cut(text, " | ")
			if !ok {
				return "", nil, fmt.Errorf("no value in %q", kind)
			}
			blocks = append(blocks, block{Kind: kind, Text: label, Value: value})
		case "press":
			part := strings.Split(text, " | ")
			if len(part) != 3 {
				return "", nil, errors.New("a press needs label, value and button")
			}
			blocks = append(blocks, block{Kind: kind, Text: part[0], Value: part[1], Button: part[2]})
		default:
			return "", nil, fmt.Errorf("unknown block %q", kind)
		}
	}
	if subject == "" {
		return "", nil, errors.New("no subject")
	}
	return subject, blocks, nil
}

// page lays the blocks out as HTML. html/template escapes every value for the
// place it stands in.
func page(lang, subject string, d Data, blocks []block) (string, error) {
	t, err := htmltemplate.New("layout.html.tmpl").Funcs(htmltemplate.FuncMap{
		"groups": groups,
	}).ParseFS(files, "layout.html.tmpl")
	if err != nil {
		return "", fmt.Errorf("letter layout: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Lang, Subject, Service, Origin string
		Blocks                         []block
	}{lang, subject, d.Service, d.Origin, blocks})
	if err != nil {
		return "", fmt.Errorf("letter layout: %w", err)
	}
	return out.String(), nil
}

// groups splits digits for the eye: 123 456, 1234 5678.
func groups(code string) []string {
	n := 3
	if len(code)%4 == 0 && len(code) > 4 {
		n = 4
	}
	if len(code) <= 4 {
		return []string{code}
	}
	var out []string
	for len(code) > n {
		out, code = append(out, code[:n]), code[n:]
	}
	return append(out, code)
}
