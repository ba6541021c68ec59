// Package release looks at the program as operators get it: what it refuses to
// start with, what its commands say, how it stops, and what is not in it.
package release

import (
	"testing"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, program.Clean) }
