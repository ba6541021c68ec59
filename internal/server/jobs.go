package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/outbox"
)

// sweepJob forgets what ran out, on one node at a time.
type sweepJob struct{}

func (sweepJob) Kind() string { return "house.sweep" }

// sweepMost bounds the rows of one table in one transaction, so that a sweep
// never holds the writer for long.
const sweepMost = 2000

func (h *House) jobs(j *outbox.Jobs) {
	outbox.Handle(j, func(ctx context.Context, job delivery.SendJob) error { return h.Post.Work(ctx, job) })
	outbox.Handle(j, func(ctx context.Context, _ sweepJob) error { return h.sweep(ctx) })
	outbox.Every(j, time.Minute, sweepJob{})
}

// sweep gives every growing table its turn, in short transactions until there is
// nothing left to forget or the job's time is up.
func (h *House) sweep(ctx context.Context) error {
	for name, f := range map[string]func(context.Context, *db.Tx, int) (int64, error){
		"accounts": account.Sweep, "registrations": registration.Sweep, "recoveries": recovery.Sweep,
		"sessions": session.Sweep, "attempts": attempt.Sweep, "messages": delivery.Sweep,
		"limits": limit.Sweep, "streaks": limit.SweepStreaks, "tallies": limit.SweepTallies, "proofs": guard.Sweep,
		"puzzles": puzzle.Sweep, "answers": once.Sweep, "factors": factor.Sweep,
	} {
		for n := int64(sweepMost); n >= sweepMost && ctx.Err() == nil; {
			err := h.DB.Tx(ctx, func(tx *db.Tx) (err error) {
				n, err = f(ctx, tx, sweepMost)
				return err
			})
			if err != nil {
				return fmt.Errorf("sweep %s: %w", name, err)
			}
		}
	}
	return nil
}

// anchorEach is how often the head of the audit chain is written outside.
const anchorEach = time.Minute

// anchor appends the head of the audit chain to the operator's file, when it
// moved since seq; a cut of the chain behind it shows from then on (LG3).
func (h *House) anchor(ctx context.Context, seq int64) (int64, error) {
	head, err := audit.ReadHead(ctx, h.DB.Reader())
	if err != nil || head.Seq == seq {
		return seq, err
	}
	f, err := os.OpenFile(h.Settings.Audit.AnchorFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return seq, fmt.Errorf("audit.anchor_file: %w", err)
	}
	defer f.Close()
	line := fmt.Sprintf("%d %s %s\n", head.Seq, hex.EncodeToString(head.Hash), h.DB.Now().UTC().Format(time.RFC3339))
	if _, err := f.WriteString(line); err != nil {
		return seq, fmt.Errorf("audit.anchor_file: %w", err)
	}
	return head.Seq, f.Sync()
}

// keepGoing does what comes round on every node until ctx ends.
func (h *House) keepGoing(ctx context.Context) {
	flush, anchor := time.NewTicker(5*time.Second), time.NewTicker(anchorEach)
	defer flush.Stop()
	defer anchor.Stop()
	var seq int64
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			err = h.Sessions.Flush(ctx)
		case <-anchor.C:
			if h.Settings.Audit.AnchorFile != "" {
				seq, err = h.anchor(ctx, seq)
			}
		}
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("a regular task failed and will be tried again", "error", err.Error())
		}
	}
}
