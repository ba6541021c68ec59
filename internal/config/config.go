// Package config reads the settings of the house: defaults, then one YAML
// file, then environment variables, then flags.
//
// The contract a reviewer checks the code against:
//
//   - Unknown keys and unsafe values stop the start with a reason (AD2, ASVS
//     13.4.2). A number of the security requirements may be tightened and not
//     loosened.
//   - All faults are told at once, each with the file and line, or the
//     variable, that has to be changed, and with the remedy.
//   - No fault shows a value or a neighbouring line: what stands in the wrong
//     place may be a secret (LG1).
//   - Secrets are given as paths of files that only their owner can read (KY3).
package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with the settings.
type Fault struct {
	Where string // "genkan.yaml:12:3", "GENKAN_SMTP_PORT", "--listen", or the file alone for what is missing
	Path  string // the setting, for example "smtp.port"; empty when the file cannot be read at all
	Says  string // what is wrong and what to do; never the value

	order int // place in the file, then variables, then the rest
}

// Error gives the fault as one line.
func (f Fault) Error() string {
	s := f.Where + ": "
	if f.Path != "" {
		s += f.Path + ": "
	}
	return s + f.Says
}

// Faults are all that is wrong, in the order of the file.
type Faults []Fault

// Error gives one line for each fault.
func (f Faults) Error() string {
	var b strings.Builder
	if len(f) == 1 {
		b.WriteString("1 fault in the settings:")
	} else {
		fmt.Fprintf(&b, "%d faults in the settings:", len(f))
	}
	for _, x := range f {
		b.WriteString("\n  " + x.Error())
	}
	return b.String()
}

// Option changes what Load does.
type Option func(*loader)

// ForServe also demands what `genkan serve` cannot do without: origin, keys
// and a way to send mail.
func ForServe() Option { return func(l *loader) { l.serve = true } }

// Set gives a setting a value that wins over file and environment. where names
// its source, for example "--listen". A secret is refused: arguments can be
// read by everyone on the machine (KY3).
func Set(path, value, where string) Option {
	return func(l *loader) { l.flags = append(l.flags, given{path, value, where}) }
}

type given struct{ path, value, where string }

// loader gathers settings and faults from all sources.
type loader struct {
	*Settings
	schema schema
	serve  bool
	flags  []given
	faults Faults
	seen   map[string]bool // paths with a fault, which rules then leave alone
}

// Load reads the settings. path may be empty for none; env is what os.Environ
// gives. The error, if any, is of type Faults.
func Load(path string, env []string, opts ...Option) (*Settings, error) {
	l := &loader{Settings: Default(), schema: newSchema(), seen: map[string]bool{}}
	for _, o := range opts {
		o(l)
	}
	l.Settings.file = path
	l.readFile(path)
	l.readEnv(env)
	l.readFlags()
	rules := l.Validate()
	if l.serve {
		rules = append(rules, l.ServeFaults()...)
	}
	for _, f := range rules {
		if !l.seen[f.Path] {
			l.faults = append(l.faults, f)
		}
	}
	if len(l.faults) > 0 {
		slices.SortStableFunc(l.faults, func(a, b Fault) int { return cmp.Compare(a.order, b.order) })
		return nil, l.faults
	}
	return l.Settings, nil
}

func (l *loader) fault(at origin, path, says string) {
	l.seen[strings.SplitN(path, "[", 2)[0]] = true
	l.faults = append(l.faults, Fault{Where: at.String(), Path: path, Says: says, order: at.order()})
}

// readFlags applies what Set gave.
func (l *loader) readFlags() {
	for _, f := range l.flags {
		at := origin{kind: fromFlag, name: f.where}
		lf, ok := l.schema.byPath[f.path]
		switch {
		case !ok:
			l.fault(at, f.path, "is not a setting")
		case lf.secret() && strings.Contains(f.value, "@") && hasPassword(f.value):
			l.fault(at, f.path, "holds a password, and arguments can be read by everyone on the machine: use "+f.path+"_file")
		default:
			l.set(lf, at, []item{{f.value, at}})
		}
	}
}

// origin says where a value came from.
type origin struct {
	kind      int
	name      string // file, variable or flag
	line, col int
}

const (
	fromDefault = iota
	fromFile
	fromEnv
	fromFlag
)

// String gives the place as an editor or a shell understands it.
func (o origin) String() string {
	switch {
	case o.kind == fromDefault:
		return "default"
	case o.kind == fromFile && o.line > 0:
		return fmt.Sprintf("%s:%d:%d", o.name, o.line, o.col)
	}
	return o.name
}

// order sorts faults: by line, then variables and flags.
func (o origin) order() int {
	if o.kind == fromFile {
		return o.line<<10 | min(o.col, 1<<10-1)
	}
	return 1<<40 + o.kind
}

// place says where to look for a setting: its own line, or that of its
// section when it is not set, or the file.
func (s *Settings) place(path string) origin {
	for p := path; p != ""; {
		if o, ok := s.from[p]; ok {
			return o
		}
		cut := strings.LastIndexAny(p, ".[")
		if cut < 0 {
			break
		}
		p = p[:cut]
	}
	if s.file != "" {
		return origin{kind: fromFile, name: s.file}
	}
	return origin{kind: fromEnv, name: envName(path)}
}
