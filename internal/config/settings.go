package config

import (
	"net/netip"
	"time"

	"github.com/genkan/genkan/internal/platform/obs"
)

// Settings are all settings of the house. The comments of the fields are the
// operator's reference (docs/settings.md is made from them), so they give
// units, bounds and reasons in plain words. The tag "example" fills the
// reference where the default is empty.
type Settings struct {
	// Address and port to answer on, in plain HTTP: a proxy in front speaks TLS. Without a host,
	// all addresses of the machine.
	Listen string `yaml:"listen"`
	// The URL people see, without a path, as in `https://id.example.jp`. Links in mails and
	// cookies are made from it and from nothing a request says. Must be https, except on loopback.
	// Needed by `genkan serve`.
	Origin string `yaml:"origin" example:"https://id.example.jp"`
	// Folder of the built-in SQLite database, on a local disk. Not used when a database URL is given.
	Data string `yaml:"data"`
	// URL of a PostgreSQL database, as in
	// `postgres://genkan@db.example.jp/genkan?sslmode=verify-full`; empty for the built-in SQLite.
	// Other machines must be reached with `sslmode=verify-full`. With a password in it, use
	// `database_url_file` instead.
	DatabaseURL obs.Secret `yaml:"database_url" example:"postgres://genkan@db.example.jp/genkan?sslmode=verify-full"`
	// File that holds the database URL, readable by its owner only.
	DatabaseURLFile string `yaml:"database_url_file" example:"/etc/genkan/database_url"`
	// File with the keys that seal what the database holds, readable by its owner only; one `id
	// base64-of-32-bytes` a line, the last line seals anew. Keep it apart from database and
	// backups. Needed by `genkan serve`.
	KeyFile string `yaml:"key_file" example:"/etc/genkan/keys"`
	// Networks of the proxies in front, such as `127.0.0.1/32`. Only they are believed about the
	// caller's address and the original URL. A proxy that is missing here makes all people share
	// its address and its limits.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" example:"127.0.0.1/32"`
	// Where people may be sent back to after signing in: origins (`https://app.example.jp`) for
	// any page there, or whole URLs for exactly that page. The house's own pages are always
	// allowed.
	ReturnTo []string `yaml:"return_to" example:"https://app.example.jp"`
	// How long a stop waits for running requests and jobs: 1s to 20s.
	ShutdownGrace time.Duration `yaml:"shutdown_grace"`
	// The service that people sign in to.
	Service Service `yaml:"service"`
	// Of whom the slider puzzle is asked: `adaptive` for browsers that did not sign in to the typed
	// address before, and for everything that sends a mail; `always` for known browsers too; `off`
	// for nobody, which leaves only the limits.
	HumanCheck string `yaml:"human_check"`
	// How often the human check may be passed, by whoever solves it, in any ten minutes. Who has
	// used that up is shown the other ways, such as a code by mail.
	Puzzle Puzzle `yaml:"puzzle"`
	// Limits of wrong passwords. They count addresses, not accounts.
	Limits Limits `yaml:"limits"`
	// The languages of pages and mails.
	Languages Languages `yaml:"languages"`
	// Rules and costs of passwords.
	Password Password `yaml:"password"`
	// How long people stay signed in.
	Session Session `yaml:"session"`
	// Codes and links that are sent by mail.
	Code Code `yaml:"code"`
	// The server that takes our mail.
	SMTP SMTP `yaml:"smtp"`
	// Databases that tell the country and network of an address, in MaxMind's format. Without
	// them, lists of sessions leave the place out.
	Geo Geo `yaml:"geo"`
	// Figures and profiles for the operator, on a listener of their own.
	Metrics Metrics `yaml:"metrics"`
	// OpenTelemetry traces.
	Traces Traces `yaml:"traces"`
	// The chained record of who did what.
	Audit Audit `yaml:"audit"`
	// The log, one JSON object a line on standard error.
	Log Log `yaml:"log"`
	// What applications behind a proxy are told about the person, beside `Remote-User`.
	ForwardAuth ForwardAuth `yaml:"forward_auth"`

	file string            // as given to Load
	from map[string]origin // by path, of settings and of sections in the file
}

// Service names the service that people sign in to.
type Service struct {
	// Name shown on pages and as the sender of mails, at most 64 characters.
	Name string `yaml:"name"`
	// Name on Japanese pages and mails; empty for the same.
	NameJa string `yaml:"name_ja" example:"玄関"`
	// Page where people find a human when nothing else helps; https.
	SupportURL string `yaml:"support_url" example:"https://www.example.jp/help"`
	// Address that people may write to. Needed by `genkan serve` unless support_url is set: nobody is left without a human.
	SupportMail string `yaml:"support_mail" example:"help@example.jp"`
}

// Languages are the languages of pages and mails.
type Languages struct {
	// Language for browsers that ask for none we have: `ja` or `en`.
	Default string `yaml:"default"`
}

// Password holds rules and costs of passwords.
type Password struct {
	// Fewest characters of a password: 15 to 64. Fewer than 15 need a second factor that is always
	// asked, which does not exist yet (NIST SP 800-63B-4 section 3.1.1.2).
	MinLength int `yaml:"min_length"`
	// Memory of one Argon2id hash in KiB: 19456 to 1048576. Raised values reach each account at
	// its next sign-in.
	MemoryKiB uint32 `yaml:"memory_kib"`
	// Passes of Argon2id over its memory: 2 to 16.
	Passes uint32 `yaml:"passes"`
	// Filter file of breached passwords, made from a list such as Have I Been Pwned; empty for the
	// built-in list only.
	BreachFilter string `yaml:"breach_filter" example:"/var/lib/genkan/breach.filter"`
	// Hashes computed at once: 1 to 256; 0 for one per processor. Each takes `memory_kib` of memory.
	HashParallel int `yaml:"hash_parallel"`
	// Sign-ins that may wait for a hash: 1 to 65536. More are told to come back.
	HashQueue int `yaml:"hash_queue"`
	// Longest wait for a hash: 100ms to 30s.
	HashWait time.Duration `yaml:"hash_wait"`
}

// Puzzle bounds passes of the human check in any ten minutes.
type Puzzle struct {
	// Passes of one browser: 2 to 6.
	Session int `yaml:"session"`
	// Passes that name one address, from browsers that did not sign in to it before: 2 to 6.
	Account int `yaml:"account"`
	// Passes of one network, a /24 or /56: 10 to 60. The work of each rises from the twentieth on.
	Network int `yaml:"network"`
}

// Limits are the limits of wrong passwords.
type Limits struct {
	// Wrong passwords in a row for one address, from strangers, after which each further one makes
	// all strangers wait: 1 to 5. Browsers that signed in before have a count of their own.
	Free int `yaml:"free"`
	// The first wait: 10s to 1h. Each further failure doubles it.
	FirstWait time.Duration `yaml:"first_wait"`
	// The longest wait: `first_wait` to 24h.
	LongestWait time.Duration `yaml:"longest_wait"`
	// Wrong passwords from strangers in all, after which theirs are not looked at any more until
	// the owner proves the mailbox: 10 to 100 (NIST SP 800-63B-4 section 3.2.2).
	Most int `yaml:"most"`
	// Failures in the whole house within 20 minutes from which on, when they are also four times
	// as many as successes, an attack is assumed: 20 to 100000. Then a right password alone lets
	// nobody in who is not known: a code is mailed, and a new password is asked for.
	AttackFailures int `yaml:"attack_failures"`
	// The same for one network, a /24 or /56: 10 to 100000.
	NetworkFailures int `yaml:"network_failures"`
	// Redis or Valkey that refuses what is used up, so that a flood on one address does not queue in
	// the database: `redis://`, `rediss://` or `unix://`; empty for none. Other machines must be
	// reached with `rediss`. Counts stay in the database, which decides whenever it cannot be asked.
	RedisURL obs.Secret `yaml:"redis_url" example:"unix:///run/redis/redis.sock"`
}

// Session says how long people stay signed in.
type Session struct {
	// End of a session that is not used: 1m to 1h.
	Idle time.Duration `yaml:"idle"`
	// End of every session, used or not: at least `idle`, at most 24h.
	Absolute time.Duration `yaml:"absolute"`
}

// Code is about codes and links sent by mail.
type Code struct {
	// How long a code or link works: 1m to 30m.
	Life time.Duration `yaml:"life"`
}

// SMTP is the server that takes our mail.
type SMTP struct {
	// Name of the mail server. Needed by `genkan serve`.
	Host string `yaml:"host" example:"mail.example.jp"`
	// Port of the mail server: 587 goes with starttls, 465 with tls.
	Port int `yaml:"port"`
	// `starttls`, `tls` from the first byte, or `none`, which is refused unless the server is on
	// this machine. A wrong certificate always stops the mail.
	Security string `yaml:"security"`
	// Name to sign in to the mail server with; empty for none.
	Username string `yaml:"username" example:"genkan"`
	// File that holds the password for it, readable by its owner only.
	PasswordFile string `yaml:"password_file" example:"/etc/genkan/smtp_password"`
	// Address our mails come from. People are told to allow it in their mail filters, so keep it.
	// Needed by `genkan serve`.
	From string `yaml:"from" example:"no-reply@example.jp"`
	// Name of the sender; empty for the service's name.
	FromName string `yaml:"from_name" example:"Example"`
	// Name we greet the mail server with; empty for the host of `origin`.
	HelloName string `yaml:"hello_name" example:"id.example.jp"`
	// File of certificates (PEM) to trust instead of the system's, for a mail server with a
	// private one.
	CAFile string `yaml:"ca_file" example:"/etc/genkan/mail_ca.pem"`
	// Signature that lets receivers see that the mail is ours (RFC 6376): all three, or none when
	// the mail server signs.
	DKIM DKIM `yaml:"dkim"`
}

// DKIM signs mails.
type DKIM struct {
	// Domain that signs; that of `smtp.from` or one above it, or receivers will not count the
	// signature (RFC 7489 section 3.1.1).
	Domain string `yaml:"domain" example:"example.jp"`
	// Name of the key in the domain: its public half stands at `<selector>._domainkey.<domain>`.
	Selector string `yaml:"selector" example:"genkan1"`
	// Private key (PEM, RSA or Ed25519), readable by its owner only.
	KeyFile string `yaml:"key_file" example:"/etc/genkan/dkim.pem"`
}

// Geo names databases of places.
type Geo struct {
	// Country database, for example GeoLite2-Country.mmdb. Read at the start.
	CountryFile string `yaml:"country_file" example:"/var/lib/genkan/GeoLite2-Country.mmdb"`
	// Network database, for example GeoLite2-ASN.mmdb. Read at the start.
	NetworkFile string `yaml:"network_file" example:"/var/lib/genkan/GeoLite2-ASN.mmdb"`
}

// Metrics is the operator's listener.
type Metrics struct {
	// Address of `/metrics` and `/debug/pprof/`; empty for none. Keep it where only the operator
	// can reach it.
	Listen string `yaml:"listen"`
}

// Traces are OpenTelemetry spans.
type Traces struct {
	// URL that takes spans by OTLP over HTTP; empty for none.
	Endpoint string `yaml:"endpoint" example:"http://127.0.0.1:4318"`
}

// Audit is the chained record of who did what.
type Audit struct {
	// File that the head of the chain is appended to at intervals, so that cutting the record is
	// seen. Put it on another machine or on a medium that only takes additions.
	AnchorFile string `yaml:"anchor_file" example:"/mnt/audit/genkan.anchor"`
}

// Log is the log.
type Log struct {
	// Least level that is written: `debug` (every request), `info` (refusals and what matters),
	// `warn` or `error`.
	Level string `yaml:"level"`
}

// ForwardAuth is what applications behind a proxy are told.
type ForwardAuth struct {
	// Send the address as `Remote-Email`.
	Email bool `yaml:"email"`
	// Send groups as `Remote-Groups`.
	Groups bool `yaml:"groups"`
}

// Default gives the settings of a house that nobody has set anything for.
func Default() *Settings {
	return &Settings{
		Listen:     ":8080",
		Data:       "data",
		Service:    Service{Name: "Genkan"},
		HumanCheck: "adaptive",
		Puzzle:     Puzzle{Session: 6, Account: 6, Network: 60},
		Limits: Limits{Free: 5, FirstWait: time.Minute, LongestWait: time.Hour, Most: 100,
			AttackFailures: 200, NetworkFailures: 40},
		Languages:     Languages{Default: "ja"},
		Password:      Password{MinLength: 15, MemoryKiB: 19456, Passes: 2, HashQueue: 256, HashWait: 4 * time.Second},
		Session:       Session{Idle: time.Hour, Absolute: 24 * time.Hour},
		Code:          Code{Life: 30 * time.Minute},
		SMTP:          SMTP{Port: 587, Security: "starttls"},
		Metrics:       Metrics{Listen: "127.0.0.1:9464"},
		Log:           Log{Level: "info"},
		ForwardAuth:   ForwardAuth{Email: true},
		ShutdownGrace: 20 * time.Second,
		from:          map[string]origin{},
	}
}
