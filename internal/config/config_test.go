package config

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write docs/settings.md anew")

// setup makes a folder with files of all kinds of modes.
func setup(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, dir, "secret", "Kanarienvogel\n", 0o600)
	writeFile(t, dir, "open", "Kanarienvogel\n", 0o604)
	writeFile(t, dir, "group", "Kanarienvogel\n", 0o640)
	writeFile(t, dir, "empty", "", 0o600)
	writeFile(t, dir, "database_url", "postgres://genkan:Kanarienvogel@localhost/genkan\r\n", 0o600)
	return dir
}

func writeFile(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// good is a house that may serve.
const good = `# our door
listen: "127.0.0.1:8080"
origin: https://id.example.jp
database_url_file: '{dir}/database_url'
key_file: '{dir}/secret'
service:
  name: Example
  name_ja: 例
  support_mail: help@example.jp
trusted_proxies: [127.0.0.1, "2001:db8::/32"]
return_to:
  - https://app.example.jp
  - http://localhost:3000/back
session:
  idle: 30m
smtp:
  host: mail.example.jp
  username: genkan
  password_file: '{dir}/secret'
  from: no-reply@mail.example.jp
  dkim: {domain: example.jp, selector: s1, key_file: '{dir}/secret'}
metrics:
  listen: ""
geo:
`

func loadGood(t *testing.T, env []string, opts ...Option) (*Settings, string, error) {
	t.Helper()
	path := writeFile(t, t.TempDir(), "genkan.yaml", strings.ReplaceAll(good, "{dir}", setup(t)), 0o600)
	s, err := Load(path, env, opts...)
	return s, path, err
}

func TestGoodFile(t *testing.T) {
	t.Parallel()
	s, _, err := loadGood(t, nil, ForServe())
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Database()
	if err != nil || string(db) != "postgres://genkan:Kanarienvogel@localhost/genkan" {
		t.Errorf("database %q %v", string(db), err)
	}
	if pw, err := s.SMTPPassword(); err != nil || string(pw) != "Kanarienvogel" {
		t.Errorf("password %q %v", string(pw), err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8::/32")}
	if !reflect.DeepEqual(s.TrustedProxies, want) || len(s.ReturnTo) != 2 || s.SMTP.DKIM.Selector != "s1" ||
		s.Session.Idle != 30*time.Minute || s.Session.Absolute != 24*time.Hour || s.Metrics.Listen != "" || s.SMTP.Port != 587 {
		t.Errorf("%+v", s)
	}
}

func TestNothingSetIsFineExceptToServe(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", writeFile(t, t.TempDir(), "empty.yaml", "# nothing\n", 0o644), writeFile(t, t.TempDir(), "e.yaml", "", 0o644)} {
		if _, err := Load(path, nil); err != nil {
			t.Errorf("%q: %v", path, err)
		}
		_, err := Load(path, nil, ForServe())
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != 5 {
			t.Fatalf("%q: %v", path, err)
		}
		for i, p := range []string{"origin", "key_file", "smtp.host", "smtp.from", "service.support_mail"} {
			f := faults[i]
			if f.Path != p || !strings.Contains(f.Says, envName(p)) || path != "" && f.Where != path {
				t.Errorf("%v", f)
			}
		}
	}
}

func TestAllFaultsAtOnceInOrder(t *testing.T) {
	t.Parallel()
	path := writeFile(t, t.TempDir(), "genkan.yaml", "session:\n  idle: 2h\nnonsense: 1\nsmtp:\n  port: x\n", 0o644)
	_, err := Load(path, []string{"GENKAN_LOG_LEVEL=loud", "GENKAN_NONSENSE=1", "PATH=/bin"}, ForServe(), Set("listen", "nowhere", "--listen"))
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	got := make([]string, len(faults))
	for i, f := range faults {
		got[i] = strings.TrimPrefix(f.Where, path) + " " + f.Path
	}
	want := []string{
		" origin", " key_file", " service.support_mail", ":2:3 session.idle", ":3:1 nonsense", ":4:1 smtp.host", ":4:1 smtp.from", ":5:3 smtp.port",
		"GENKAN_NONSENSE ", "GENKAN_LOG_LEVEL log.level", "--listen listen",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !strings.HasPrefix(err.Error(), "11 faults in the settings:\n  ") {
		t.Error(err)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	t.Parallel()
	s, _, err := loadGood(t, []string{
		"GENKAN_SESSION_IDLE=10m", "GENKAN_RETURN_TO=https://a.example.jp, https://b.example.jp", "GENKAN_TRUSTED_PROXIES=",
		"GENKAN_FORWARD_AUTH_EMAIL=false", "GENKAN_TEST_POSTGRES=x", "GENKAN_SHOTS=1", "HOME=/", "GENKAN_SMTP_PORT=2525",
	}, Set("listen", "127.0.0.1:0", "--listen"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Session.Idle != 10*time.Minute || len(s.ReturnTo) != 2 || s.ReturnTo[1] != "https://b.example.jp" || len(s.TrustedProxies) != 0 ||
		s.ForwardAuth.Email || s.SMTP.Port != 2525 || s.Listen != "127.0.0.1:0" {
		t.Errorf("%+v", s)
	}
}

func TestBadEnvironmentIsNamed(t *testing.T) {
	t.Parallel()
	for kv, says := range map[string]string{
		"GENKAN_LISEN=:1":                    "did you mean GENKAN_LISTEN?",
		"GENKAN_SMTP_PASSWORD=Kanarienvogel": "GENKAN_SMTP_PASSWORD_FILE",
		"GENKAN_CODE_LIFE=2h":                "30m",
		"GENKAN_SMTP_PORT=Kanarienvogel":     "whole number",
		"GENKAN_RETURN_TO=https://a.jp,x":    "https://",
		"GENKAN_TRUSTED_PROXIES=0.0.0.0/0":   "strangers",
		"GENKAN_":                            "not a setting",
		"GENKAN_DEBUG=1":                     "not a setting",
	} {
		_, err := Load("", []string{kv})
		var faults Faults
		name, _, _ := strings.Cut(kv, "=")
		if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Where != name || !strings.Contains(faults[0].Says, says) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "Kanarienvogel") {
			t.Error(err)
		}
	}
}

func TestNoSecretInArguments(t *testing.T) {
	t.Parallel()
	const open = "postgres://genkan@localhost/genkan"
	if _, err := Load("", nil, Set("database_url", open, "--database-url")); err != nil {
		t.Error(err)
	}
	for _, v := range []string{"postgres://genkan:Kanarienvogel@localhost/genkan", open + "?password=Kanarienvogel"} {
		_, err := Load("", nil, Set("database_url", v, "--database-url"))
		if err == nil || !strings.Contains(err.Error(), "--database-url: database_url: holds a password") || strings.Contains(err.Error(), "Kanarien") {
			t.Error(err)
		}
	}
}

func TestBadFileItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(dir, "missing.yaml"): "does not exist",
		dir:                                "not a file",
		writeFile(t, dir, "w.yaml", "listen: ':1'", 0o646):                 "o-w",
		writeFile(t, dir, "b.yaml", "#"+strings.Repeat(" ", 1<<20), 0o644): "1 MiB",
	} {
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSafeDatabases(t *testing.T) {
	t.Parallel()
	for _, v := range []string{
		"", "postgres:///genkan?host=/run/postgresql", "postgresql://genkan@127.0.0.1:5433/genkan?sslmode=disable",
		"postgres://genkan@[::1]/genkan", "postgres://genkan@db.example.jp/genkan?sslmode=verify-full",
	} {
		if _, err := Load("", []string{"GENKAN_DATABASE_URL=" + v}); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}

func TestPrintShowsOriginsAndNoSecrets(t *testing.T) {
	t.Parallel()
	s, path, err := loadGood(t, []string{"GENKAN_LOG_LEVEL=warn", "GENKAN_DATABASE_URL_FILE=", "GENKAN_DATABASE_URL=postgres://a:Kanarienvogel@localhost/g"},
		Set("data", "there", "--data"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.Print(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		`data: "there"  # --data`, "  idle: 30m  # " + path + ":15:3", "  absolute: 24h  # default", `  level: "warn"  # GENKAN_LOG_LEVEL`,
		`trusted_proxies: ["127.0.0.1/32", "2001:db8::/32"]  # ` + path + ":10:1", "    selector: \"s1\"", `database_url: "[redacted]"  # GENKAN_DATABASE_URL`,
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+"  #") {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Kanarienvogel") {
		t.Error(text)
	}
	// What is printed can be read again.
	again := strings.Replace(text, `database_url: "[redacted]"`, `database_url: ""`, 1)
	s2, err := Load(writeFile(t, t.TempDir(), "again.yaml", again, 0o600), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.DatabaseURL, s.file, s2.file, s.from, s2.from = "", "", "", nil, nil
	s2.Metrics = s.Metrics
	if !reflect.DeepEqual(s, s2) {
		t.Errorf("%+v\n%+v", s, s2)
	}
}

func TestNamesOfVariablesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, f := range newSchema().leaves {
		if other, ok := seen[envName(f.path)]; ok {
			t.Errorf("%s and %s share %s", f.path, other, envName(f.path))
		}
		seen[envName(f.path)] = f.path
	}
	if seen["GENKAN_SMTP_PASSWORD_FILE"] != "smtp.password_file" {
		t.Error("no GENKAN_SMTP_PASSWORD_FILE")
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	docs, err := comments()
	if err != nil {
		t.Fatal(err)
	}
	s := newSchema()
	for _, f := range s.leaves {
		if len(docs[f.owner+"."+f.field]) < 20 {
			t.Errorf("%s has no comment", f.path)
		}
	}
	for path, f := range s.sections {
		if docs[f.owner+"."+f.field] == "" {
			t.Errorf("section %s has no comment", path)
		}
	}
}

// The sample is a file that loads as it stands, and names every setting.
func TestSampleLoads(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Sample(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(writeFile(t, t.TempDir(), "sample.yaml", out.String(), 0o644), nil); err != nil {
		t.Error(err)
	}
	var live strings.Builder
	for line := range strings.Lines(out.String()) {
		if in := strings.TrimLeft(line, " "); strings.HasPrefix(in, "#") && !strings.HasPrefix(in, "# ") {
			line = strings.Replace(line, "#", "", 1)
		}
		live.WriteString(line)
	}
	l := &loader{Settings: Default(), schema: newSchema(), seen: map[string]bool{}}
	l.readFile(writeFile(t, t.TempDir(), "live.yaml", live.String(), 0o644))
	if len(l.faults) > 0 {
		t.Errorf("%v in\n%s", l.faults, live.String())
	}
	for _, f := range l.schema.leaves {
		if _, ok := l.Settings.from[f.path]; !ok {
			t.Errorf("%s is missing", f.path)
		}
	}
}

func TestReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Reference(&out); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "settings.md")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(have, out.Bytes()) {
		t.Errorf("docs/settings.md is stale (%v): go test ./internal/config -run Reference -update", err)
	}
}
