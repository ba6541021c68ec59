package words_test

import (
	"fmt"
	"testing"

	"github.com/genkan/genkan/internal/domain/password/internal/words"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ＰＡＳＳword": "password", "ﾊﾟｽﾜｰﾄﾞ": "ぱすわーど", "サクラ": "さくら", "Straße": "strasse", "ＡΣ": "aσ",
	} {
		if got := words.Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestRomaji(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"さくら": "sakura", "とうきょうたわー": "toukyoutawa", "いらっしゃい": "irasshai", "きゃりーぱみゅぱみゅ": "kyaripamyupamyu",
		"じゃんけん": "janken", "ちょこ": "choko", "ひゃく": "hyaku", "ふぁいと": "faito", "でぃずにー": "dizuni",
		"日本代表": "nihondaihyou", "小林さん": "kobayashisan", "abcさ1": "abcsa1", "っ": "", "ぁ": "a", "漢字": "漢字", "めっ": "me",
	} {
		if got := words.Romaji(words.Fold(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"aaa", "ababab", "abc", "cba", "acegik", "13579", "8901234", "098765", "あいうえお", "かきくけこさ", "おえういあ", "いろはに",
		"qwerty", "qwertyuiop@[", "1qaz2wsx", "zaqwsx", "qqwwee", "!@#$%^", "!\"#$%&'(", "19991231", "31121999", "199912", "x7kpx7kpx7kp",
		"abc123", "qwerty123456", "aaabbb", "abcabcabcxyz",
	} {
		if !words.Patterns(s) {
			t.Errorf("%q is no pattern", s)
		}
	}
	for _, s := range []string{"", "a", "ab", "abd", "were", "password", "19991331", "99999999x1", "さくら", "velvet", "xkvmwq", "aabbd", "1abc2"} {
		if words.Patterns(s) {
			t.Errorf("%q is a pattern", s)
		}
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"love2024!": "love", "123456love": "love", "!!!!!!love": "love", "love!?!": "love", "(love)": "love", "さくら2024": "さくら",
		"love!?#$%": "", "love83920174": "", "love": "", "1234": "", "!!!!": "", "ab12": "", "é\u0301été99": "é\u0301été",
	} {
		if got := words.Trim(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "abcabc": "abc", "passwordpass": "password", "testingfast": "testingfast", "aaaa": "a", "さくらさくら": "さくら",
	} {
		if got, _ := words.Unit(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"himawarihimawari1": "himawari1", "password": "password", "aaaa1": "a1", "xさくらさくらさくら": "xさくら", "": "",
	} {
		if got, _ := words.Unrepeat(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"aabbcc": "abc", "aabbc": "aabbc", "abc": "abc", "": "", "さささくくく": "さく"} {
		if got := words.Squeeze(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestListRank(t *testing.T) {
	t.Parallel()
	l := words.List("a 3\nab 1\nb 10\nさくら 7\n")
	for word, want := range map[string]int{"a": 3, "ab": 1, "b": 10, "さくら": 7, "": 0, "aa": 0, "c": 0, "a 3": 0, "ん": 0} {
		if got, ok := l.Rank(word); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, want %d", word, got, want)
		}
	}
	if _, ok := words.List("").Rank("a"); ok {
		t.Error("an empty list has a word")
	}
}

func TestListBeginning(t *testing.T) {
	t.Parallel()
	l := words.List("a 3\nab 1 n\nabc 9\nabcd 2\nb 10\n")
	for text, want := range map[string]string{"abcx": "[{ab 1 n} {abc 9 }]", "abcdef": "[{ab 1 n} {abc 9 }]", "ab": "[{ab 1 n}]", "ax": "[]", "": "[]", "b": "[]", "zz": "[]"} {
		if got := fmt.Sprint(l.Beginning(text, 2, 3)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
