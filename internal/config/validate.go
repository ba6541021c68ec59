package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rules judges settings, one method for each section.
type rules struct {
	*Settings
	faults Faults
}

// Validate tells everything that is unsafe or cannot work, whatever the
// command. Load has done it already.
func (s *Settings) Validate() Faults {
	r := &rules{Settings: s}
	r.web()
	r.database()
	r.service()
	r.password()
	r.limits()
	r.times()
	r.smtp()
	r.dkim()
	r.operator()
	return r.faults
}

// ServeFaults tells what `genkan serve` still needs.
func (s *Settings) ServeFaults() Faults {
	r := &rules{Settings: s}
	r.need("origin", s.Origin, "the URL people see, as in https://id.example.jp")
	r.need("key_file", s.KeyFile, "the file with the keys; docs/operator.md says how to make one")
	r.need("smtp.host", s.SMTP.Host, "the mail server: without mail nobody can register or get back in")
	r.need("smtp.from", s.SMTP.From, "the address that mails come from")
	if s.Service.SupportURL == "" {
		r.need("service.support_mail", s.Service.SupportMail, "an address where people find a human when nothing else helps, or set service.support_url to a page")
	}
	if s.Data == "" && s.DatabaseURL == "" && s.DatabaseURLFile == "" {
		r.need("data", "", "the folder of the database")
	}
	return r.faults
}

func (r *rules) need(path, value, what string) {
	if value == "" {
		r.say(path, "is not set: set it, or %s, to %s", envName(path), what)
	}
}

// say notes a fault. The format's arguments are bounds and names, never values.
func (r *rules) say(path, format string, args ...any) {
	at := r.place(path)
	r.faults = append(r.faults, Fault{Where: at.String(), Path: path, Says: fmt.Sprintf(format, args...), order: at.order()})
}

// within demands least ≤ v ≤ most, and says why there is a bound.
func within[T cmp.Ordered](r *rules, path string, v, least, most T, why string) {
	if v < least || v > most {
		r.say(path, "must be %s to %s: %s", bound(least), bound(most), why)
	}
}

func bound(v any) string {
	if d, ok := v.(time.Duration); ok {
		return tidy(d)
	}
	return fmt.Sprint(v)
}

// oneOf demands one of a few words.
func (r *rules) oneOf(path, v string, words ...string) {
	for _, w := range words {
		if v == w {
			return
		}
	}
	r.say(path, "must be %s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

func (r *rules) service() {
	within(r, "service.name", utf8.RuneCountInString(r.Service.Name), 1, 64, "it stands on every page and mail, so count its characters")
	within(r, "service.name_ja", utf8.RuneCountInString(r.Service.NameJa), 0, 64, "it stands on every page and mail, so count its characters")
	r.webURL("service.support_url", r.Service.SupportURL)
	r.address("service.support_mail", r.Service.SupportMail)
	r.oneOf("languages.default", r.Languages.Default, "ja", "en")
}

func (r *rules) password() {
	p := r.Password
	if p.MinLength < 15 {
		r.say("password.min_length", "must be at least 15: fewer are safe only where a second factor is always asked (NIST SP 800-63B-4 section 3.1.1.2)")
	} else if p.MinLength > 64 {
		r.say("password.min_length", "must be at most 64: people and password managers use shorter ones")
	}
	within(r, "password.memory_kib", p.MemoryKiB, 19456, 1<<20, "less than 19 MiB lets a stolen database be guessed cheaply (RFC 9106, PW3)")
	within(r, "password.passes", p.Passes, 2, 16, "one pass is too cheap to guess against (PW3)")
	within(r, "password.hash_parallel", p.HashParallel, 0, 256, "0 is one per processor")
	within(r, "password.hash_queue", p.HashQueue, 1, 1<<16, "a queue without end fills the memory (PW4)")
	within(r, "password.hash_wait", p.HashWait, 100*time.Millisecond, 30*time.Second, "people leave when they wait longer")
	r.plainFile("password.breach_filter", p.BreachFilter)
}

func (r *rules) limits() {
	r.oneOf("human_check", r.HumanCheck, "always", "adaptive", "off")
	const solved = "a solver that is always right may not pass more often (TH7)"
	within(r, "puzzle.session", r.Puzzle.Session, 2, 6, solved)
	within(r, "puzzle.account", r.Puzzle.Account, 2, 6, solved)
	within(r, "puzzle.network", r.Puzzle.Network, 10, 60, solved)
	l := r.Limits
	within(r, "limits.free", l.Free, 1, 5, "more are guesses, not slips (TH1)")
	within(r, "limits.first_wait", l.FirstWait, 10*time.Second, time.Hour, "a shorter wait slows nobody down (TH1)")
	within(r, "limits.longest_wait", l.LongestWait, time.Minute, 24*time.Hour, "a longer wait looks like a broken house")
	if l.LongestWait < l.FirstWait && l.FirstWait <= time.Hour {
		r.say("limits.longest_wait", "is shorter than limits.first_wait: raise it, or lower limits.first_wait")
	}
	within(r, "limits.most", l.Most, 10, 100, "more guesses may not be looked at (NIST SP 800-63B-4 section 3.2.2, TH1)")
	within(r, "limits.attack_failures", l.AttackFailures, 20, 100000, "fewer happen every day, and more are never seen (TH6)")
	r.redis()
	within(r, "limits.network_failures", l.NetworkFailures, 10, 100000, "fewer happen every day, and more are never seen (TH6)")
}

// redis demands a way to the counters that nobody between can read or change.
func (r *rules) redis() {
	v := string(r.Limits.RedisURL)
	if v == "" {
		return
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		r.say("limits.redis_url", "is not a redis://, rediss:// or unix:// URL")
	case u.Scheme == "redis" && !loopback(u.Hostname()):
		r.say("limits.redis_url", "is on another machine and not encrypted: use rediss://")
	}
}

func (r *rules) times() {
	within(r, "session.idle", r.Session.Idle, time.Minute, time.Hour, "an unused session may not live longer (SE3)")
	within(r, "session.absolute", r.Session.Absolute, time.Minute, 24*time.Hour, "no session may live longer (SE3)")
	if r.Session.Absolute < r.Session.Idle && r.Session.Idle <= time.Hour {
		r.say("session.absolute", "is shorter than session.idle: raise it, or lower session.idle")
	}
	within(r, "code.life", r.Code.Life, time.Minute, 30*time.Minute, "a code in a mailbox may not live longer (RS1)")
	within(r, "shutdown_grace", r.ShutdownGrace, time.Second, 20*time.Second, "a stop that takes longer is cut off by the system")
}

// operator judges what only the operator sees.
func (r *rules) operator() {
	r.plainFile("geo.country_file", r.Geo.CountryFile)
	r.plainFile("geo.network_file", r.Geo.NetworkFile)
	r.oneOf("log.level", r.Log.Level, "debug", "info", "warn", "error")
	if r.Metrics.Listen != "" {
		r.listener("metrics.listen", r.Metrics.Listen)
		if sameListener(r.Listen, r.Metrics.Listen) {
			r.say("metrics.listen", "is the address people use: give it a port of its own (LG5)")
		}
	}
	r.endpoint("traces.endpoint", r.Traces.Endpoint)
	r.writableFile("audit.anchor_file", r.Audit.AnchorFile)
}

// listener judges "host:port".
func (r *rules) listener(path, v string) {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		r.say(path, "is not host:port: write it as in :8080 or 127.0.0.1:8080")
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		r.say(path, "has no port between 0 and 65535 after its last colon")
	}
}

// sameListener tells whether two addresses meet; 0 asks for any free port.
func sameListener(a, b string) bool {
	ah, ap, err := net.SplitHostPort(a)
	bh, bp, err2 := net.SplitHostPort(b)
	if err != nil || err2 != nil || ap != bp || ap == "0" {
		return false
	}
	return ah == bh || wildcard(ah) || wildcard(bh)
}

func wildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// tidy prints 1h instead of 1h0m0s.
func tidy(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
