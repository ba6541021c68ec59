package mail_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

const postfixMaster = "/usr/lib/postfix/sbin/master"

// TestThroughRealMTA sends through Postfix into a mailbox on disk: STARTTLS
// with a proven name, a Japanese message, an address no RFC would write, and a
// person who does not exist.
func TestThroughRealMTA(t *testing.T) {
	t.Parallel()
	p := startPostfix(t)
	key := keys(t)["ed"]
	for to, box := range map[string]string{"taro@box.example": "taro", "hana..ko.@box.example": "hana"} {
		m := japanese()
		m.To, m.ID = to, "real."+box+"@mail.example.jp"
		raw, err := mail.Compose(m, key)
		if err != nil {
			t.Fatal(err)
		}
		var steps []mail.Step
		if err := p.client.Send(t.Context(), "bounce@box.example", to, raw, func(s mail.Step) { steps = append(steps, s) }); err != nil {
			t.Fatalf("%s: %v\n%+v\n%s", to, err, steps, p.log())
		}
		body := steps[len(steps)-2]
		if body.Stage != "body" || body.Code != 250 || !strings.Contains(body.Text, "queued as") {
			t.Errorf("body %+v", body)
		}
		arrived := p.wait(t, box)
		got, err := netmail.ReadMessage(bytes.NewReader(arrived))
		if err != nil {
			t.Fatal(err)
		}
		if got.Header.Get("Message-ID") != "<"+m.ID+">" || strings.ReplaceAll(got.Header.Get("X-Original-To"), `"`, "") != to {
			t.Errorf("headers %v", got.Header)
		}
		// What the MTA put in front and did to the lines leaves the signature whole.
		if err := verify(t, "ed", bytes.ReplaceAll(arrived, []byte("\n"), []byte("\r\n"))); err != nil {
			t.Errorf("signature after delivery: %v", err)
		}
		if parts := readParts(t, got); strings.ReplaceAll(parts[0], "\r\n", "\n") != m.Text {
			t.Errorf("text %q", parts[0])
		}
	}

	raw, err := mail.Compose(japanese(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var e *mail.SendError
	err = p.client.Send(t.Context(), "bounce@box.example", "nobody@box.example", raw, func(mail.Step) {})
	if !errors.As(err, &e) || e.Stage != "rcpt" || e.Code != 550 || e.Enhanced != "5.1.1" || e.Temporary ||
		strings.Contains(e.Text, "nobody@") {
		t.Errorf("unknown person: %+v", e)
	}
	p.client.RootCAs = x509.NewCertPool()
	err = p.client.Send(t.Context(), "bounce@box.example", "taro@box.example", raw, func(mail.Step) {})
	if !errors.As(err, &e) || e.Stage != "tls" || e.Class != mail.ClassOurs {
		t.Errorf("untrusted: %v", err)
	}
}

// postfix is a Postfix of our own in a temporary folder. It shares nothing with
// one that the machine may run: own folders, own port, own process.
type postfix struct {
	dir    string
	client *mail.Server
}

func startPostfix(t *testing.T) *postfix {
	t.Helper()
	if _, err := os.Stat(postfixMaster); err != nil {
		missing(t, "Postfix is not installed: apt-get install --no-install-recommends postfix")
	}
	if os.Getuid() != 0 {
		missing(t, "Postfix wants to be started by root")
	}
	dir, err := os.MkdirTemp("", "genkan-mta-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &postfix{dir: dir}
	port := freePort(t)
	pool := p.certificate(t)
	p.folders(t)
	p.configure(t, port)
	p.run(t, port)
	p.client = &mail.Server{
		Host: "127.0.0.1", Port: port, Security: mail.STARTTLS, HelloName: "front.example",
		RootCAs: pool, Now: time.Now,
	}
	return p
}

// missing skips at a desk and fails in CI, where nobody reads skips.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (p *postfix) certificate(t *testing.T) *x509.CertPool {
	t.Helper()
	ca := must(smtptest.NewAuthority())
	cert := must(ca.Issue(smtptest.Good))
	key := must(x509.MarshalPKCS8PrivateKey(cert.PrivateKey))
	text := append(
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})...)
	p.write(t, "tls.pem", string(text), 0o600)
	return ca.Pool()
}

func (p *postfix) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// folders makes the queue as "postfix check" would, with its owners.
func (p *postfix) folders(t *testing.T) {
	t.Helper()
	owner := must(user.Lookup("postfix"))
	drop := must(user.LookupGroup("postdrop"))
	nobody := must(user.Lookup("nobody"))
	uid := must(strconv.Atoi(owner.Uid))
	type folder struct {
		name     string
		mode     os.FileMode
		uid, gid int
	}
	all := []folder{
		{"", 0o755, 0, 0}, {"queue", 0o755, 0, 0}, {"queue/pid", 0o755, 0, 0}, {"data", 0o700, uid, 0},
		{"queue/maildrop", 0o730, uid, must(strconv.Atoi(drop.Gid))},
		{"queue/public", 0o710, uid, must(strconv.Atoi(drop.Gid))},
		{"box", 0o700, must(strconv.Atoi(nobody.Uid)), must(strconv.Atoi(nobody.Gid))},
	}
	for _, name := range strings.Fields("active bounce corrupt defer deferred flush hold incoming private saved trace") {
		all = append(all, folder{"queue/" + name, 0o700, uid, 0})
	}
	for _, f := range all {
		path := filepath.Join(p.dir, f.name)
		if err := errors.Join(os.MkdirAll(path, f.mode), os.Chmod(path, f.mode), os.Chown(path, f.uid, f.gid)); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *postfix) configure(t *testing.T, port int) {
	t.Helper()
	nobody := must(user.Lookup("nobody"))
	p.write(t, "main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = mta.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
smtpd_relay_restrictions = reject_unauth_destination
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_non_fqdn_helo_hostname, reject_invalid_helo_hostname
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = %[1]s/tls.pem
virtual_mailbox_domains = box.example
virtual_mailbox_base = %[1]s/box
virtual_mailbox_maps = inline:{ {taro@box.example = taro/} {hana..ko.@box.example = hana/} }
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
virtual_minimum_uid = 1
default_transport = error:no mail leaves a test
alias_maps =
local_recipient_maps =
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
`, p.dir, nobody.Uid, nobody.Gid), 0o644)
	p.write(t, "master.cf", fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`, port), 0o644)
}

// run starts the master in the foreground, waits for its port, and stops it and
// its children at the end of the test.
func (p *postfix) run(t *testing.T, port int) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(postfixMaster, "-c", p.dir, "-d")
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = []string{"MAIL_CONFIG=" + p.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	left := make(chan error, 1)
	go func() { left <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // the master ends its children
		select {
		case <-left:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-left
		}
	})
	poll(t, func() bool {
		select {
		case err := <-left:
			left <- err
			t.Fatalf("Postfix left: %v\n%s%s", err, out.String(), p.log())
		default:
		}
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			c.Close()
		}
		return err == nil
	}, p)
}

// poll waits for something outside of this process.
func poll(t *testing.T, ready func() bool, p *postfix) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited too long\n%s", p.log())
		}
	}
}

// wait gives the one message in box.
func (p *postfix) wait(t *testing.T, box string) []byte {
	t.Helper()
	var files []string
	poll(t, func() bool {
		files, _ = filepath.Glob(filepath.Join(p.dir, "box", box, "new", "*"))
		return len(files) > 0
	}, p)
	if len(files) != 1 {
		t.Fatalf("%d messages in %s", len(files), box)
	}
	return must(os.ReadFile(files[0]))
}

func (p *postfix) log() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return string(text)
}
