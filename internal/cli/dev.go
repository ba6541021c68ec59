//go:build dev

package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/dev"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/server"
)

// devCommands are what a dev build adds to the command line.
type devCommands struct {
	Dev devCmd `cmd:"" help:"A working house on this machine: throwaway data, sample people, caught mail."`
}

type devCmd struct{ settings }

func (c *devCmd) Run(e *env) error {
	listen := c.Listen
	if listen == "" {
		listen = "127.0.0.1:8080"
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w (another address: --listen 127.0.0.1:8081)", err)
	}
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "genkan-dev-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Data)
	}
	s, err := c.load(e, devSettings(l.Addr().(*net.TCPAddr).Port)...)
	if err != nil {
		return err
	}
	return c.open(e, s, l)
}

// devSettings are what a dev house has in place of a settings file.
func devSettings(port int) []config.Option {
	set := func(path, value string) config.Option { return config.Set(path, value, "genkan dev") }
	return []config.Option{
		set("origin", fmt.Sprintf("http://localhost:%d", port)),
		set("service.name", "Genkan"), set("service.name_ja", "げんかん"),
		set("smtp.from", "no-reply@genkan.example"), set("service.support_mail", "help@genkan.example"), set("metrics.listen", ""),
	}
}

func (c *devCmd) open(e *env, s *config.Settings, l net.Listener) error {
	log, err := logger(e.err, s.Log.Level)
	if err != nil {
		return err
	}
	keys, err := devKeys(filepath.Join(s.Data, "keys"))
	if err != nil {
		return err
	}
	world := &dev.World{Clock: &dev.Clock{}, Mailbox: &dev.Mailbox{}}
	d, err := database(e, s)
	if err != nil {
		return err
	}
	defer d.Close()
	d.Now = world.Clock.Now
	if err := d.Migrate(e); err != nil {
		return err
	}
	house, err := server.Build(e, server.Parts{Settings: s, DB: d, Keys: keys, Carrier: world, Log: log, Version: version()})
	if err != nil {
		return err
	}
	world.Attach(house)
	if err := world.Settle(e); err != nil {
		return err
	}
	doors, err := house.Open(world.Extra())
	if err != nil {
		return err
	}
	return house.Run(e, doors, l, func() { c.greet(e, s, d, world) })
}

// devKeys keeps one key beside throwaway data, so that --data can be opened
// again.
func devKeys(path string) (*token.Keyring, error) {
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, []byte(token.NewLine("dev")), 0o600); err != nil {
			return nil, err
		}
	}
	return token.Load(path)
}

func (c *devCmd) greet(e *env, s *config.Settings, d *db.DB, w *dev.World) {
	fmt.Fprintf(e.out, "\n  Genkan is open.\n\n  The door     %s\n  Mailbox      %s/dev/mailbox\n  All pages    %s/dev/gallery\n  Database     %s\n\n  Sample people\n",
		s.Origin, s.Origin, s.Origin, d.Engine)
	for _, p := range w.People {
		fmt.Fprintf(e.out, "  %-20s %-26s %s\n", p.Email, p.Password, p.Note)
	}
	fmt.Fprint(e.out, "\n  Stop with Ctrl-C.\n\n")
}
