//go:build !unix

package cli

import "time"

var started = time.Now()

// processorTime is the wall clock's, for want of better.
func processorTime() time.Duration { return time.Since(started) }
