package release

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// want checks what a command ended with and said.
func want(t *testing.T, code, wantCode int, said string, words ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("ended with %d, want %d: %s", code, wantCode, said)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("does not say %q: %s", w, said)
		}
	}
}

func file(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

// TestServeNeedsAMailServer: without mail nobody gets in, so it does not start,
// and says what to set, all of it at once.
func TestServeNeedsAMailServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, errs, code := program.Run(t, nil, "serve", "--data", dir)
	want(t, code, 1, errs, "smtp.host", "GENKAN_SMTP_HOST", "smtp.from", "origin", "key_file", "support")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("a start that was refused left %d files, %v", len(left), err)
	}
	_, errs, code = program.Run(t, []string{"GENKAN_NO_SUCH_THING=1"}, "serve", "--data", dir)
	want(t, code, 1, errs, "GENKAN_NO_SUCH_THING")
}

// TestServeRefusesUnsafeSettings names file and line (AD2).
func TestServeRefusesUnsafeSettings(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"oops: 1\n":                          "oops",
		"\npassword: {min_length: 8}\n":      "password.min_length",
		"session: {absolute: 240h}\n":        "session.absolute",
		"code: {life: 31m}\n":                "code.life",
		"\n\npassword: {memory_kib: 1024}\n": "password.memory_kib",
		"smtp: {host: mail.example.jp, security: none, from: a@example.jp}\n": "smtp.security",
		"origin: http://id.example.jp\n":                                      "origin",
		"listen: 127.0.0.1:9464\n":                                            "metrics.listen",
	} {
		path := file(t, "genkan.yaml", text, 0o600)
		for _, command := range [][]string{{"serve"}, {"config", "check"}} {
			_, errs, code := program.Run(t, nil, append(command, "--config", path)...)
			want(t, code, 1, errs, "genkan.yaml:", says)
		}
	}
}

// TestKeyFileIsRefused: missing, short, example or readable by others (KY3).
func TestKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := site(t, testkit.SQLite(t, db.MigrateURL), "")
	good, err := os.ReadFile(s.Keys)
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"for the group":     {string(good), 0o640},
		"for all":           {string(good), 0o604},
		"writable by group": {string(good), 0o620},
		"usual umask":       {string(good), 0o644},
		"empty":             {"", 0o600},
		"short":             {"k1 c2hvcnQ=\n", 0o600},
		"zeros":             {"k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o600},
		"no id":             {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o600},
		"same id twice":     {string(good) + string(good), 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(s.Keys, []byte(one.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(s.Keys, one.mode); err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{{"serve"}, {"config", "check"}} {
				_, errs, code := s.Command(t, command...)
				want(t, code, 1, errs, "key_file")
				for secret := range strings.FieldsSeq(one.text) {
					if len(secret) > 20 && strings.Contains(errs, secret) {
						t.Errorf("%v tells the key: %s", command, errs)
					}
				}
			}
		})
	}
	if err := os.Remove(s.Keys); err != nil {
		t.Fatal(err)
	}
	_, errs, code := s.Command(t, "serve")
	want(t, code, 1, errs, "key_file")
}

func TestConfigCommands(t *testing.T) {
	t.Parallel()
	s, _ := site(t, testkit.SQLite(t, db.MigrateURL), "")
	out, errs, code := s.Command(t, "config", "check")
	want(t, code, 0, out+errs, "The settings are good.")

	secret := file(t, "database_url", "postgres://genkan:hunter2hunter2@127.0.0.1/genkan?sslmode=disable\n", 0o600)
	out, errs, code = program.Run(t, []string{"GENKAN_DATABASE_URL_FILE=" + secret, "GENKAN_LOG_LEVEL=warn"}, "config", "print")
	want(t, code, 0, out+errs, "GENKAN_LOG_LEVEL", "warn", "default")
	if strings.Contains(out, "hunter2") {
		t.Errorf("config print tells a secret: %s", out)
	}
	out, errs, code = program.Run(t, []string{"GENKAN_DATABASE_URL=postgres://genkan:hunter2hunter2@127.0.0.1/genkan?sslmode=disable"}, "config", "print")
	if strings.Contains(out+errs, "hunter2") {
		t.Errorf("config print ended with %d and tells a secret: %s%s", code, out, errs)
	}

	out, errs, code = program.Run(t, nil, "config", "reference")
	want(t, code, 0, out+errs, "smtp.host", "GENKAN_", "hash_queue")

	out, errs, code = program.Run(t, nil, "config", "sample")
	want(t, code, 0, out+errs, "smtp:", "key_file")
	_, errs, code = program.Run(t, nil, "config", "print", "--config", file(t, "sample.yaml", out, 0o600))
	want(t, code, 0, errs)

	one, _, code := program.Run(t, nil, "config", "key")
	want(t, code, 0, one)
	two, _, _ := program.Run(t, nil, "config", "key")
	if !regexp.MustCompile(`^[a-z0-9-]+ [A-Za-z0-9+/]{43}=\n$`).MatchString(one) || one == two {
		t.Errorf("keys %q and %q", one, two)
	}
	_, errs, code = program.Run(t, nil, "config", "key", "--id", "Not An Id")
	want(t, code, 1, errs, "--id")
}

// TestSecretsAreRefusedAsArguments: everybody on the machine reads those (KY3).
func TestSecretsAreRefusedAsArguments(t *testing.T) {
	t.Parallel()
	_, errs, code := program.Run(t, nil, "migrate", "--database-url", "postgres://genkan:hunter2hunter2@127.0.0.1/genkan?sslmode=disable")
	want(t, code, 1, errs, "database_url")
	if strings.Contains(errs, "hunter2") {
		t.Errorf("tells the secret: %s", errs)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, nil, func(t *testing.T, url string) {
		s, _ := site(t, url, "")
		for range 2 { // the second time there is nothing to do
			out, errs, code := s.Command(t, "migrate")
			want(t, code, 0, out+errs, "The database is in this release's form.")
		}
		s.Serve(t)
	})
}

func TestUnknownWordsEndWithTwo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"oops"}, {"serve", "--oops"}, {"config"}, {"config", "oops"}} {
		if _, errs, code := program.Run(t, nil, args...); code != 2 || errs == "" {
			t.Errorf("genkan %v ended with %d: %q", args, code, errs)
		}
	}
}

// TestAuditVerify finds an entry that was altered, cut off, or is not the one
// that was anchored outside (LG3).
func TestAuditVerify(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		s, _ := site(t, url, "")
		d, err := db.Open(context.Background(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for range 5 {
			err := d.Tx(context.Background(), func(tx *db.Tx) error {
				return audit.Write(context.Background(), tx, "house", "test.act", "house", map[string]string{"n": "1"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		out, errs, code := s.Command(t, "audit", "verify")
		want(t, code, 0, out+errs, "The chain holds: 5 entries")

		other := file(t, "anchors", "3 "+strings.Repeat("00", 32)+" 2026-11-22T00:00:00Z\n", 0o600)
		_, errs, code = s.Command(t, "audit", "verify", "--anchors", other)
		want(t, code, 1, errs, "entry 3")
		cut := file(t, "anchors", "9 "+strings.Repeat("00", 32)+" 2026-11-22T00:00:00Z\n", 0o600)
		_, errs, code = s.Command(t, "audit", "verify", "--anchors", cut)
		want(t, code, 1, errs, "cut off")
		broken := file(t, "anchors", "nonsense\n", 0o600)
		_, errs, code = s.Command(t, "audit", "verify", "--anchors", broken)
		want(t, code, 1, errs, "line 1")

		if _, err := d.Writer().Exec(`UPDATE audit SET actor = 'somebody' WHERE seq = 3`); err != nil {
			t.Fatal(err)
		}
		_, errs, code = s.Command(t, "audit", "verify")
		want(t, code, 1, errs, "entry 3 was altered")
	})
}

// TestStaffInvite prints the token of the first administrator, and only it (AD1).
func TestStaffInvite(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		s, _ := site(t, url, "")
		out, errs, code := s.Command(t, "staff", "invite")
		want(t, code, 0, out+errs, "Token of the first administrator")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if token := lines[len(lines)-1]; len(token) < 32 || strings.Contains(errs, token) {
			t.Errorf("token %q, error output %q", token, errs)
		}
		d, err := db.Open(context.Background(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		var hash []byte
		if err := d.Writer().QueryRow(`SELECT token_hash FROM staff_invite`).Scan(&hash); err != nil || strings.Contains(string(hash), lines[len(lines)-1]) {
			t.Errorf("kept %x, %v", hash, err)
		}
	})
}

// TestNoInviteAfterARestore: a database from before the acts that its anchors
// tell of may be from before the first administrator; it makes no second one
// (AD1).
func TestNoInviteAfterARestore(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		anchors := file(t, "anchors", "", 0o600)
		s, _ := site(t, url, "audit:\n  anchor_file: "+anchors+"\n")
		out, errs, code := s.Command(t, "staff", "invite")
		want(t, code, 0, out+errs, "Token of the first administrator")
		later := "9 " + strings.Repeat("00", 32) + " 2026-11-22T00:00:00Z\n"
		if err := os.WriteFile(anchors, []byte(later), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, code = s.Command(t, "staff", "invite")
		want(t, code, 1, out+errs, "stays closed")
		if strings.Contains(out, "Token") {
			t.Error("a token was printed all the same")
		}
	})
}
