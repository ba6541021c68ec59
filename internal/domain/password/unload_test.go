package password_test

import (
	"testing"

	"github.com/trustelem/zxcvbn"

	_ "github.com/genkan/genkan/internal/domain/password"
)

// TestListsAreNotLoaded: zxcvbn knows no words of its own in this program. When
// this fails, each start reads 93,000 words into memory again.
func TestListsAreNotLoaded(t *testing.T) {
	t.Parallel()
	for _, m := range zxcvbn.PasswordStrength("monkeydragon", nil).Sequence {
		if m.Pattern == "dictionary" {
			t.Errorf("%s is in its dictionary %s", m.Token, m.DictionaryName)
		}
	}
}
