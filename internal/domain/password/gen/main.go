// Command gen makes the word files of package password:
//
//	data/common.fuse  passwords that are refused (PW2), as a filter
//	data/top.txt      the most used of them, with their rank
//	data/ja.txt       Japanese words in Latin letters, with their rank
//	data/en.txt       the word lists of zxcvbn, with their rank and kind
//	testdata/listed.txt  a sample of the first, for the tests
//
// Its sources, all under the MIT licence (data/LICENSES.txt), are the Go module
// github.com/trustelem/zxcvbn v1.0.1, which is linked in, two npm packages, of
// which it reads unpacked files, and the texts beside this program:
//
//	@zxcvbn-ts/language-common 4.1.3: src/passwords.json     -common
//	@zxcvbn-ts/language-ja 3.0.2: the folder src             -ja
//
// Run it in the folder of package password. The same sources give the same files.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/trustelem/zxcvbn/frequency"

	"github.com/genkan/genkan/internal/domain/password/internal/fuse"
)

func main() {
	log.SetFlags(0)
	common := flag.String("common", "passwords.json", "passwords.json of @zxcvbn-ts/language-common")
	ja := flag.String("ja", "language-ja", "folder src of @zxcvbn-ts/language-ja")
	flag.Parse()
	if err := run(*common, *ja); err != nil {
		log.Fatal(err)
	}
}

// sources are the lists, commonest first where the list knows.
type sources struct {
	passwords, english         []string
	jaWords, jaNames, jaWiki   []string
	jaGiven, jaFamily, phrases []string
}

func run(common, ja string) error {
	if err := os.WriteFile("data/en.txt", enList(), 0o644); err != nil {
		return err
	}
	src, err := readSources(common, ja)
	if err != nil {
		return err
	}
	s := newSet()
	s.addAll(src)
	if err := writeFilter(s); err != nil {
		return err
	}
	if err := os.WriteFile("testdata/listed.txt", s.sample(src), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("data/top.txt", topList(src.passwords), 0o644); err != nil {
		return err
	}
	return os.WriteFile("data/ja.txt", jaList(src), 0o644)
}

func readSources(common, ja string) (src sources, err error) {
	read := func(path string) (list []string) {
		text, e := os.ReadFile(path)
		if e == nil {
			e = json.Unmarshal(text, &list)
		}
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", path, e)
		}
		return list
	}
	src.passwords = merge(read(common), frequency.FrequencyLists["passwords"])
	src.english = frequency.FrequencyLists["english_wikipedia"]
	src.jaWords = read(filepath.Join(ja, "commonWords.json"))
	src.jaFamily = read(filepath.Join(ja, "lastnames.json"))
	src.jaNames = read(filepath.Join(ja, "firstnames.json"))
	src.jaWiki = read(filepath.Join(ja, "wikipedia.json"))
	src.jaGiven = textFile("gen/names.txt", &err, bytes.Fields)
	src.phrases = textFile("gen/phrases.txt", &err, func(b []byte) [][]byte { return bytes.Split(b, []byte("\n")) })
	return src, err
}

// textFile reads a file of ours; lines with # are comments.
func textFile(path string, err *error, split func([]byte) [][]byte) []string {
	text, e := os.ReadFile(path)
	if e != nil && *err == nil {
		*err = e
	}
	var out []string
	for line := range bytes.Lines(text) {
		if line[0] == '#' {
			continue
		}
		for _, word := range split(bytes.TrimSpace(line)) {
			if len(word) > 0 {
				out = append(out, string(word))
			}
		}
	}
	return out
}

func merge(lists ...[]string) []string {
	seen := map[string]bool{}
	var out []string
	for _, list := range lists {
		for _, word := range list {
			if !seen[word] {
				seen[word] = true
				out = append(out, word)
			}
		}
	}
	return out
}

func writeFilter(s *set) error {
	var b bytes.Buffer
	n, err := fuse.Write(&b, s.keys())
	if err != nil {
		return err
	}
	log.Printf("%d entries, %d of 15 or more characters, %d bytes", n, s.long(), b.Len())
	return os.WriteFile("data/common.fuse", b.Bytes(), 0o644)
}
