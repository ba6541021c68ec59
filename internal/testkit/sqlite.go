package testkit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// SQLite returns the address of a fresh migrated database file, gone after the
// test.
func SQLite(t testing.TB, migrate Migrate) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "genkan.db")
	if migrate == nil {
		return "sqlite:" + file
	}
	model, err := shared.sqliteModel(migrate)
	if err != nil {
		t.Fatalf("make the model database: %v", err)
	}
	for name, content := range model {
		// 0600: the program keeps its database so, and may check it.
		if err := os.WriteFile(file+name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "sqlite:" + file
}

// sqliteFiles is a database kept in memory: content by what follows genkan.db in
// the file's name ("", and "-wal" if the last connection left one).
type sqliteFiles map[string][]byte

func makeSQLiteModel(migrate Migrate) (sqliteFiles, error) {
	dir, err := os.MkdirTemp("", "genkan-model-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "genkan.db")
	ctx, cancel := migrateContext()
	defer cancel()
	if err := migrate(ctx, "sqlite:"+file); err != nil {
		return nil, err
	}
	model := sqliteFiles{}
	// The -shm file is left behind: it is an index of the -wal file, remade on opening.
	for _, name := range []string{"", "-wal"} {
		content, err := os.ReadFile(file + name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		model[name] = content
	}
	if len(model[""]) == 0 {
		return nil, fmt.Errorf("migrate left no database in %s", filepath.Base(file))
	}
	return model, nil
}
