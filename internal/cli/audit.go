package cli

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/platform/db"
)

type auditCmd struct {
	Verify auditVerify `cmd:"" help:"Walk the whole chain and compare it with the anchors written outside."`
}

type auditVerify struct {
	settings
	Anchors string `help:"Anchor file; by default the one of the settings." type:"path" placeholder:"FILE"`
}

func (c *auditVerify) Run(e *env) error {
	if c.Anchors == "" {
		s, err := c.load(e)
		if err != nil {
			return err
		}
		c.Anchors = s.Audit.AnchorFile
	}
	anchors, err := readAnchors(c.Anchors)
	if err != nil {
		return err
	}
	return c.withDatabase(e, func(d *db.DB) error {
		n, err := audit.Verify(e, d.Reader(), anchors)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "The chain holds: %d entries, %d anchors.\n", n, len(anchors))
		return err
	})
}

// readAnchors reads lines of sequence number, hash and time; a damaged line is
// told, because an anchor that cannot be read protects nothing.
func readAnchors(path string) ([]audit.Head, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("anchor file: %w", err)
	}
	defer f.Close()
	var out []audit.Head
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var h audit.Head
		var hash, at string
		if _, err := fmt.Sscan(lines.Text(), &h.Seq, &hash, &at); err != nil {
			return nil, fmt.Errorf("anchor file line %d cannot be read", n)
		}
		if h.Hash, err = hex.DecodeString(hash); err != nil {
			return nil, fmt.Errorf("anchor file line %d cannot be read", n)
		}
		out = append(out, h)
	}
	return out, lines.Err()
}
