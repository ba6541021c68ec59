// Command genkan is the account front door: it registers people, signs them in,
// and leads them back in.
package main

import (
	"os"

	"github.com/genkan/genkan/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }
