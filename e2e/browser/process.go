package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// ErrAbsent says that this machine has no Chromium.
var ErrAbsent = errors.New("no Chromium found (Debian: apt-get install chromium-headless-shell fonts-noto-cjk, or make needs)")

// startWait is how long Chromium may take to answer, on a machine that compiles
// other packages at the same time.
const startWait = 60 * time.Second

// flags are the switches of the one Chromium. Everything that speaks to its
// maker's servers is off: what it asks for is then what a page asked for.
var flags = map[string]any{
	"headless":                      true,
	"disable-gpu":                   true,
	"disable-quic":                  true,
	"no-first-run":                  true,
	"no-default-browser-check":      true,
	"disable-background-networking": true,
	"disable-component-update":      true,
	"disable-component-extensions-with-background-pages": true,
	"disable-default-apps":                               true,
	"disable-extensions":                                 true,
	"disable-sync":                                       true,
	"disable-domain-reliability":                         true,
	"disable-breakpad":                                   true,
	"disable-dev-shm-usage":                              true, // /dev/shm is tiny in containers
	"disable-background-timer-throttling":                true,
	"disable-renderer-backgrounding":                     true,
	"metrics-recording-only":                             true,
	"password-store":                                     "basic",
	"force-color-profile":                                "srgb", // the same picture on every machine
	"hide-scrollbars":                                    true,
	"disable-features":                                   "AutofillServerCommunication,OptimizationHints,Translate,MediaRouter,PasswordLeakDetection",
	// Nothing outside this machine has an address; see also foreign.go.
	"host-resolver-rules": "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
}

// shared is the Chromium of this test process: starting one takes a second, a
// fresh incognito context in it some milliseconds. A package variable, as Go
// gives the tests of a package nothing else in common.
var shared process

type process struct {
	once    sync.Once
	ctx     context.Context
	stop    func()
	profile string
	life    io.Closer // the profile goes when this closes
	failed  error
}

func (p *process) start() (context.Context, error) {
	p.once.Do(func() {
		p.ctx, p.stop, p.failed = p.launch()
	})
	return p.ctx, p.failed
}

func (p *process) launch() (context.Context, func(), error) {
	file, err := find()
	if err != nil {
		return nil, nil, err
	}
	if p.profile, err = os.MkdirTemp("", "genkan-chromium-"); err != nil {
		return nil, nil, err
	}
	if p.life, err = sweepAfter(p.profile); err != nil {
		return nil, nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(file),
		chromedp.UserDataDir(p.profile),
		chromedp.WSURLReadTimeout(startWait),
	}
	for name, value := range flags {
		options = append(options, chromedp.Flag(name, value))
	}
	// The sandbox stays on, except for root, whom Chromium gives none.
	options = append(options, chromedp.Flag("no-sandbox", os.Geteuid() == 0))

	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	// A Chromium newer than the protocol library sends events that it cannot
	// read; none that we listen to.
	ctx, stopBrowser := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	stop := func() {
		stopBrowser()
		stopAlloc()
		_ = os.RemoveAll(p.profile)
	}
	if err := chromedp.Run(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start %s: %w", file, err)
	}
	return ctx, stop, nil
}

// sweepAfter removes dir when the file that it returns closes, at the latest when
// this process ends, however it ends: a profile is tens of megabytes, and a
// package may not call Close, or be killed. Nobody writes to that pipe.
func sweepAfter(dir string) (io.Closer, error) {
	hear, life, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer hear.Close()
	// Chromium, killed at the same moment, may still write a last file.
	sweeper := exec.Command("/bin/sh", "-c", `cat >/dev/null
		for i in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && exit; sleep 1; done`, "sweeper", dir)
	sweeper.Stdin = hear
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // not for the terminal's interrupt
	if err := sweeper.Start(); err != nil {
		return nil, errors.Join(err, life.Close())
	}
	return life, nil
}

// find prefers Debian's headless build: the same engine without the windows, at
// a tenth of the processor time; the program itself, because the script of that
// name in PATH would be ended in its place. GENKAN_TEST_CHROMIUM names another.
func find() (string, error) {
	if name := os.Getenv("GENKAN_TEST_CHROMIUM"); name != "" {
		return exec.LookPath(name)
	}
	for _, name := range []string{"/usr/lib/chromium/chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if file, err := exec.LookPath(name); err == nil {
			return file, nil
		}
	}
	return "", ErrAbsent
}

// Close ends the Chromium that the tests of this process shared, if one was
// started, and removes its profile:
//
//	func TestMain(m *testing.M) { testkit.Main(m, browser.Close) }
func Close() {
	if shared.stop != nil {
		shared.stop()
	}
}
