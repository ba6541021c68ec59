package cli

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/genkan/genkan/internal/domain/password"
)

type breachCmd struct {
	In  string `arg:"" help:"List to read: one password a line, or SHA-1:count lines; - for standard input."`
	Out string `arg:"" help:"Filter file to write." type:"path"`
}

func (c *breachCmd) Run(e *env) error {
	in := os.Stdin
	if c.In != "-" {
		f, err := os.Open(c.In)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	// Written beside and renamed, so that a running house never loads half of it.
	tmp, err := os.CreateTemp(filepath.Dir(c.Out), ".breach-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	w := bufio.NewWriter(tmp)
	n, err := password.BuildBreach(in, w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), c.Out)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%d passwords in %s.\n", n, filepath.Base(c.Out))
	return err
}
