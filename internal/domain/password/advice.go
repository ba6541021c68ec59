package password

import (
	"github.com/trustelem/zxcvbn/match"

	"github.com/genkan/genkan/internal/domain/password/internal/words"
	"github.com/genkan/genkan/internal/platform/fault"
)

// The message keys of Score.
const (
	WarnCommon   = "pw.strength.common"   // attackers try it among the first
	WarnWord     = "pw.strength.word"     // one word, or a word with little added
	WarnName     = "pw.strength.name"     // a name
	WarnPersonal = "pw.strength.personal" // the person's own address or name
	WarnKeyboard = "pw.strength.keyboard" // keys side by side
	WarnRepeat   = "pw.strength.repeat"   // the same again and again
	WarnSequence = "pw.strength.sequence" // abc, 123, あいう
	WarnDate     = "pw.strength.date"     // a day or a year

	HintWords      = "pw.strength.hint.words"       // put unusual words together
	HintLonger     = "pw.strength.hint.longer"      // make it longer
	HintNoRepeat   = "pw.strength.hint.no_repeat"   // repeating adds next to nothing
	HintNoKeyboard = "pw.strength.hint.no_keyboard" // neighbouring keys add next to nothing
	HintNoSequence = "pw.strength.hint.no_sequence" // runs add next to nothing
	HintNoDate     = "pw.strength.hint.no_date"     // no days that belong to you
	HintNoPersonal = "pw.strength.hint.no_personal" // nothing that others know of you
	HintNoSwap     = "pw.strength.hint.no_swap"     // @ for a, digits at the end: add next to nothing
	HintManager    = "pw.strength.hint.manager"     // let a password manager make one
)

// MessageKeys are all keys that this package puts into refusals and scores, for
// the test that holds the catalogues complete.
func MessageKeys() []string {
	return []string{
		CodeInvalidText, CodeTooShort, CodeTooLong, CodeCommon, CodeBreached, CodeIsAddress, CodeIsService,
		WarnCommon, WarnWord, WarnName, WarnPersonal, WarnKeyboard, WarnRepeat, WarnSequence, WarnDate,
		HintWords, HintLonger, HintNoRepeat, HintNoKeyboard, HintNoSequence, HintNoDate, HintNoPersonal,
		HintNoSwap, HintManager,
	}
}

// hints says what helps against a weakness. None asks for kinds of characters
// (PW1).
func hints(warning string) []string {
	switch warning {
	case WarnKeyboard:
		return []string{HintWords, HintNoKeyboard}
	case WarnRepeat:
		return []string{HintWords, HintNoRepeat}
	case WarnSequence:
		return []string{HintWords, HintNoSequence}
	case WarnDate:
		return []string{HintWords, HintNoDate}
	case WarnPersonal, WarnName:
		return []string{HintWords, HintNoPersonal}
	case WarnCommon, WarnWord:
		return []string{HintWords, HintNoSwap, HintManager}
	}
	return []string{HintLonger, HintWords}
}

// dictionaryWarning names where the word is from; the first of those that we hand
// over are the person's own.
func dictionaryWarning(m *match.Match, personal int) string {
	if m.Rank <= personal {
		return WarnPersonal
	}
	switch words.List(enFile).Kind(m.MatchedWord) {
	case "p":
		return WarnCommon
	case "n":
		return WarnName
	}
	return WarnWord
}

func refused(err error) Score {
	return Score{WarningCode: fault.Of(err).Code, Hints: []string{HintWords}}
}
