package session

import (
	"crypto/sha256"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
)

type key [sha256.Size]byte

func keyOf(secret string) key { return sha256.Sum256([]byte(secret)) }

const (
	shards      = 64
	shardBound  = 4096             // 262,144 sessions, about 100 MB at the very most
	believeFor  = 30 * time.Second // then the row is read again, whatever was heard
	noteUseEach = 15 * time.Second // how exactly the last use is kept
)

// memory remembers checked sessions for a short while. Entries are dropped by
// account when an end is heard; nothing is believed while the ear is not fresh.
type memory struct {
	ear *db.Ear
	// turn grows with every word heard, so that a row read before the word
	// is not remembered after it.
	turn   atomic.Int64
	shards [shards]shard

	mu      sync.Mutex
	byOwner map[account.ID]map[key]struct{}
	dirty   map[string]time.Time // session id → last use
}

type shard struct {
	mu sync.RWMutex
	m  map[key]*entry
}

type entry struct {
	s      Session
	readAt time.Time
	seen   atomic.Int64 // micros of the last use that was noted
}

func newMemory() *memory {
	m := &memory{byOwner: map[account.ID]map[key]struct{}{}, dirty: map[string]time.Time{}}
	for i := range m.shards {
		m.shards[i].m = map[key]*entry{}
	}
	return m
}

// get gives a session that may be believed at now, and notes its use.
func (m *memory) get(k key, now time.Time, idle time.Duration) (Session, bool) {
	sh := &m.shards[k[0]%shards]
	sh.mu.RLock()
	e := sh.m[k]
	sh.mu.RUnlock()
	if e == nil || !m.ear.Fresh() {
		return Session{}, false
	}
	seen := time.UnixMicro(e.seen.Load())
	age := now.Sub(e.readAt)
	if age > believeFor || age < 0 || !now.Before(e.s.ExpiresAt) || now.Sub(seen) >= idle {
		return Session{}, false
	}
	if now.Sub(seen) >= noteUseEach {
		m.noteUse(e, now)
	}
	return e.s, true
}

func (m *memory) noteUse(e *entry, now time.Time) {
	e.seen.Store(now.UnixMicro())
	m.mu.Lock()
	m.dirty[e.s.ID] = now
	m.mu.Unlock()
}

// put remembers s unless something was heard since turn.
func (m *memory) put(k key, s Session, now time.Time, turn int64) {
	e := &entry{s: s, readAt: now}
	e.seen.Store(s.SeenAt.UnixMicro())
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(s.SeenAt) >= noteUseEach {
		e.seen.Store(now.UnixMicro())
		m.dirty[s.ID] = now
	}
	if m.turn.Load() != turn {
		return
	}
	sh := &m.shards[k[0]%shards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.m) >= shardBound {
		m.evict(sh)
	}
	sh.m[k] = e
	owned := m.byOwner[s.Account]
	if owned == nil {
		owned = map[key]struct{}{}
		m.byOwner[s.Account] = owned
	}
	owned[k] = struct{}{}
}

// evict drops some entry; map order is random enough, and a wrong guess costs
// one read of the database.
func (m *memory) evict(sh *shard) {
	for k, e := range sh.m {
		delete(sh.m, k)
		m.disown(e.s.Account, k)
		return
	}
}

func (m *memory) disown(owner account.ID, k key) {
	delete(m.byOwner[owner], k)
	if len(m.byOwner[owner]) == 0 {
		delete(m.byOwner, owner)
	}
}

// forget drops what is remembered of one account.
func (m *memory) forget(owner account.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn.Add(1)
	for k := range m.byOwner[owner] {
		sh := &m.shards[k[0]%shards]
		sh.mu.Lock()
		delete(sh.m, k)
		sh.mu.Unlock()
	}
	delete(m.byOwner, owner)
}

// clear drops everything: words may have been missed.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn.Add(1)
	for i := range m.shards {
		m.shards[i].mu.Lock()
		m.shards[i].m = map[key]*entry{}
		m.shards[i].mu.Unlock()
	}
	m.byOwner = map[account.ID]map[key]struct{}{}
}

func (m *memory) takeDirty() map[string]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := maps.Clone(m.dirty)
	clear(m.dirty)
	return out
}
