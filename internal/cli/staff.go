package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/staff"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

type staffCmd struct {
	Invite staffInvite `cmd:"" help:"Make the one-time token of the first administrator: 15 minutes, once, never again afterwards."`
}

type staffInvite struct{ settings }

func (c *staffInvite) Run(e *env) error {
	s, err := c.load(e)
	if err != nil {
		return err
	}
	anchors, err := readAnchors(s.Audit.AnchorFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // none is written before the first act
		return err
	}
	return c.withDatabase(e, func(d *db.DB) error {
		if err := d.Migrate(e); err != nil {
			return err
		}
		// A database of a time before the first administrator, put back by a
		// restore, does not know that this way is closed: the anchors do (AD1).
		if _, err := audit.Verify(e, d.Reader(), anchors); errors.Is(err, audit.ErrBroken) {
			return fmt.Errorf("this database is not the one that its anchors tell of (%w): there may have been a first administrator already, so this way stays closed", err)
		} else if err != nil {
			return err
		}
		secret, until, err := staff.Invite(e, d)
		if fault.Is(err, "staff.closed") {
			return fmt.Errorf("there has been a first administrator already; this way is closed for good")
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "Token of the first administrator, good once, until %s:\n%s\n", until.Local().Format(time.TimeOnly), secret)
		return err
	})
}
