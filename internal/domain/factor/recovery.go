package factor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// What a set of recovery codes is (RC1): ten of 80 random bits, written with
// Crockford's alphabet, which has no letters that look like digits.
const (
	RecoveryCodes  = 10
	recoveryLength = 16
	crockford      = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// WrongRecovery is the finding of what is no recovery code, or none that is good.
const WrongRecovery = "recovery-code.wrong"

// Codes is how an account's set of recovery codes stands.
type Codes struct {
	Made   int
	Fresh  int
	MadeAt time.Time
}

// NewRecoveryCodes makes a new set and voids the one before (RC2). The codes are
// shown now and never again; the database keeps keyed digests.
func (d *Desk) NewRecoveryCodes(ctx context.Context, tx *db.Tx, acc account.ID) ([]string, error) {
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil { // of two sets at once, the later voids the earlier
		return nil, fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	if err := q.dropRecoveryCodes(ctx, acc); err != nil {
		return nil, fmt.Errorf("void the recovery codes of %s: %w", acc, err)
	}
	out := make([]string, RecoveryCodes)
	for i := range out {
		code := random(crockford, recoveryLength)
		if err := q.insertRecoveryCode(ctx, d.digest(acc, code), acc, tx.Now()); err != nil {
			return nil, fmt.Errorf("keep a recovery code: %w", err)
		}
		out[i] = strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, "-")
	}
	return out, nil
}

func (d *Desk) digest(acc account.ID, code string) []byte {
	return d.Keys.Index("recovery code", acc+" "+code)
}

// Codes tells how many codes are left.
func (d *Desk) Codes(ctx context.Context, q DBTX, acc account.ID) (Codes, error) {
	r, err := New(q).recoveryCodesOf(ctx, acc)
	return Codes{int(r.Made), int(r.Fresh), db.Time(r.MadeAt)}, db.Unavailable(fault.Wrapf(err, "count the recovery codes of %s", acc))
}

// UseRecoveryCode judges a typed recovery code, and spends it. It is counted with
// all other codes of the account (TH4).
func (d *Desk) UseRecoveryCode(ctx context.Context, tx *db.Tx, acc account.ID, in Ask, typed string) (Verdict, error) {
	misses, err := d.turn(ctx, tx, acc, in)
	if err != nil {
		return Verdict{}, err
	}
	code := readRecoveryCode(typed)
	if len(code) != recoveryLength {
		return Verdict{Finding: WrongRecovery, Misses: misses.challenge}, nil
	}
	n, err := New(tx).useRecoveryCode(ctx, tx.Now(), d.digest(acc, code), acc)
	if err != nil {
		return Verdict{}, fmt.Errorf("spend a recovery code: %w", err)
	}
	if n == 1 {
		return Verdict{Right: true}, nil
	}
	return d.miss(ctx, tx, acc, in, misses, Verdict{Finding: WrongRecovery})
}

// readRecoveryCode reads what a person typed: full-width letters, small ones,
// blanks and hyphens of any kind, O for 0 and I or L for 1. It is cut to a little
// more than a code is long.
func readRecoveryCode(typed string) string {
	if len(typed) > 200 {
		return ""
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(norm.NFKC.String(typed)) {
		switch {
		case r == 'O':
			r = '0'
		case r == 'I', r == 'L':
			r = '1'
		}
		if strings.ContainsRune(crockford, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}
