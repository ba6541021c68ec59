package password

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/genkan/genkan/internal/domain/password/internal/fuse"
)

// Breach is the operator's list of leaked passwords (PW2). It is optional, read
// once and never changes. It finds every entry; of passwords that are not on
// it, it takes 1 in 65,536 for an entry, and that person is asked for another.
// It holds no passwords: 16 bits of a hash of each, unfit for getting them back.
type Breach struct{ set *fuse.Set }

// OpenBreach loads a file of BuildBreach into memory, about 2.3 bytes an entry,
// and verifies its checksum. Errors name the path and what is wrong.
func OpenBreach(path string) (*Breach, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breach list: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("breach list: %w", err)
	}
	set, err := fuse.Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("breach list %s: %w", path, err)
	}
	return &Breach{set: set}, nil
}

// Contains tells whether pw is on the list, as it stands: the caller normalises.
// A nil list contains nothing.
func (b *Breach) Contains(pw string) bool {
	return b != nil && b.set.Contains(fuse.Key(pw))
}

// Count is the number of entries, 0 for a nil list.
func (b *Breach) Count() uint64 {
	if b == nil {
		return 0
	}
	return b.set.Count()
}

// maxLine bounds a line of the source: the longest password, and some.
const maxLine = 64 << 10

// BuildBreach reads one entry a line from r, writes the list to w and gives the
// number of distinct entries. A line is a password, or 40 hex digits of its
// SHA-1, optionally with ":count" (the form of Pwned Passwords); the two may be
// mixed, with any line ends. It holds all entries in memory, about 50 bytes
// each while it builds: take the most frequent part of a larger source. No
// error repeats any of the text.
func BuildBreach(r io.Reader, w io.Writer) (int, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4096), maxLine)
	var keys []uint64
	for first := true; in.Scan(); first = false {
		keys = appendKeys(keys, in.Text(), first)
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return 0, fmt.Errorf("breach list: a line is longer than %d bytes", maxLine)
	}
	if err := in.Err(); err != nil {
		return 0, fmt.Errorf("breach list: read: %w", err)
	}
	n, err := fuse.Write(w, keys)
	if err != nil {
		return 0, fmt.Errorf("breach list: %w", err)
	}
	return n, nil
}

// appendKeys adds the entries of one line: a password in both the form it was
// leaked in and the form that Normalize gives, since Check asks for both.
func appendKeys(keys []uint64, line string, first bool) []uint64 {
	if first {
		line = strings.TrimPrefix(line, "\ufeff")
	}
	if line == "" {
		return keys
	}
	if sum, ok := parseSHA1(line); ok {
		return append(keys, fuse.KeyOfSHA1(sum))
	}
	keys = append(keys, fuse.Key(line))
	if n, err := Normalize(line); err == nil && n != line {
		keys = append(keys, fuse.Key(n))
	}
	return keys
}

func parseSHA1(line string) ([]byte, bool) {
	digits, count, _ := strings.Cut(line, ":")
	if len(digits) != 40 || strings.Trim(count, "0123456789 ") != "" {
		return nil, false
	}
	sum, err := hex.DecodeString(digits)
	return sum, err == nil
}
