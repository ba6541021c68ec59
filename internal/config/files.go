package config

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/genkan/genkan/internal/platform/obs"
)

// maxSecret bounds a secret's file, in bytes.
const maxSecret = 64 << 10

// Database gives the URL of the PostgreSQL database, from database_url or its
// file; empty for SQLite.
func (s *Settings) Database() (obs.Secret, error) {
	if s.DatabaseURLFile != "" {
		return ReadSecret(s.DatabaseURLFile)
	}
	return s.DatabaseURL, nil
}

// SMTPPassword gives the password for the mail server; empty for none.
func (s *Settings) SMTPPassword() (obs.Secret, error) {
	if s.SMTP.PasswordFile == "" {
		return "", nil
	}
	return ReadSecret(s.SMTP.PasswordFile)
}

// ReadSecret reads a secret's file without the line end that editors add.
func ReadSecret(path string) (obs.Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxSecret {
		return "", fmt.Errorf("a secret's file is larger than %d bytes", maxSecret)
	}
	raw = bytes.TrimSuffix(raw, []byte("\n"))
	return obs.Secret(bytes.TrimSuffix(raw, []byte("\r"))), nil
}

// secretFile demands a file that only its owner can read (KY3).
func (r *rules) secretFile(path, name string) bool {
	if !r.plainFile(path, name) {
		return false
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		r.say(path, "%s", whyNot(err))
	case info.Size() == 0:
		r.say(path, "names an empty file")
	case info.Size() > maxSecret:
		r.say(path, "names a file larger than 64 KiB, which is no secret")
	case info.Mode().Perm()&0o077 != 0:
		r.say(path, "names a file that others may read or change: chmod 600 it (KY3)")
	default:
		return true
	}
	return false
}

// plainFile tells whether a file is named, and demands that it can be read.
func (r *rules) plainFile(path, name string) bool {
	if name == "" {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		r.say(path, "%s", whyNot(err))
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		r.say(path, "names something that is not a file")
		return false
	}
	return true
}

// writableFile demands that a file to be written has a folder to be in.
func (r *rules) writableFile(path, name string) {
	if name == "" {
		return
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		r.say(path, "names a file in a folder that does not exist")
		return
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		r.say(path, "names something that is not a file")
	}
}

func readableByOthers(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Mode().Perm()&0o077 != 0
}
