package testkit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/genkan/genkan/internal/testkit/pgserver"
)

// serverVariable names the server that tools/with-postgres started for all
// packages of one run: the address of its administrator.
const serverVariable = "GENKAN_TEST_POSTGRES"

// migrateWait bounds making one model database, with the race detector on and
// other packages' tests on the same cores.
const migrateWait = 2 * time.Minute

// shared is what the tests of one process share. It is a package variable
// because Go gives tests nothing else in common.
var shared = &process{models: map[modelKey]*model{}}

type process struct {
	once   sync.Once
	admin  string           // address of the server's administrator
	server *pgserver.Server // nil if somebody else's
	failed error

	mu     sync.Mutex
	models map[modelKey]*model
}

type modelKey struct {
	engine  string
	migrate uintptr // the function's code: functions cannot be compared
}

// model is a migrated database that tests get copies of.
type model struct {
	once   sync.Once
	name   string      // PostgreSQL
	files  sqliteFiles // SQLite
	failed error
}

func (p *process) model(engine string, migrate Migrate) *model {
	key := modelKey{engine, reflect.ValueOf(migrate).Pointer()}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.models[key] == nil {
		p.models[key] = &model{}
	}
	return p.models[key]
}

func (p *process) sqliteModel(migrate Migrate) (sqliteFiles, error) {
	m := p.model("sqlite", migrate)
	m.once.Do(func() { m.files, m.failed = makeSQLiteModel(migrate) })
	return m.files, m.failed
}

// postgresModel returns the name of a migrated database on the server at admin.
func (p *process) postgresModel(admin string, migrate Migrate) (string, error) {
	m := p.model("postgres", migrate)
	m.once.Do(func() {
		ctx, cancel := migrateContext()
		defer cancel()
		m.name = databaseName("model")
		if m.failed = createDatabase(ctx, admin, m.name, ""); m.failed != nil {
			return
		}
		url, err := pgserver.AppURL(admin, m.name)
		if err != nil {
			m.failed = err
			return
		}
		m.failed = migrate(ctx, url)
	})
	return m.name, m.failed
}

// postgres returns the address of the server's administrator, starting a server
// if there is none.
func (p *process) postgres() (string, error) {
	p.once.Do(func() {
		if p.admin = os.Getenv(serverVariable); p.admin != "" {
			return
		}
		p.server, p.failed = pgserver.Start(context.Background())
		if p.failed == nil {
			p.admin = p.server.AdminURL()
		}
	})
	return p.admin, p.failed
}

func (p *process) close() {
	if p.server != nil {
		p.server.Stop() // and with it every database
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := migrateContext()
	defer cancel()
	for key, m := range p.models {
		if key.engine == "postgres" && m.name != "" {
			// A model left behind costs the shared server a few megabytes until it ends.
			_ = dropDatabase(ctx, p.admin, m.name)
		}
	}
}

// migrateContext is not a test's context: the model outlives the test that
// happened to ask first.
func migrateContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), migrateWait)
}

func databaseName(kind string) string {
	return "genkan_" + kind + "_" + strings.ToLower(rand.Text()[:16])
}

// createDatabase makes an empty database, or a copy of model.
func createDatabase(ctx context.Context, admin, name, model string) error {
	// template0 and not template1, which an operator may have put things in.
	if model == "" {
		model = "template0"
	}
	return execute(ctx, admin, "CREATE DATABASE "+quote(name)+" OWNER "+quote(pgserver.AppRole())+" TEMPLATE "+quote(model))
}

// dropDatabase cuts the connections that a test left open (FORCE).
func dropDatabase(ctx context.Context, admin, name string) error {
	return execute(ctx, admin, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
}

func execute(ctx context.Context, admin, sql string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("reach the test server: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
