package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// stored is a parsed string of Hasher.Hash.
type stored struct {
	params Params
	keyID  string
	salt   []byte
	mac    []byte
}

const prefix = "$argon2id$v=19$"

// encode writes the PHC string format: base64 without padding, parameters in
// the order of the reference implementation, keyid last.
func (h *Hasher) encode(keyID string, salt, mac []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%sm=%d,t=%d,p=1,keyid=%s$%s$%s", prefix,
		h.params.MemoryKiB, h.params.Passes, keyID, b64.EncodeToString(salt), b64.EncodeToString(mac))
}

var errEncoded = errors.New("stored hash: not a string of this program")

// parseEncoded accepts what encode writes and nothing else, and bounds the work
// that the string asks for before anybody does it (PW4): a planted row must not
// be able to ask for gigabytes.
func parseEncoded(s string) (stored, error) {
	rest, ok := strings.CutPrefix(s, prefix)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 || strings.ContainsAny(s, "\r\n") { // base64 skips line ends
		return stored{}, errEncoded
	}
	out, err := parseParams(parts[0])
	if err != nil {
		return stored{}, err
	}
	b64 := base64.RawStdEncoding.Strict()
	var errSalt, errMac error
	out.salt, errSalt = b64.DecodeString(parts[1])
	out.mac, errMac = b64.DecodeString(parts[2])
	if errSalt != nil || errMac != nil || len(out.salt) != saltLen || len(out.mac) != macLen {
		return stored{}, errEncoded
	}
	return out, nil
}

func parseParams(s string) (stored, error) {
	f := strings.Split(s, ",")
	if len(f) != 4 || f[2] != "p=1" {
		return stored{}, errEncoded
	}
	m, okM := parseCost(f[0], "m=")
	t, okT := parseCost(f[1], "t=")
	id, okID := strings.CutPrefix(f[3], "keyid=")
	if !okM || !okT || !okID || !validKeyID(id) {
		return stored{}, errEncoded
	}
	// A hash below today's floor is still checked, and is stale: insecure only
	// lifts the floor, never the bound above.
	p := Params{MemoryKiB: m, Passes: t, insecure: true}
	if err := p.check(); err != nil {
		return stored{}, fmt.Errorf("stored hash: %w", err)
	}
	return stored{params: p, keyID: id}, nil
}

func parseCost(s, name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok || digits == "" || digits[0] == '0' || digits[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil
}

// validKeyID follows the PHC format's characters of a value, without + and /.
func validKeyID(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
