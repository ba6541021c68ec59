// Package geo says roughly where a network address is: its country and the
// network it belongs to, from database files in MaxMind's format that the
// operator supplies. Without a file it says nothing, and nothing depends on
// it: the answer only helps a person recognise a session.
package geo

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang"
)

// maxFile bounds what is loaded; the largest free databases are a quarter of it.
const maxFile = 256 << 20

// maxName bounds a network's name, in bytes.
const maxName = 64

// Places answers from up to two database files. nil and the zero value know
// no place. It is safe for concurrent use.
type Places struct{ country, network *maxminddb.Reader }

// Open loads a country database (GeoLite2-Country, GeoLite2-City or DB-IP's
// equivalents) and a network database (GeoLite2-ASN or its like). An empty
// path means none.
//
// The Places are usable whatever the error: a file that is missing or broken
// gives empty answers and is named in the error, for the caller to warn about.
//
// Files are read into memory. Mapping them would be lighter, but a file that
// is cut while it is being replaced would then end the process (SIGBUS).
func Open(countryFile, networkFile string) (*Places, error) {
	country, err := load(countryFile)
	network, err2 := load(networkFile)
	p := &Places{country: country, network: network}
	if err != nil {
		return p, fmt.Errorf("country database: %w", err)
	}
	if err2 != nil {
		return p, fmt.Errorf("network database: %w", err2)
	}
	return p, nil
}

func load(path string) (*maxminddb.Reader, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	db, err := maxminddb.FromBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return db, nil
}

// Lookup gives the country as two capital letters (ISO 3166-1) and the name of
// the network, each empty when not known.
func (p *Places) Lookup(addr netip.Addr) (country, network string) {
	if p == nil || !addr.IsValid() {
		return "", ""
	}
	ip := addr.Unmap().WithZone("").AsSlice()
	var where struct {
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	// A broken entry is no answer: the place is a help, never a condition.
	if p.country != nil && p.country.Lookup(ip, &where) == nil {
		country = code(where.Country.Code)
	}
	var whose struct {
		Number uint   `maxminddb:"autonomous_system_number"`
		Name   string `maxminddb:"autonomous_system_organization"`
	}
	if p.network != nil && p.network.Lookup(ip, &whose) == nil {
		network = name(whose.Name)
		if network == "" && whose.Number > 0 {
			network = fmt.Sprintf("AS%d", whose.Number)
		}
	}
	return country, network
}

// code accepts two ASCII letters.
func code(s string) string {
	if len(s) != 2 || strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return strings.ToUpper(s)
}

// name makes a text from a file fit for a page and a log line.
func name(s string) string {
	if len(s) > maxName {
		s = s[:maxName]
		for !utf8.ValidString(s) && s != "" {
			s = s[:len(s)-1]
		}
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}
