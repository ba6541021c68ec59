// Package program runs the real program as operators do: built without a tag,
// with a settings file, a key file and a mail server, in a process of its own
// that tests may kill.
package program

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/token"
)

// built is the program of this test process. It is a package variable because
// Go gives tests nothing else in common.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Binary gives the path of the program, built once for a test process the way a
// release is. Clean removes it.
func Binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "genkan-program-"); built.err != nil {
			return
		}
		built.path, built.err = Build(built.dir)
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// Clean removes the program; TestMain calls it last.
func Clean() {
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
}

// Build builds the program into dir as make build does, with more arguments for
// go build.
func Build(dir string, more ...string) (string, error) {
	path := filepath.Join(dir, "genkan")
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", path}, more...)
	cmd := exec.Command("go", append(args, "github.com/genkan/genkan/cmd/genkan")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// Site is a folder with what a house needs to be opened.
type Site struct {
	Dir      string
	Settings string // the settings file
	Keys     string // the key file
	Origin   string
}

// NewSite writes a settings file for the database at url and mail to the server
// at host and port. more is appended to it, as YAML.
func NewSite(t testing.TB, url, host string, port int, more string) *Site {
	t.Helper()
	dir := t.TempDir()
	s := &Site{Dir: dir, Settings: filepath.Join(dir, "genkan.yaml"), Keys: filepath.Join(dir, "keys"), Origin: "http://localhost:8080"}
	text := "listen: 127.0.0.1:0\norigin: " + s.Origin + "\nkey_file: " + s.Keys + "\n" +
		"service: {name: Genkan, support_mail: help@genkan.example}\n" +
		fmt.Sprintf("smtp: {host: %s, port: %d, security: none, from: no-reply@genkan.example}\n", host, port)
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		text += "data: " + filepath.Dir(file) + "\n"
	} else {
		text += "database_url: " + fmt.Sprintf("%q", url) + "\n"
	}
	if !strings.Contains(more, "human_check:") {
		more += "human_check: \"off\"\n" // most tests are about something else
	}
	if !strings.Contains(more, "metrics:") {
		more += "metrics: {listen: \"\"}\n"
	}
	write(t, s.Settings, text+more)
	write(t, s.Keys, token.NewLine("test"))
	return s
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Command runs one command of the program to its end and gives its exit code.
func (s *Site) Command(t testing.TB, args ...string) (out, errOut string, code int) {
	t.Helper()
	return Run(t, nil, append(args, "--config", s.Settings)...)
}

// Env is the environment that the program gets: without the test's own
// variables, of which it would refuse those that begin with GENKAN_.
func Env() []string { return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} }

// Run runs the program to its end with env beside Env.
func Run(t testing.TB, env []string, args ...string) (out, errOut string, code int) {
	t.Helper()
	// A start that should have been refused would go on for ever.
	ctx, cancel := context.WithTimeout(t.Context(), startWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, Binary(t), args...)
	cmd.Env = append(Env(), env...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// Process is a running genkan serve.
type Process struct {
	Addr string // HOST:PORT of the public listener
	PID  int

	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	log  bytes.Buffer
}

// startWait bounds a start on a machine that does much else.
const startWait = 60 * time.Second

// Serve starts the program and waits until its doors are open. It is killed
// when the test ends, unless it ended before.
func (s *Site) Serve(t testing.TB) *Process {
	t.Helper()
	p := &Process{t: t, done: make(chan struct{})}
	p.cmd = exec.Command(Binary(t), "serve", "--config", s.Settings)
	p.cmd.Env = Env()
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.PID = p.cmd.Process.Pid
	open := make(chan string, 1)
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(errs)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			p.note(lines.Bytes(), open)
		}
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(p.Kill)
	select {
	case p.Addr = <-open:
	case <-p.done:
		t.Fatalf("genkan serve ended: %s", p.Log())
	case <-time.After(startWait):
		t.Fatalf("genkan serve did not open: %s", p.Log())
	}
	return p
}

// note keeps a line of the log and reads where the doors are.
func (p *Process) note(line []byte, open chan<- string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.Write(line)
	p.log.WriteByte('\n')
	var said struct{ Msg, Listen string }
	if json.Unmarshal(line, &said) == nil && said.Msg == "open" {
		open <- said.Listen
	}
}

// Log gives what the program has written so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// URL gives the address of a path.
func (p *Process) URL(path string) string { return "http://" + p.Addr + path }

// Kill ends the process as a power cut would, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only when it is gone already
	<-p.done
}

// Signal sends a signal.
func (p *Process) Signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("signal the program: %v", err)
	}
}

// Wait waits until the process has ended and gives its exit code.
func (p *Process) Wait() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}
