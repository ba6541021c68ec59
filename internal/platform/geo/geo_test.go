package geo

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oschwald/maxminddb-golang"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	country := write(t, database(map[string]any{"country": map[string]any{"iso_code": "JP"}}))
	network := write(t, database(map[string]any{
		"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Beispiel\x1b[31m Netz" + strings.Repeat("あ", 99),
	}))
	p, err := Open(country, network)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"1.2.3.4", "::ffff:1.2.3.4", "127.0.0.1"} {
		c, n := p.Lookup(netip.MustParseAddr(known))
		if c != "JP" || !strings.HasPrefix(n, "Beispiel[31m Netzあ") || len(n) > maxName {
			t.Errorf("%s: %q %q", known, c, n)
		}
	}
	for _, unknown := range []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1%eth0"), {}} {
		if c, n := p.Lookup(unknown); c != "" || n != "" {
			t.Errorf("%s: %q %q", unknown, c, n)
		}
	}
}

func TestNumberStandsInForAName(t *testing.T) {
	t.Parallel()
	p, err := Open("", write(t, database(map[string]any{"autonomous_system_number": uint32(64500)})))
	if err != nil {
		t.Fatal(err)
	}
	if c, n := p.Lookup(netip.MustParseAddr("1.2.3.4")); c != "" || n != "AS64500" {
		t.Errorf("%q %q", c, n)
	}
}

// Whatever is wrong with the files, the answer is empty and nothing panics.
func TestBadFilesGiveEmptyAnswers(t *testing.T) {
	t.Parallel()
	good := database(map[string]any{"country": map[string]any{"iso_code": "JP"}})
	odd := map[string]string{
		"missing":    filepath.Join(t.TempDir(), "missing.mmdb"),
		"empty":      write(t, nil),
		"text":       write(t, []byte("not a database")),
		"no tree":    write(t, good[30:]),
		"wrong type": write(t, database(map[string]any{"country": "Japan"})),
		"long code":  write(t, database(map[string]any{"country": map[string]any{"iso_code": "<b>"}})),
	}
	for what, path := range odd {
		p, err := Open(path, path)
		if err == nil && what != "wrong type" && what != "long code" {
			t.Errorf("%s: no error", what)
		}
		if c, n := p.Lookup(netip.MustParseAddr("1.2.3.4")); c != "" || n != "" {
			t.Errorf("%s: %q %q", what, c, n)
		}
	}
	var none *Places
	if c, n := none.Lookup(netip.MustParseAddr("1.2.3.4")); c != "" || n != "" {
		t.Errorf("nil: %q %q", c, n)
	}
}

// Files come over the network and disks fail: 20,000 damaged ones, no panic.
func TestDamagedFilesDoNotPanic(t *testing.T) {
	t.Parallel()
	good := database(map[string]any{"country": map[string]any{"iso_code": "JP"}})
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		raw := bytes.Clone(good)
		for range 1 + r.IntN(3) {
			raw[r.IntN(len(raw))] = byte(r.Uint32())
		}
		db, err := maxminddb.FromBytes(raw)
		if err != nil {
			continue
		}
		p := &Places{country: db, network: db}
		p.Lookup(netip.MustParseAddr("1.2.3.4"))
		p.Lookup(netip.MustParseAddr("2001:db8::1"))
	}
}

func write(t *testing.T, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// database writes the smallest IPv4 database of MaxMind's format 2.0: one node,
// whose left half (0.0.0.0/1) has the entry and whose right half has none.
func database(entry map[string]any) []byte {
	const nodes, separator = 1, 16
	tree := []byte{0, 0, nodes + separator, 0, 0, nodes} // left: data at 0, right: nothing
	out := append(tree, make([]byte, separator)...)
	out = append(out, encode(entry)...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return append(out, encode(map[string]any{
		"binary_format_major_version": uint32(2), "binary_format_minor_version": uint32(0),
		"build_epoch": uint32(1), "database_type": "Test", "ip_version": uint32(4),
		"node_count": uint32(nodes), "record_size": uint32(24),
	})...)
}

// encode writes a value of the format's data section: type in the upper three
// bits, size in the lower five, longer sizes in the next byte.
func encode(v any) []byte {
	control := func(kind, size int) []byte {
		switch {
		case size < 29:
			return []byte{byte(kind<<5 | size)}
		case size < 29+256:
			return []byte{byte(kind<<5 | 29), byte(size - 29)}
		default:
			return binary.BigEndian.AppendUint16([]byte{byte(kind<<5 | 30)}, uint16(size-285))
		}
	}
	switch v := v.(type) {
	case string:
		return append(control(2, len(v)), v...)
	case uint32:
		return binary.BigEndian.AppendUint32(control(6, 4), v)
	case map[string]any:
		out := control(7, len(v))
		for k, x := range v {
			out = append(append(out, encode(k)...), encode(x)...)
		}
		return out
	}
	panic("unknown type")
}
