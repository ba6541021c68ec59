package cli

import (
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/platform/token"
)

type configCmd struct {
	Check     configCheck     `cmd:"" help:"Tell every fault of the settings, with file and line."`
	Print     configPrint     `cmd:"" help:"Print the settings in force and where each comes from; secrets are masked."`
	Reference configReference `cmd:"" help:"Print every setting with its meaning (Markdown)."`
	Sample    configSample    `cmd:"" help:"Print a commented settings file to begin with (YAML)."`
	Key       configKey       `cmd:"" help:"Print a new key, a line for the key file."`
}

type configCheck struct{ settings }

func (c *configCheck) Run(e *env) error {
	s, err := c.load(e, config.ForServe())
	if err != nil {
		return err
	}
	if _, err := token.Load(s.KeyFile); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, "The settings are good.")
	return err
}

type configPrint struct{ settings }

func (c *configPrint) Run(e *env) error {
	s, err := c.load(e)
	if err != nil {
		return err
	}
	return s.Print(e.out)
}

type configReference struct{}

func (configReference) Run(e *env) error { return config.Reference(e.out) }

type configSample struct{}

func (configSample) Run(e *env) error { return config.Sample(e.out) }

type configKey struct {
	ID string `help:"Name of the key: a-z, 0-9 and -; today's date if left out."`
}

func (c *configKey) Run(e *env) error {
	if c.ID == "" {
		c.ID = time.Now().UTC().Format("k20060102")
	}
	line := token.NewLine(c.ID)
	if _, err := token.Parse([]byte(line)); err != nil {
		return fmt.Errorf("--id: %w", err)
	}
	_, err := fmt.Fprint(e.out, line)
	return err
}
