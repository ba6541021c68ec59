// Package nodes looks at three nodes of one house on one PostgreSQL: what one of
// them did, all of them know within a second, and what is good once is good once.
package nodes

import (
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
