//go:build !dev

package cli

// devCommands are what a dev build adds to the command line: nothing here (AD2).
type devCommands struct{}
