package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// bad lists configurations that must stop the start (AD2). "#!" marks every
// line that a fault must name, and no other may be named. {dir} is a folder
// with the files of setup.
var bad = []struct{ name, file, says string }{
	// what cannot be a setting
	{"unknown key", "lisen: ':8080' #!", "did you mean listen?"},
	{"unknown key in a section", "smtp:\n  hots: mail.example.jp #!", "did you mean smtp.host?"},
	{"key of another section", "host: mail.example.jp #!", "did you mean smtp.host?"},
	{"unknown section", "ldap: #!\n  host: x", "is not a setting"},
	{"a secret itself", "smtp:\n  password: Kanarienvogel #!", "smtp.password_file"},
	{"three unknown keys", "one: 1 #!\ntwo: 2 #!\nservice:\n  three: 3 #!", "is not a setting"},
	{"set twice", "listen: ':8080'\nlisten: ':8081' #!", "first on line 1"},
	{"section twice", "log:\n  level: info\nlog: #!\n  level: warn", "first on line 1"},
	{"capital key", "Listen: ':8080' #!", "did you mean listen?"},
	{"a test's switch", "clock: 2020-01-01 #!", "is not a setting"},
	{"debug switch", "debug: true #!", "is not a setting"},
	// what is no YAML, or not plain
	{"not YAML", "listen: ':8080'\nsmtp: [ #!", "cannot be read as YAML"},
	{"tab", "smtp:\n\thost: mail.example.jp #!", "cannot be read as YAML"},
	{"a list at the top", "- listen #!", "key: value"},
	{"only a word", "Kanarienvogel #!", "key: value"},
	{"two documents", "listen: ':8080'\n---\nlisten: ':8081' #!", "second document"},
	{"anchor", "listen: &x ':8080' #!", "not one plain value"},
	{"alias", "data: *x #!", "not one plain value"},
	{"merge", "<<: {listen: ':1'} #!", "not a plain word"},
	{"tag", "listen: !!binary Ojgw #!", "not one plain value"},
	{"block text", "service:\n  name: | #!\n    Kanarien\n    vogel", "not one plain value"},
	{"section as text", "smtp: mail.example.jp #!", "key: value"},
	{"text as section", "listen: #!\n  port: 80", "not one plain value"},
	{"list as text", "return_to: https://app.example.jp #!", "is a list"},
	{"text as list", "listen: [':1', ':2'] #!", "not one plain value"},
	{"list in a list", "return_to:\n  - [a] #!", "not one plain value"},
	// types
	{"port in words", "smtp:\n  port: kanarienvogel #!", "whole number"},
	{"port too large", "smtp:\n  port: 70000 #!", "1 to 65535"},
	{"fraction", "password:\n  min_length: 15.5 #!", "whole number"},
	{"negative memory", "password:\n  memory_kib: -1 #!", "whole number"},
	{"yes for true", "forward_auth:\n  email: yes #!", "true nor false"},
	{"time without unit", "session:\n  idle: 60 #!", "unit"},
	{"time in words", "code:\n  life: one hour #!", "unit"},
	{"control character", `origin: "https://id.example.jp\u0000" #!`, "control character"},
	// looser than the requirements
	{"short passwords", "password:\n  min_length: 8 #!", "at least 15"},
	{"endless passwords", "password:\n  min_length: 65 #!", "at most 64"},
	{"cheap memory", "password:\n  memory_kib: 19455 #!", "19456"},
	{"cheap passes", "password:\n  passes: 1 #!", "2 to 16"},
	{"too much memory", "password:\n  memory_kib: 2097152 #!", "1048576"},
	{"no queue", "password:\n  hash_queue: 0 #!", "1 to 65536"},
	{"endless wait", "password:\n  hash_wait: 1h #!", "100ms to 30s"},
	{"idle too long", "session:\n  idle: 61m #!", "1m to 1h"},
	{"absolute too long", "session:\n  absolute: 25h #!", "1m to 24h"},
	{"absolute before idle", "session:\n  idle: 1h\n  absolute: 30m #!", "shorter than session.idle"},
	{"code too long", "code:\n  life: 31m #!", "1m to 30m"},
	{"endless code", "code:\n  life: 0s #!", "1m to 30m"},
	{"slow stop", "shutdown_grace: 5m #!", "1s to 20s"},
	// addresses of the house
	{"listen without port", "listen: localhost #!", "host:port"},
	{"listen on port 99999", "listen: ':99999' #!", "0 and 65535"},
	{"origin in the open", "origin: http://id.example.jp #!", "https://"},
	{"origin with a path", "origin: https://id.example.jp/auth #!", "no path"},
	{"origin with a slash", "origin: https://id.example.jp/ #!", "slash"},
	{"origin with the usual port", "origin: https://id.example.jp:443 #!", "usual port"},
	{"origin with capitals", "origin: https://ID.example.jp #!", "small letters"},
	{"origin with a password", "origin: https://a:Kanarienvogel@id.example.jp #!", "before an @"},
	{"origin without scheme", "origin: id.example.jp #!", "https://"},
	{"origin in kana", "origin: https://げんかん.jp #!", "ASCII"},
	{"origin as a script", "origin: javascript:alert(1) #!", "not a URL"},
	{"target in the open", "return_to:\n  - https://app.example.jp\n  - http://app.example.jp #!", "https://"},
	{"target with a star", "return_to:\n  - https://*.example.jp #!", "star"},
	{"target with a fragment", "return_to:\n  - https://app.example.jp/#x #!", "#"},
	{"target with userinfo", "return_to:\n  - https://app.example.jp@evil.example #!", "before an @"},
	{"target by backslash", `return_to:` + "\n" + `  - 'https://app.example.jp\evil' #!`, "not a URL"},
	{"target on another scheme", "return_to:\n  - ftp://app.example.jp #!", "https://"},
	{"all the world a proxy", "trusted_proxies:\n  - 127.0.0.1/32\n  - 0.0.0.0/0 #!", "strangers"},
	{"all of IPv6 a proxy", "trusted_proxies: ['::/0'] #!", "strangers"},
	{"proxy with extra bits", "trusted_proxies:\n  - 10.0.0.1/8 #!", "10.0.0.0/8"},
	{"proxy by name", "trusted_proxies:\n  - proxy.example.jp #!", "not a network"},
	// database and keys
	{"database of another kind", "database_url: mysql://db/genkan #!", "postgres://"},
	{"database in the open", "database_url: postgres://genkan@db.example.jp/genkan #!", "verify-full"},
	{"database with TLS unchecked", "database_url: postgres://genkan@db.example.jp/genkan?sslmode=require #!", "verify-full"},
	{"database off TLS", "database_url: postgres://genkan@db.example.jp/genkan?sslmode=disable #!", "verify-full"},
	{"database twice", "database_url: postgres:///genkan?host=/run/pg\ndatabase_url_file: '{dir}/database_url' #!", "keep one"},
	{"database file open to all", "database_url_file: '{dir}/open' #!", "chmod 600"},
	{"database file with rubbish", "database_url_file: '{dir}/secret' #!", "postgres://"},
	{"database password in an open file", "database_url: postgres://genkan:Kanarienvogel@localhost/genkan #!", "database_url_file"},
	{"data is a file", "data: '{dir}/secret' #!", "folder"},
	{"keys missing", "key_file: '{dir}/nothing' #!", "does not exist"},
	{"keys open to all", "key_file: '{dir}/open' #!", "chmod 600"},
	{"keys open to the group", "key_file: '{dir}/group' #!", "chmod 600"},
	{"keys empty", "key_file: '{dir}/empty' #!", "empty"},
	{"keys are a folder", "key_file: '{dir}' #!", "not a file"},
	{"keys where their path belongs", "key_file: Kanarienvogel #!", "does not exist"},
	{"keys under a file", "key_file: '{dir}/secret/Kanarienvogel' #!", "cannot be read"},
	// mail
	{"mail server with scheme", "smtp:\n  host: smtp://mail.example.jp #!", "without port or scheme"},
	{"mail server with port", "smtp:\n  host: mail.example.jp:587 #!", "without port or scheme"},
	{"mail in the open", "smtp:\n  host: mail.example.jp\n  security: none #!", "in the open"},
	{"mail security unknown", "smtp:\n  security: ssl #!", "starttls, tls or none"},
	{"starttls on the port of tls", "smtp:\n  host: mail.example.jp\n  port: 465 #!", "587"},
	{"mail user without password", "smtp: #!\n  username: genkan", "name the file"},
	{"mail password without user", "smtp: #!\n  password_file: '{dir}/secret'", "remove the file"},
	{"mail password open to all", "smtp:\n  username: genkan\n  password_file: '{dir}/open' #!", "chmod 600"},
	{"sender is a name", "smtp:\n  from: Genkan #!", "mail address"},
	{"sender with a name", "smtp:\n  from: Genkan <a@example.jp> #!", "mail address"},
	{"hello by a sentence", "smtp:\n  hello_name: 'it is me' #!", "name of a machine"},
	{"certificates that are none", "smtp:\n  ca_file: '{dir}/secret' #!", "PEM"},
	{"half a signature", "smtp:\n  dkim: #!\n    domain: example.jp\n    key_file: '{dir}/secret'", "none of them"},
	{"signature of another domain", "smtp:\n  from: a@example.jp\n  dkim:\n    domain: example.com #!\n    selector: s1\n    key_file: '{dir}/secret'", "smtp.from"},
	{"signing key open to all", "smtp:\n  dkim:\n    domain: example.jp\n    selector: s1\n    key_file: '{dir}/open' #!", "chmod 600"},
	// the rest
	{"no name", "service:\n  name: '' #!", "1 to 64"},
	{"support in the open", "service:\n  support_url: http://help.example.jp #!", "https://"},
	{"support address", "service:\n  support_mail: help #!", "mail address"},
	{"unknown language", "languages:\n  default: fr #!", "ja or en"},
	{"breach list missing", "password:\n  breach_filter: '{dir}/nothing' #!", "does not exist"},
	{"places missing", "geo:\n  country_file: '{dir}/nothing' #!\n  network_file: '{dir}' #!", ""},
	{"metrics on the public port", "listen: ':8080'\nmetrics:\n  listen: '127.0.0.1:8080' #!", "of its own"},
	{"metrics on the same address", "listen: '127.0.0.1:9464'\nmetrics:\n  listen: '127.0.0.1:9464' #!", "of its own"},
	{"traces to no URL", "traces:\n  endpoint: collector:4318 #!", "not a URL"},
	{"traces with a password", "traces:\n  endpoint: https://a:Kanarienvogel@collector.example.jp #!", "not a URL"},
	{"anchor nowhere", "audit:\n  anchor_file: '{dir}/nothing/anchor' #!", "does not exist"},
	{"log level", "log:\n  level: loud #!", "debug, info, warn or error"},
}

func TestBadFilesAreRefusedByLine(t *testing.T) {
	t.Parallel()
	if len(bad) < 40 {
		t.Fatalf("only %d bad configurations", len(bad)) // AD2
	}
	dir := setup(t)
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(c.file, "{dir}", dir)
			path := writeFile(t, t.TempDir(), "genkan.yaml", text, 0o644)
			s, err := Load(path, nil)
			var faults Faults
			if !errors.As(err, &faults) || s != nil {
				t.Fatalf("accepted: %v", err)
			}
			want, got := map[string]bool{}, map[string]bool{}
			for i, line := range strings.Split(text, "\n") {
				if strings.Contains(line, "#!") {
					want[fmt.Sprint(path, ":", i+1)] = true
				}
			}
			for _, f := range faults {
				at := f.Where[:strings.LastIndexByte(f.Where, ':')]
				got[at] = true
				if !want[at] {
					t.Errorf("wrong place: %v", f)
				}
				if c.says != "" && !strings.Contains(f.Says, c.says) {
					t.Errorf("%q does not say %q", f.Says, c.says)
				}
				if len(f.Says) < 10 || strings.Contains(f.Error(), "\n") {
					t.Errorf("no remedy in one line: %q", f.Error())
				}
			}
			if len(got) != len(want) || len(faults) != len(want) {
				t.Errorf("places %v, want %v: %v", got, want, err)
			}
			if strings.Contains(err.Error(), "Kanarienvogel") || strings.Contains(err.Error(), "kanarienvogel") {
				t.Errorf("shows a value: %v", err)
			}
		})
	}
}

// A value or key that is a secret in the wrong place is not shown, whatever
// setting it is given to.
func TestNoFaultShowsAValue(t *testing.T) {
	t.Parallel()
	const canary = "Kanarienvogel"
	dir := t.TempDir()
	for i, f := range newSchema().leaves {
		for _, text := range []string{canary, "[" + canary + "]", "{a: " + canary + "}", `"` + canary, "postgres://a:" + canary + "@h:x/?sslmode=" + canary} {
			name := fmt.Sprintf("%d.yaml", i)
			file := "data: " + canary + "\n" + nest(f.path, text) + "\n" + "# " + canary + "\n"
			path := writeFile(t, dir, name, file, 0o600)
			if _, err := Load(path, []string{envName(f.path) + "=" + text + "\x01"}); err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: %v", f.path, err)
			}
		}
	}
}

// nest writes a path as nested YAML.
func nest(path, value string) string {
	parts := strings.Split(path, ".")
	var b strings.Builder
	for i, p := range parts {
		b.WriteString("\n" + strings.Repeat("  ", i) + p + ":")
	}
	return b.String() + " " + value
}
