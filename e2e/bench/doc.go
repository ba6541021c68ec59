// Package bench measures speed and size, always beside a limit that is measured
// in the same run: make bench. Without GENKAN_BENCH=1 its tests are skipped,
// because a busy machine makes them slow, and an idle one is needed to judge.
package bench
