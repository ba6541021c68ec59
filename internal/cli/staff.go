package cli

import (
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/staff"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

type staffCmd struct {
	Invite staffInvite `cmd:"" help:"Make the one-time token of the first administrator: 15 minutes, once, never again afterwards."`
}

type staffInvite struct{ settings }

func (c *staffInvite) Run(e *env) error {
	return c.withDatabase(e, func(d *db.DB) error {
		if err := d.Migrate(e); err != nil {
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
