package bench

import (
	"os"
	"testing"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/testkit"
)

// loadVariable makes this test binary a load generator instead: the load must
// come from another process, so that it is not charged to the house.
const loadVariable = "GENKAN_TEST_LOAD"

func TestMain(m *testing.M) {
	if os.Getenv(loadVariable) != "" {
		generate(os.Stdin, os.Stdout)
		return
	}
	testkit.Main(m, program.Clean)
}

// asked skips a measurement that nobody asked for.
func asked(t *testing.T) {
	t.Helper()
	if os.Getenv("GENKAN_BENCH") != "1" {
		t.Skip("a measurement: make bench, or GENKAN_BENCH=1")
	}
}
