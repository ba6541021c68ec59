package puzzle

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

type vector struct {
	Salt string `json:"salt"`
	Lane uint32 `json:"lane"`
	N    uint32 `json:"n"`
	Mix  uint32 `json:"mix"`
}

// TestMixKeepsItsValues: scripts of pages that are open compute the same function
// (testdata/mix.json is what they are checked by, too).
func TestMixKeepsItsValues(t *testing.T) {
	t.Parallel()
	var all []vector
	if *update {
		for _, salt := range []string{"00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff", "0123456789abcdeffedcba9876543210", "7d1f8f0e30a54a6e9a392f8c5d0f1b11"} {
			w, _ := readSalt(salt)
			for _, v := range [][2]uint32{{0, 0}, {0, 1}, {7, 0}, {8, 123456}, {23, 1<<32 - 1}} {
				all = append(all, vector{salt, v[0], v[1], Mix(w, v[0], v[1])})
			}
		}
		raw, _ := json.MarshalIndent(all, "", " ")
		if err := os.WriteFile("testdata/mix.json", append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile("testdata/mix.json")
	if err != nil || json.Unmarshal(raw, &all) != nil || len(all) < 20 {
		t.Fatalf("%d values, %v", len(all), err)
	}
	for _, v := range all {
		w, ok := readSalt(v.Salt)
		if got := Mix(w, v.Lane, v.N); !ok || got != v.Mix {
			t.Errorf("Mix(%s, %d, %d) is %d; want %d", v.Salt, v.Lane, v.N, got, v.Mix)
		}
	}
}

// TestWorkIsChecked lane by lane, and what is no work is none.
func TestWorkIsChecked(t *testing.T) {
	t.Parallel()
	id := [16]byte{1, 2, 3, 15: 9}
	salt := "01020300000000000000000000000009"
	good := Solve(salt, 0, 40)
	if !worked(id, 0, 40, good) {
		t.Fatalf("%q is refused", good)
	}
	other := id
	other[15]++
	if worked(other, 0, 40, good) || worked(id, workProofs, 40, good) || worked(id, 0, 40_000_000, good) {
		t.Error("work for another challenge, other lanes or a lower price is taken")
	}
	for _, bad := range []string{"", ".......", "0.0.0.0.0.0.0.0", good + ".1", good[1:] + "x", "-1" + good, "+" + good, " " + good, "99999999999" + good} {
		if worked(id, 0, 40, bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func BenchmarkWorked(b *testing.B) {
	id := [16]byte{1, 2, 3, 15: 9}
	good := Solve("01020300000000000000000000000009", 0, 40)
	for b.Loop() {
		if !worked(id, 0, 40, good) {
			b.Fatal("refused")
		}
	}
}
