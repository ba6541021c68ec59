package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trustelem/zxcvbn/frequency"
)

// kinds are what the lists of zxcvbn hold: p passwords, n names; the others words.
var kinds = map[string]string{
	"passwords": " p",
	"surnames":  " n", "male_names": " n", "female_names": " n",
}

// enList gives the words of all lists of zxcvbn that are looked for, each with
// its best rank and the kind of the list that has it there.
func enList() []byte {
	type entry struct {
		rank int
		kind string
	}
	best := map[string]entry{}
	for _, name := range slices.Sorted(maps.Keys(frequency.FrequencyLists)) {
		for i, word := range frequency.FrequencyLists[name] {
			word = strings.ToLower(word)
			if len(word) < 3 || strings.ContainsAny(word, " \n") {
				continue
			}
			if e, ok := best[word]; !ok || i+1 < e.rank {
				best[word] = entry{i + 1, kinds[name]}
			}
		}
	}
	var b bytes.Buffer
	for _, word := range slices.Sorted(maps.Keys(best)) {
		fmt.Fprintf(&b, "%s %d%s\n", word, best[word].rank, best[word].kind)
	}
	return b.Bytes()
}
