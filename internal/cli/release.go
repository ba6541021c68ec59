//go:build !dev

package cli

// devCommands are what a dev build adds to the command line: nothing here (AD2).
//
//lint:ignore U1000 kong reads it
type devCommands struct{}
