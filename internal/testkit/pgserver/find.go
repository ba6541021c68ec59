package pgserver

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrAbsent says that this machine has no PostgreSQL server that runs.
var ErrAbsent = errors.New("no PostgreSQL server found (Debian: apt-get install postgresql, or make needs)")

// find returns the folder that holds initdb and postgres.
//
// A name in PATH may be a wrapper that runs nothing, and pg_config also comes
// with the client library alone: a folder counts only if both programs in it
// answer.
func find(ctx context.Context) (string, error) {
	for _, dir := range candidates(ctx) {
		if runs(ctx, filepath.Join(dir, "initdb")) && runs(ctx, filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", ErrAbsent
}

func candidates(ctx context.Context) []string {
	var dirs []string
	if file, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(file))
		// Debian's wrappers link to the real folder, which also has initdb.
		if real, err := filepath.EvalSymlinks(file); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(release(b), release(a)) })
	return append(dirs, debian...)
}

// release reads 15 out of /usr/lib/postgresql/15/bin.
func release(dir string) float64 {
	n, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64) // anything odd sorts last
	return n
}

func runs(ctx context.Context, program string) bool {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	return err == nil && strings.Contains(string(out), "PostgreSQL")
}
