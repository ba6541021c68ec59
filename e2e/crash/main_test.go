// Package crash kills the real program while people register and reset their
// passwords, starts it again, and looks whether what was answered is there.
package crash

import (
	"testing"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, program.Clean) }
