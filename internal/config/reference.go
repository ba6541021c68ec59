package config

import (
	_ "embed" // the comments of settings.go are the reference
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"reflect"
	"strings"
)

//go:embed settings.go
var source string

// Reference writes docs/settings.md: every setting with its meaning and
// default, and a commented file to start from. Both come from the comments of
// the Settings struct.
func Reference(w io.Writer) error {
	docs, err := comments()
	if err != nil {
		return err
	}
	s := newSchema()
	out := &writer{w: w}
	out.line("%s", intro)
	section := "."
	defaults := reflect.ValueOf(Default()).Elem()
	for _, f := range s.leaves {
		if now := parent(f.path); now != section {
			section = now
			if now == "" {
				out.line("\n## The house\n")
			} else {
				head := s.sections[now]
				out.line("\n## `%s`\n\n%s\n", now, docs[head.owner+"."+head.field])
			}
			out.line("| Setting | Default | Meaning |\n|---|---|---|")
		}
		def := "`" + show(defaults.FieldByIndex(f.index)) + "`"
		if def == "`\"\"`" || def == "`[]`" {
			def = "none"
		}
		out.line("| `%s` | %s | %s |", f.path, def, strings.ReplaceAll(docs[f.owner+"."+f.field], "|", `\|`))
	}
	out.line("\n## A file to start from\n\nEverything is commented out; what is written here is the default or an example.\n\n```yaml")
	out.sample(s, docs)
	out.line("```")
	return out.err
}

// Sample writes the commented YAML alone.
func Sample(w io.Writer) error {
	docs, err := comments()
	if err != nil {
		return err
	}
	out := &writer{w: w}
	out.sample(newSchema(), docs)
	return out.err
}

func (w *writer) sample(s schema, docs map[string]string) {
	defaults := reflect.ValueOf(Default()).Elem()
	section := ""
	for _, f := range s.leaves {
		if head := parent(f.path); head != section {
			w.line("")
			section = w.headings(section, f.path)
		}
		in := indent(f.path)
		for _, l := range wrap(docs[f.owner+"."+f.field], 96-len(in)) {
			w.line("%s# %s", in, l)
		}
		v := show(defaults.FieldByIndex(f.index))
		switch {
		case f.example != "" && f.list():
			v = fmt.Sprintf("[%q]", f.example)
		case f.example != "":
			v = fmt.Sprintf("%q", f.example)
		}
		w.line("%s#%s: %s", in, base(f.path), v)
	}
}

// comments gives the comment of each field by "Struct.Field", on one line.
func comments() (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "settings.go", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the comments of the settings: %w", err)
	}
	docs := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return false
		}
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				docs[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
		return false
	})
	return docs, nil
}

// wrap breaks a text at spaces.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

const intro = `# Settings

<!-- Made from internal/config/settings.go by "go test ./internal/config -run Reference -update". -->

Genkan reads one YAML file (` + "`genkan serve --config genkan.yaml`" + `). Each setting can be overridden by an environment variable, whose
name is ` + "`GENKAN_`" + ` and the setting's path in capitals, joined by underscores: ` + "`smtp.password_file`" + ` is ` + "`GENKAN_SMTP_PASSWORD_FILE`" + `.
Lists are separated by commas there. Flags win over variables, variables over the file, the file over the defaults.

Unknown keys and unsafe values stop the start; all faults are told at once, with file, line and remedy. ` + "`genkan config check`" + ` tells them
without starting, ` + "`genkan config print`" + ` shows the settings in force and where each comes from, without secrets.

Lengths of time have a unit: ` + "`90s`, `30m`, `1h`" + `. Secrets are never settings: they stand in files that only their owner can read
(` + "`chmod 600`" + `), and the settings name the files. Relative paths start at the folder the command runs in.`
