// Package i18n holds the words of the house in Japanese and English.
//
// Words live in catalog/ja.json and catalog/en.json: flat keys, each a sentence
// or a set of plural forms, with {{.Name}} for arguments. A test holds both
// files to the same keys and arguments, and to use in templates and code.
// Nothing else of the house may contain a sentence for people.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalog/*.json
var catalogs embed.FS

// Languages of the house; the first is the one that beginners meet most.
const (
	Japanese = "ja"
	English  = "en"
)

// Langs gives the languages, in the order of the switch.
func Langs() []string { return []string{Japanese, English} }

// Other gives the language that the switch on a page in lang offers.
func Other(lang string) string {
	if lang == Japanese {
		return English
	}
	return Japanese
}

// Options of a catalogue; the zero value is fit for use.
type Options struct {
	Dev  bool           // a missing key is shown as a marker instead of covered up
	Zone *time.Location // zone of the times people read; nil is Japan's
}

// Catalog answers keys with words. It is safe for use by many goroutines.
type Catalog struct {
	dev       bool
	zone      *time.Location
	plain     map[string]map[string]string // by language and key: texts without arguments
	localizer map[string]*goi18n.Localizer
}

// New loads the embedded catalogues. An error means that the build is broken.
func New(o Options) (*Catalog, error) {
	c := &Catalog{dev: o.Dev, zone: o.Zone, plain: map[string]map[string]string{}, localizer: map[string]*goi18n.Localizer{}}
	if c.zone == nil {
		// A fixed zone: Japan has no summer time, and a small image may have no zone files.
		c.zone = time.FixedZone("JST", 9*60*60)
	}
	bundle := goi18n.NewBundle(language.English)
	for _, lang := range Langs() {
		name := "catalog/" + lang + ".json"
		raw, err := catalogs.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		file, err := bundle.ParseMessageFileBytes(raw, name)
		if err != nil {
			return nil, fmt.Errorf("parse catalogue %s: %w", name, err)
		}
		c.plain[lang] = plainTexts(file.Messages)
		c.localizer[lang] = goi18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

// plainTexts keeps the messages that need no work at all: most of a page.
func plainTexts(messages []*goi18n.Message) map[string]string {
	plain := make(map[string]string, len(messages))
	for _, m := range messages {
		if m.One == "" && !strings.Contains(m.Other, "{{") {
			plain[m.ID] = m.Other
		}
	}
	return plain
}

// T gives the words of key in lang. The argument "Count" (an int) chooses the
// plural form. A missing key is the English text, then the key itself; in dev it
// is a visible marker.
func (c *Catalog) T(lang, key string, args map[string]any) string {
	if text, ok := c.plain[lang][key]; ok {
		return text
	}
	text, err := c.localize(lang, key, args)
	switch {
	case err == nil:
		return text
	case c.dev:
		return "⟦" + key + "⟧"
	case text != "": // go-i18n fell back to English
		return text
	}
	if text, err = c.localize(English, key, args); err == nil {
		return text
	}
	return key
}

func (c *Catalog) localize(lang, key string, args map[string]any) (string, error) {
	l, ok := c.localizer[lang]
	if !ok {
		l = c.localizer[English]
	}
	cfg := &goi18n.LocalizeConfig{MessageID: key, TemplateData: args}
	if n, ok := args["Count"]; ok {
		cfg.PluralCount = n
	}
	return l.Localize(cfg)
}

// Has tells whether key has words in lang.
func (c *Catalog) Has(lang, key string) bool {
	if _, ok := c.plain[lang][key]; ok {
		return true
	}
	_, err := c.localize(lang, key, map[string]any{})
	return err == nil
}

// Keys gives every key of lang, sorted. It reads the file again: for tests and tools.
func Keys(lang string) ([]string, error) {
	raw, err := catalogs.ReadFile("catalog/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("parse catalogue %s: %w", lang, err)
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys, nil
}
