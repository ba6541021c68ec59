//go:build unix

package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged are the users to run the server as when the tests run as root:
// initdb and postgres refuse root. Debian's package makes the first.
var unprivileged = [...]string{"postgres", "nobody"}

// confine prepares cmd to run as an unprivileged user in dir, which becomes that
// user's.
//
// It gets a process group of its own, so that an interrupt typed at the
// terminal reaches the tests, which then end the server, and not both at once;
// and an environment of its own, as PGPORT, PGHOST and the like would lead it
// to somebody else's server.
func confine(cmd *exec.Cmd, dir string) error {
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range unprivileged {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU != nil || errG != nil {
			continue
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return fmt.Errorf("give the folder of postgres to %s: %w", name, err)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return nil
	}
	return errors.New("postgres refuses to run as root, and there is no user postgres or nobody")
}

// killGroup ends the keeper and the server at once.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone already is as good
}
