package internal_test

import (
	"strings"
	"testing"
)

// A fence with a hole looks like a fence. Each line plants one import and says
// whether it must be refused.
func TestFenceFindsPlantedImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, imports string
		refused       bool
	}{
		{"internal/platform/limit/limit.go", "internal/platform/db", false},
		{"internal/platform/db/db.go", "internal/domain/account", true},
		{"internal/platform/mail/mail.go", "internal/config", true},

		{"internal/domain/session/session.go", "internal/platform/db", false},
		{"internal/domain/session/session.go", "internal/domain/account", false},
		{"internal/domain/session/session.go", "internal/domain/audit", true},
		{"internal/domain/session/session.go", "internal/domain/accounting", true},
		{"internal/domain/session/session.go", "internal/flow/signin", true},
		{"internal/domain/session/session.go", "internal/surface/web", true},
		{"internal/domain/delivery/delivery.go", "internal/domain/delivery/letter", false},
		{"internal/domain/delivery/letter/letter.go", "internal/domain/delivery", false},
		{"internal/domain/delivery/letter/letter.go", "internal/domain/audit", true},
		{"internal/domain/account/account.go", "internal/domain/session", true},

		{"internal/flow/signin/start.go", "internal/domain/session", false},
		{"internal/flow/signin/start.go", "internal/platform/db", false},
		{"internal/flow/signin/start.go", "internal/flow/signup", true},
		{"internal/flow/signin/start.go", "internal/surface/web", true},
		{"internal/flow/signin/start.go", "internal/config", true},

		{"internal/surface/front/signin.go", "internal/flow/signin", false},
		{"internal/surface/front/signin.go", "internal/surface/web", false},
		{"internal/surface/front/signin.go", "internal/surface/api", true},
		{"internal/surface/front/signin.go", "internal/server", true},
		{"internal/surface/web/handle.go", "internal/surface/front", true},
		{"internal/surface/web/handle.go", "internal/platform/i18n", false},

		{"internal/server/server.go", "internal/surface/front", false},
		{"internal/server/server.go", "internal/config", false},
		{"internal/server/server.go", "internal/cli", true},
		{"internal/config/config.go", "internal/platform/mail", false},
		{"internal/config/config.go", "internal/server", true},
		{"internal/cli/serve.go", "internal/server", false},
		{"internal/cli/serve.go", "internal/flow/signin", true},
		{"cmd/genkan/main.go", "internal/cli", false},
		{"cmd/genkan/main.go", "internal/server", true},

		{"internal/util/strings.go", "internal/platform/db", true},
		{"internal/helpers.go", "internal/platform/db", true},

		{"internal/domain/session/session.go", "internal/testkit", true},
		{"internal/server/dev.go", "internal/testkit/smtptest", true},
		{"internal/domain/session/session_test.go", "internal/testkit", false},
		{"internal/testkit/testkit.go", "internal/testkit/pgserver", false},
		{"internal/testkit/testkit.go", "internal/domain/account", true},
		{"internal/surface/front/browser_test.go", "e2e/browser", false},
		{"internal/surface/front/gallery.go", "e2e/browser", true},
		{"e2e/browser/page.go", "internal/testkit", false},
		{"tools/with-postgres/main.go", "internal/testkit/pgserver", false},

		// Tests look sideways, never up.
		{"internal/flow/recovery/recovery_test.go", "internal/flow/signup", false},
		{"internal/domain/session/session_test.go", "internal/flow/signin", true},
		{"internal/platform/db/db_test.go", "internal/domain/account", true},
	} {
		got := faults(source{file: c.file, imports: []string{c.imports}})
		if refused := len(got) > 0; refused != c.refused {
			t.Errorf("%s imports %s: refused %v %q; want %v", c.file, c.imports, refused, got, c.refused)
		}
	}
}

// Whole files through the reader, as the fence meets them.
func TestFenceFindsPlantedText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, text, want string
	}{
		{"internal/flow/signup/a.go", "package a\nimport _ \"github.com/genkan/genkan/internal/flow/signin\"", "imports internal/flow/signin"},
		{"internal/flow/signup/a.go", "//go:build dev\n\npackage a\nimport _ \"github.com/genkan/genkan/internal/server\"", "imports internal/server"},
		{"internal/flow/signup/a.go", "package a\nimport _ \"github.com/else/where/internal/server\"", ""},

		{"internal/flow/signup/a.go", "package a\nconst q = `\n\tSELECT id FROM account`", "holds SQL"},
		{"internal/flow/signup/a.go", "package a\nconst q = \"-- name: Give :one\\nINSERT INTO account (id) VALUES ($1)\"", "holds SQL"},
		{"internal/surface/front/a.go", "package a\nfunc f() { g(\"DELETE FROM account\\n\") }", "holds SQL"},
		{"internal/domain/session/store.go", "package a\nvar q = \"UPDATE session SET x = 1\"", "holds SQL"},
		{"internal/domain/session/sql.go", "package a\nvar q = \"UPDATE session SET x = 1\"", ""},
		{"internal/domain/session/query.sql.go", "package a\nvar q = \"UPDATE session SET x = 1\"", ""},
		{"internal/platform/once/once.go", "package a\nvar q = \"UPDATE once SET x = 1\"", ""},
		{"internal/platform/mail/mail.go", "package a\nvar q = \"UPDATE once SET x = 1\"", "holds SQL"},
		{"internal/domain/session/store_test.go", "package a\nvar q = \"UPDATE session SET x = 1\"", ""},
		{"internal/surface/front/a.go", "package a\nvar label = \"Update your address\"", ""},
		{"internal/surface/front/a.go", "package a\nvar label = \"SELECTED\"", ""},

		{"internal/domain/session/a.go", "package a\nimport \"time\"\nvar f = time.Now", "asks the system clock"},
		{"internal/flow/signin/a.go", "package a\nimport \"time\"\nfunc f(t time.Time) any { return time.Since(t) }", "asks the system clock"},
		{"internal/flow/signin/a.go", "package a\nimport \"time\"\nvar f = time.Second", ""},
		{"internal/server/a.go", "package a\nimport \"time\"\nvar f = time.Now", ""},
	} {
		s, err := read(c.file, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		got := strings.Join(faults(s), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q; want %q", c.file, c.text, got, c.want)
		}
	}
}
