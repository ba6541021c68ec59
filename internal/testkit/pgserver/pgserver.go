// Package pgserver runs a throwaway PostgreSQL server for tests.
//
// The server is the distribution's own, run as a plain process in a temporary
// folder: it listens on a unix socket in that folder and nowhere else, forgets
// durability (fsync off), and is gone, with its folder, soon after the process
// that started it has ended, however that ended. It is never the system's
// server, which is neither used nor disturbed.
package pgserver

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// admin may do everything; it makes and drops databases.
	admin = "genkan_admin"
	// app owns the databases of the tests and has no other rights, as in a real
	// house: a query that needs a superuser fails here, not at the operator's.
	app = "genkan"
)

// startWait bounds making and starting a server. It takes two seconds on an
// idle machine.
const startWait = 2 * time.Minute

// stopWait is how long a fast shutdown may take before the server is killed.
const stopWait = 20 * time.Second

//go:embed keeper.sh
var keeper string

// Server is a running PostgreSQL.
type Server struct {
	dir  string
	cmd  *exec.Cmd
	life io.Closer // the keeper ends the server when this closes
	done chan struct{}
}

// Start makes a database cluster and runs a server on it. The error is
// ErrAbsent if there is no PostgreSQL on this machine.
func Start(ctx context.Context) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	bin, err := find(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, bin, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.ready(ctx); err != nil {
		err = fmt.Errorf("%w\n%s", err, tail(filepath.Join(dir, "log")))
		s.Stop()
		return nil, err
	}
	return s, nil
}

func start(ctx context.Context, bin, dir string) (*Server, error) {
	if err := initdb(ctx, bin, dir); err != nil {
		return nil, err
	}
	return keep(bin, dir)
}

// keep runs the server under its keeper.
func keep(bin, dir string) (*Server, error) {
	// A pipe that nobody writes to: its end is the sign that this process is
	// gone, also after kill -9, when no code of ours can run any more.
	hear, life, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	defer hear.Close()
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", filepath.Join(bin, "postgres"), dir)
	cmd.Stdin = hear
	if err := confine(cmd, dir); err != nil {
		return nil, errors.Join(err, life.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start postgres: %w", err), life.Close())
	}
	s := &Server{dir: dir, cmd: cmd, life: life, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = cmd.Wait() // the keeper's exit code says nothing; the log does
	}()
	return s, nil
}

// initdb makes the cluster. Collation is ICU's where the release knows it, as
// servers in the field sort by a language too: text that is sorted without
// COLLATE "C" then comes out in another order than in SQLite, and a test sees it.
func initdb(ctx context.Context, bin, dir string) error {
	args := []string{"--pgdata", filepath.Join(dir, "data"), "--username", admin,
		"--auth", "trust", "--encoding", "UTF8", "--no-sync"}
	icu := []string{"--locale", "C", "--locale-provider", "icu", "--icu-locale", "und"}
	var failed error
	for _, locale := range [][]string{icu, {"--locale", "C"}} {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), append(args, locale...)...)
		if err := confine(cmd, dir); err != nil {
			return err
		}
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return failed
}

// ready waits until the server answers and makes the role of the tests.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.makeRole(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("postgres ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-tick.C:
		}
	}
}

func (s *Server) makeRole(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.AdminURL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE ROLE "+app+" LOGIN")
	return err
}

// AdminURL is where databases are made and dropped.
func (s *Server) AdminURL() string {
	q := url.Values{"host": {s.dir}, "user": {admin}, "sslmode": {"disable"}}
	return "postgres:///postgres?" + q.Encode()
}

// AppURL turns an admin's address into the one of database name for the role
// that owns it.
func AppURL(adminURL, name string) (string, error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return "", errors.New("the address of the test server cannot be read")
	}
	u.Path = "/" + name
	q := u.Query()
	q.Set("user", app)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// AppRole is the role that owns the databases of the tests.
func AppRole() string { return app }

// Stop ends the server, cutting its connections, and waits until its folder is
// gone. It may be called more than once.
func (s *Server) Stop() {
	_ = s.life.Close() // only a second Stop fails here
	select {
	case <-s.done:
	case <-time.After(stopWait):
		killGroup(s.cmd)
		<-s.done
	}
	_ = os.RemoveAll(s.dir) // the keeper did it, unless it was killed
}

// makeDir makes the server's folder. A unix socket's path has room for about
// 100 characters, and an unprivileged server must be able to walk to it, so a
// long or private TMPDIR is passed over.
func makeDir() (string, error) {
	parent := os.TempDir()
	if len(parent) > 60 || os.Geteuid() == 0 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "genkan-pg-")
	if err != nil {
		return "", fmt.Errorf("make the folder of postgres: %w", err)
	}
	return dir, nil
}

func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "(postgres left no log)"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
