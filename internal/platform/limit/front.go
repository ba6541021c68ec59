package limit

import (
	"context"
	neturl "net/url"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/genkan/genkan/internal/platform/db"
)

// Front remembers in Redis or Valkey which streaks refuse, so that a flood on one
// address does not queue for its row. It only ever refuses: whatever it lets
// pass is counted by the database, and whatever it cannot answer is asked there.
// So a Redis that is lost, emptied or lying makes the house slower or stricter,
// and gives nobody a guess (fails closed to the database).
type Front struct {
	pool    *redis.Pool
	asleep  atomic.Int64 // not asked again before, after a failure; Unix microseconds
	refused atomic.Int64
	failed  atomic.Int64
}

// OpenFront makes a front for a URL: redis://, rediss:// or unix://. It connects
// when it is first asked.
func OpenFront(url string) (*Front, error) {
	u, err := neturl.Parse(url)
	if err != nil {
		return nil, err
	}
	limits := []redis.DialOption{redis.DialConnectTimeout(300 * time.Millisecond),
		redis.DialTLSHandshakeTimeout(300 * time.Millisecond),
		redis.DialReadTimeout(100 * time.Millisecond), redis.DialWriteTimeout(100 * time.Millisecond)}
	dial := func(ctx context.Context) (redis.Conn, error) { return redis.DialURLContext(ctx, url, limits...) }
	if u.Scheme == "unix" {
		if pw, ok := u.User.Password(); ok {
			limits = append(limits, redis.DialUsername(u.User.Username()), redis.DialPassword(pw))
		}
		dial = func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "unix", u.Path, limits...)
		}
	}
	return &Front{pool: &redis.Pool{DialContext: dial, MaxIdle: 16, MaxActive: 64, IdleTimeout: 5 * time.Minute,
		TestOnBorrow: func(c redis.Conn, used time.Time) (err error) {
			if time.Since(used) > 5*time.Second {
				_, err = c.Do("PING")
			}
			return err
		}}}, nil
}

// Close ends its connections.
func (f *Front) Close() error { return f.pool.Close() }

// Load is how many tries it refused, and how often it could not be asked, since
// the start.
func (f *Front) Load() (refused, failed int64) { return f.refused.Load(), f.failed.Load() }

// sleep is how long a front that failed is left alone, so that a dead one does
// not cost each try its timeouts.
const sleep = time.Second

func (f *Front) awake() bool { return time.Now().UnixMicro() >= f.asleep.Load() }

func (f *Front) fell() {
	f.failed.Add(1)
	f.asleep.Store(time.Now().Add(sleep).UnixMicro())
}

// refuses tells whether a bucket is known to be paused or stopped.
func (f *Front) refuses(ctx context.Context, bucket string, now time.Time, l Ladder) (s Streak, yes bool) {
	if f == nil || !f.awake() {
		return s, false
	}
	// A bucket that it does not know is three zeroes, which refuse nothing.
	v, err := redis.Int64s(f.do(ctx, func(ctx context.Context, c redis.Conn) (any, error) {
		return redis.DoContext(c, ctx, "HMGET", key(bucket), "until", "run", "total")
	}))
	if err != nil || len(v) != 3 {
		f.fell()
		return s, false
	}
	if s = (Streak{Run: int(v[1]), Total: int(v[2]), Until: db.Time(v[0])}); !s.Paused(now, l) {
		return s, false
	}
	f.refused.Add(1)
	return s, true
}

// do asks, whatever becomes of the caller: one that leaves is no failure of the
// front. Its own timeouts bound it.
func (f *Front) do(ctx context.Context, ask func(ctx context.Context, c redis.Conn) (any, error)) (any, error) {
	ctx = context.WithoutCancel(ctx)
	c, err := f.pool.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return ask(ctx, c)
}

func key(bucket string) string { return "genkan:streak:" + bucket }

// newest keeps what happened last in the house's time: of two nodes that write
// out of order, the older one's word is dropped. KEYS bucket; ARGV when, until,
// run, total, life in milliseconds.
var newest = redis.NewScript(1, `
local at = redis.call('HGET', KEYS[1], 'at')
if at and tonumber(at) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'until', ARGV[2], 'run', ARGV[3], 'total', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`)

// note writes what a bucket holds, once the transaction is kept.
func (f *Front) note(ctx context.Context, tx *db.Tx, bucket string, s Streak) {
	if f == nil {
		return
	}
	at, life := tx.Time(), 10*time.Minute
	if s.Until.After(at) {
		life = max(life, s.Until.Sub(at))
	}
	tx.AfterCommit(func() {
		if !f.awake() {
			return
		}
		until := db.Micros(s.Until)
		_, err := f.do(ctx, func(ctx context.Context, c redis.Conn) (any, error) {
			return newest.DoContext(ctx, c, key(bucket), at.UnixMicro(), until, s.Run, s.Total, life.Milliseconds())
		})
		if err != nil {
			f.fell()
		}
	})
}

// Streaks are the streaks of a house, with a front or without.
type Streaks struct{ Front *Front }

// Try is the function Try; a front may refuse first.
func (k Streaks) Try(ctx context.Context, tx *db.Tx, bucket string, l Ladder) (Streak, bool, error) {
	if s, yes := k.Front.refuses(ctx, bucket, tx.Time(), l); yes {
		return s, false, nil
	}
	s, ok, err := Try(ctx, tx, bucket, l)
	if err == nil && s.Paused(tx.Time(), l) {
		k.Front.note(ctx, tx, bucket, s)
	}
	return s, ok, err
}

// Forgive is the function Forgive.
func (k Streaks) Forgive(ctx context.Context, tx *db.Tx, bucket string, l Ladder) error {
	k.Front.note(ctx, tx, bucket, Streak{})
	return Forgive(ctx, tx, bucket, l)
}

// Absolve is the function Absolve.
func (k Streaks) Absolve(ctx context.Context, tx *db.Tx, bucket string) error {
	k.Front.note(ctx, tx, bucket, Streak{})
	return Absolve(ctx, tx, bucket)
}

// Forget is the function Forget.
func (k Streaks) Forget(ctx context.Context, tx *db.Tx, bucket string) error {
	k.Front.note(ctx, tx, bucket, Streak{})
	return Forget(ctx, tx, bucket)
}
