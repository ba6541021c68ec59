package proxy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/testkit"
)

// place is where one proxy runs and what it leads to.
type place struct {
	dir, file    string // folder, and program
	proxy, plain string // addresses to listen on for https and http
	genkan, app  string
	edit         func(string) string
}

// proxyKind is a proxy that we ship a configuration for.
type proxyKind struct {
	name   string
	config string
	// write puts the configuration into a folder and gives the arguments.
	write func(t testing.TB, at place, config string) []string
}

func kinds() []proxyKind {
	return []proxyKind{
		{"nginx", "nginx/genkan.conf", writeNginx},
		{"caddy", "caddy/Caddyfile", writeCaddy},
	}
}

// each runs f over every proxy.
func each(t *testing.T, f func(t *testing.T, p proxyKind)) {
	t.Parallel()
	for _, p := range kinds() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			f(t, p)
		})
	}
}

func (p proxyKind) find(t testing.TB) string {
	t.Helper()
	// Debian keeps servers where a plain user's PATH does not look.
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		file := filepath.Join(dir, p.name)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file
		}
	}
	testkit.Missing(t, "no "+p.name+" (Debian: apt-get install "+p.name+", or make needs)")
	return ""
}

// start runs the proxy until the test ends.
func (p proxyKind) start(t testing.TB, at place) {
	t.Helper()
	shipped, err := os.ReadFile(example(p.config))
	if err != nil {
		t.Fatal(err)
	}
	args := p.write(t, at, at.edit(string(shipped)))
	var said lockedBuffer
	cmd := exec.Command(at.file, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	confine(t, cmd, at.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the group that confine made
			<-ended
		}
		if t.Failed() {
			t.Logf("%s said: %.4000s", p.name, said.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", at.proxy)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", p.name, said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %s", p.name, said.String())
		}
	}
}

// swap replaces what an operator would change. Each old text must be there, so
// that an edit of the example cannot silently leave a port behind.
func swap(t testing.TB, config string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(config, pairs[i]) {
			t.Fatalf("the example has no %q any more", pairs[i])
		}
		config = strings.ReplaceAll(config, pairs[i], pairs[i+1])
	}
	return config
}

func writeNginx(t testing.TB, at place, config string) []string {
	config = swap(t, config,
		"server 127.0.0.1:8080;", "server "+at.genkan+";",
		"server 127.0.0.1:3000;", "server "+at.app+";",
		"listen 80;", "listen "+at.plain+";",
		"listen [::]:80;", "",
		"listen 443 ssl", "listen "+at.proxy+" ssl",
		"listen [::]:443 ssl http2;", "",
		"/etc/ssl/example.jp.pem", at.dir+"/cert.pem",
		"/etc/ssl/example.jp.key", at.dir+"/key.pem",
		"proxy_read_timeout    5s", "proxy_read_timeout 700ms")
	write(t, at.dir, "genkan.conf", config)
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", kind, at.dir, kind)
	}
	write(t, at.dir, "nginx.conf", "daemon off;\nworker_processes 1;\npid "+at.dir+"/pid;\nerror_log stderr warn;\n"+
		"events { worker_connections 256; }\nhttp {\naccess_log off;\n"+temp.String()+"include "+at.dir+"/genkan.conf;\n}\n")
	return []string{"-p", at.dir, "-c", at.dir + "/nginx.conf", "-e", "stderr"}
}

func writeCaddy(t testing.TB, at place, config string) []string {
	_, plainPort, _ := net.SplitHostPort(at.plain)
	_, port, _ := net.SplitHostPort(at.proxy)
	config = swap(t, config,
		"127.0.0.1:8080", at.genkan,
		"127.0.0.1:3000", at.app,
		"\nexample.jp {", "\nhttps://example.jp:"+port+" {\n\tbind 127.0.0.1\n\ttls "+at.dir+"/cert.pem "+at.dir+"/key.pem",
		"response_header_timeout 5s", "response_header_timeout 700ms")
	write(t, at.dir, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n\thttp_port "+plainPort+"\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n"+config)
	return []string{"run", "--adapter", "caddyfile", "--config", at.dir + "/Caddyfile"}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// workDir is a folder that an unprivileged user can reach; a test's own is
// inside one that only its owner can.
func workDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "genkan-proxy-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// confine makes cmd run as nobody when the tests run as root, in a process
// group of its own, without our environment.
func confine(t testing.TB, cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chown(filepath.Join(dir, f.Name()), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// writeCertificate makes a certificate for the example's host and gives a pool
// that trusts it.
func writeCertificate(t testing.TB, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return pool
}

// lockedBuffer takes what a program says while others may read it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
