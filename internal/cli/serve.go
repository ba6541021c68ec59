package cli

import (
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/server"
)

type serveCmd struct{ settings }

func (c *serveCmd) Run(e *env) error {
	s, err := c.load(e, config.ForServe())
	if err != nil {
		return err
	}
	log, err := logger(e.err, s.Log.Level)
	if err != nil {
		return err
	}
	keys, err := token.Load(s.KeyFile)
	if err != nil {
		return err
	}
	d, err := database(e, s)
	if err != nil {
		return err
	}
	defer d.Close()
	// Nothing is read or written before Run; pages and routes are made meanwhile.
	migrated := make(chan error, 1)
	go func() { migrated <- d.Migrate(e) }()
	carrier, err := server.NewSMTP(s, d.Now)
	if err != nil {
		return err
	}
	house, err := server.Build(e, server.Parts{Settings: s, DB: d, Keys: keys, Carrier: carrier, Log: log, Version: version()})
	if err != nil {
		return err
	}
	doors, err := house.Open(server.Extra{})
	if err != nil {
		return err
	}
	if err := <-migrated; err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return house.Run(e, doors, l, func() {
		time.AfterFunc(time.Second, debug.FreeOSMemory) // what only the start needed goes back
		log.Info("open", "listen", l.Addr().String(), "origin", s.Origin, "database", string(d.Engine), "version", version())
	})
}

type migrateCmd struct{ settings }

func (c *migrateCmd) Run(e *env) error {
	return c.withDatabase(e, func(d *db.DB) error {
		if err := d.Migrate(e); err != nil {
			return err
		}
		fmt.Fprintln(e.out, "The database is in this release's form.")
		return nil
	})
}

// withDatabase opens the configured database for one command.
func (c *settings) withDatabase(e *env, f func(*db.DB) error) error {
	s, err := c.load(e)
	if err != nil {
		return err
	}
	d, err := database(e, s)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(d)
}
