package guard

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
)

const house = "signin"

// network names the bucket of a /24 or /56. The name is keyed and changes each
// day, so that nobody can tell later who called.
func (g *Guard) network(now time.Time, prefix string) string {
	return "network " + hex.EncodeToString(g.Keys.Index("guard network", now.UTC().Format(time.DateOnly)+" "+prefix))
}

// Outcome counts whether a judged try passed, for the house and the network. A
// stranger's right password that was then not enough counts as failed.
func (g *Guard) Outcome(ctx context.Context, tx *db.Tx, c Caller, passed bool) error {
	places := []limit.Place{{Bucket: house, Shard: shard(c.Key)}}
	if c.Network != "" {
		places = append(places, limit.Place{Bucket: g.network(tx.Time(), c.Network)})
	}
	return limit.Count(ctx, tx, window, passed, places...)
}

func shard(key []byte) byte {
	if len(key) == 0 {
		return 0
	}
	return key[0]
}

// Level tells how much of what arrives is an attack, in the whole house or from
// the caller's network, whichever is worse (TH6).
func (g *Guard) Level(ctx context.Context, q DBTX, now time.Time, prefix string) (Level, error) {
	all, err := limit.Sum(ctx, q, now, house, window)
	if err != nil {
		return Calm, err
	}
	level := LevelOf(all, g.Rules.Failures)
	if prefix == "" {
		return level, nil
	}
	near, err := limit.Sum(ctx, q, now, g.network(now, prefix), window)
	return max(level, LevelOf(near, g.Rules.Network)), err
}
