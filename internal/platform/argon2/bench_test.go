package argon2

import (
	"slices"
	"sync"
	"testing"
	"time"

	xargon2 "golang.org/x/crypto/argon2"
)

// The parameters of PW3: 19 MiB, two passes.
func ours() { ID([]byte("correct horse"), []byte("0123456789abcdef"), 2, 19456, 32) }

func theirs() {
	xargon2.IDKey([]byte("correct horse"), []byte("0123456789abcdef"), 2, 19456, 1, 32)
}

func BenchmarkID19MiB(b *testing.B)      { each(b, ours) }
func BenchmarkXCrypto19MiB(b *testing.B) { each(b, theirs) }

func each(b *testing.B, hash func()) {
	b.ReportAllocs()
	for b.Loop() {
		hash()
	}
}

// BenchmarkRatio19MiB runs both in turn, so that a noisy neighbour hits both,
// and reports medians. With two goroutines the numbers are for two hashes.
func BenchmarkRatio19MiB(b *testing.B) {
	b.Run("goroutines=1", func(b *testing.B) { ratio(b, 1) })
	b.Run("goroutines=2", func(b *testing.B) { ratio(b, 2) })
}

func ratio(b *testing.B, goroutines int) {
	var mine, other []float64
	for b.Loop() {
		mine = append(mine, milliseconds(goroutines, ours))
		other = append(other, milliseconds(goroutines, theirs))
	}
	slices.Sort(mine)
	slices.Sort(other)
	m, o := mine[len(mine)/2], other[len(other)/2]
	b.ReportMetric(m, "ms/ID")
	b.ReportMetric(o, "ms/XCrypto")
	b.ReportMetric(o/m, "times-faster")
}

func milliseconds(goroutines int, hash func()) float64 {
	start := time.Now()
	var all sync.WaitGroup
	for range goroutines {
		all.Go(hash)
	}
	all.Wait()
	return time.Since(start).Seconds() * 1000
}
