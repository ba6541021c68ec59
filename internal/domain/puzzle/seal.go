package puzzle

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/genkan/genkan/internal/platform/fault"
)

// sealed is what a challenge carries; the browser cannot read it.
type sealed struct {
	id      [16]byte
	action  Action
	browser []byte // digests, 16 bytes each
	account []byte // all zero without a named account
	known   bool
	session bool // the session's budget counts
	still   bool // for a page without script
	easy    byte
	tries   uint32
	issued  time.Time
}

const (
	useChallenge = "puzzle challenge"
	digestLen    = 16
	sealedLen    = 16 + 1 + 1 + 1 + 4 + 8 + 2*digestLen
)

func (s sealed) uuid() string    { return uuid.UUID(s.id).String() }
func (s sealed) ends() time.Time { return s.issued.Add(Life) }

func (d *Desk) work(s sealed) Work {
	return Work{Kind: WorkKind, Salt: hex.EncodeToString(s.id[:]), Proofs: workProofs, Tries: int(s.tries),
		More: 3 * int(s.tries), Wait: waitTimes * d.base(), WaitSeconds: int(waitLeast / time.Second)}
}

func (d *Desk) fresh(f For, now time.Time, p price) sealed {
	s := sealed{action: f.Action, browser: d.browser(f), account: d.account(f), known: f.Known,
		session: f.Browser != nil || f.Key == nil, easy: p.easy, tries: p.tries, issued: now.UTC()}
	rand.Read(s.id[:])
	return s
}

func (d *Desk) seal(s sealed) string {
	b := make([]byte, 0, sealedLen)
	b = append(b, s.id[:]...)
	b = append(b, byte(slices.Index(Actions(), s.action)), flags(s.known, s.session, s.still), s.easy)
	b = binary.BigEndian.AppendUint32(b, s.tries)
	b = binary.BigEndian.AppendUint64(b, uint64(s.issued.UnixMicro()))
	b = append(append(b, s.browser...), s.account...)
	return d.Keys.SealText(useChallenge, b)
}

func flags(on ...bool) (b byte) {
	for i, f := range on {
		if f {
			b |= 1 << i
		}
	}
	return b
}

// open reads a challenge that this browser was given for this action. Whatever
// is wrong with it is puzzle.spent; only a genuine one that ran out is told so.
func (d *Desk) open(id string, f For) (sealed, error) {
	b, err := d.Keys.OpenText(useChallenge, id)
	if err != nil || len(b) != sealedLen || int(b[16]) >= len(Actions()) {
		return sealed{}, errSpent()
	}
	s := sealed{id: [16]byte(b), action: Actions()[b[16]], known: b[17]&1 != 0, session: b[17]&2 != 0, still: b[17]&4 != 0,
		easy: b[18], tries: binary.BigEndian.Uint32(b[19:]), issued: time.UnixMicro(int64(binary.BigEndian.Uint64(b[23:]))).UTC(),
		browser: b[31:47], account: b[47:63]}
	if !bytes.Equal(s.browser, d.browser(f)) || f.Action != "" && f.Action != s.action ||
		f.Key != nil && !s.still && !bytes.Equal(s.account, d.account(f)) {
		return sealed{}, errSpent()
	}
	if now := d.DB.Now(); !now.Before(s.ends()) || now.Before(s.issued.Add(-time.Minute)) {
		return sealed{}, fault.New(fault.Gone, "puzzle.too-slow").Offer("puzzle", "wait")
	}
	return s, nil
}

// browser is the digest that binds to the browser, or for a program without our
// cookie to where it calls from.
func (d *Desk) browser(f For) []byte {
	if f.Browser != nil {
		return d.digest("puzzle browser", string(f.Browser))
	}
	return d.digest("puzzle program", f.Network)
}

func (d *Desk) account(f For) []byte {
	if f.Key == nil {
		return make([]byte, digestLen)
	}
	return d.digest("puzzle account", string(f.Key))
}

// network is the digest of a network on one day; yesterday's cannot be linked.
func (d *Desk) network(f For, at time.Time) []byte {
	return d.digest("puzzle network", at.UTC().Format(time.DateOnly)+" "+f.Network)
}

func (d *Desk) digest(kind, value string) []byte { return d.Keys.Index(kind, value)[:digestLen] }

// seed is what a challenge's picture is drawn from; only the key file gives it.
func (d *Desk) seed(s sealed) [32]byte {
	return [32]byte(d.Keys.Index("puzzle seed", string(s.id[:])))
}

const useGrip = "puzzle grip"

// sealGrip stamps the moment at which a drag of this challenge began.
func (d *Desk) sealGrip(s sealed, at time.Time) string {
	return d.Keys.SealText(useGrip, binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())), s.uuid())
}

func (d *Desk) openGrip(s sealed, text string) (time.Time, bool) {
	b, err := d.Keys.OpenText(useGrip, text, s.uuid())
	if err != nil || len(b) != 8 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), true
}

func hexOf(digest []byte) string { return hex.EncodeToString(digest) }
