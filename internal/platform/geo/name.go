package geo

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// CountryName gives the name of an ISO 3166-1 country in Japanese ("ja") or
// English: "日本", "Japan". What is no country is given back as it is.
func CountryName(code, lang string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	names := display.Regions(language.English)
	if lang == "ja" {
		names = display.Regions(language.Japanese)
	}
	if name := names.Name(region); name != "" {
		return name
	}
	return code
}
