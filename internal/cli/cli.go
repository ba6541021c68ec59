// Package cli is the command line: one file for each subcommand.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/obs"
)

// commands is the whole command line; kong reads it.
type commands struct {
	//lint:ignore U1000 kong reads it
	devCommands

	Serve   serveCmd   `cmd:"" help:"Open the doors: serve people, applications and jobs until stopped."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this release's form. Serve does so by itself."`
	Config  configCmd  `cmd:"" help:"Check, print and explain settings; make keys."`
	Staff   staffCmd   `cmd:"" help:"Staff of the house."`
	Audit   auditCmd   `cmd:"" help:"The chained record of who did what."`
	Breach  breachCmd  `cmd:"" help:"Make a filter file of breached passwords for password.breach_filter."`
	Bench   benchCmd   `cmd:"" help:"Measure this machine and this release: puzzle."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// env is what commands get from the process.
type env struct {
	context.Context
	environ []string
	out     io.Writer
	err     io.Writer
}

// Main runs the command line and gives the exit code: 0, 1 for a failure, 2 for
// words that are no command.
func Main(args, environ []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("genkan"), kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.Description("The account front door: register, sign in, get back in. docs/operator.md says more."), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(errOut, "genkan:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	run, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintln(errOut, "genkan:", err)
		return 2
	}
	if err := run.Run(&env{ctx, environ, out, errOut}); err != nil {
		fmt.Fprintln(errOut, "genkan:", err)
		return 1
	}
	return 0
}

// settings are the flags that every command with settings has.
type settings struct {
	Config      string `help:"Settings file (YAML)." type:"path" placeholder:"FILE"`
	Listen      string `help:"Address and port to answer on." placeholder:"ADDR"`
	Data        string `help:"Folder of the built-in database." type:"path" placeholder:"DIR"`
	DatabaseURL string `name:"database-url" help:"postgres:// address; a password in it belongs into a file." placeholder:"URL"`
}

func (s *settings) load(e *env, more ...config.Option) (*config.Settings, error) {
	for path, v := range map[string]string{"listen": s.Listen, "data": s.Data, "database_url": s.DatabaseURL} {
		if v != "" {
			more = append(more, config.Set(path, v, "--"+path))
		}
	}
	return config.Load(s.Config, e.environ, more...)
}

// database opens the configured database, without migrating it.
func database(ctx context.Context, s *config.Settings) (*db.DB, error) {
	url, err := s.Database()
	if err != nil {
		return nil, err
	}
	if url == "" {
		url = obs.Secret("sqlite:" + filepath.Join(s.Data, "genkan.db"))
	}
	return db.Open(ctx, string(url), nil)
}

func logger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, errors.New("log.level: not a level")
	}
	return obs.NewLogger(w, l), nil
}

// version is the build's own.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintln(e.out, "genkan", version())
	return err
}
