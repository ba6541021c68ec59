// Package staff owns who works in the house.
//
// There is no default account. The first administrator enters by a token that
// only somebody on the machine can make, that lives 15 minutes and works once;
// afterwards that way is closed for good, whatever is restarted or restored
// (AD1). The console, where the token is used, comes later.
package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// InviteLife is how long the first administrator's token works.
const InviteLife = 15 * time.Minute

// firstAdmin is the fact that closes this way for good.
const firstAdmin = "first_admin"

// Invite makes the token for the first administrator; an older one that was not
// used dies. It refuses with staff.closed once there has been one.
func Invite(ctx context.Context, d *db.DB) (secret string, until time.Time, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := New(tx).factOf(ctx, firstAdmin); !errors.Is(err, sql.ErrNoRows) {
			return closed(err)
		}
		if err := New(tx).voidInvites(ctx, tx.Now(), "admin"); err != nil {
			return fmt.Errorf("void older invites: %w", err)
		}
		var hash []byte
		secret, hash = token.Secret()
		until = tx.Time().Add(InviteLife)
		return fault.Wrapf(New(tx).insertInvite(ctx, token.NewID(), hash, "admin", tx.Now(), db.Micros(until)), "keep the invite")
	})
	return secret, until, err
}

// closed also answers when it could not be read: an error opens nothing (AD1).
func closed(err error) error {
	if err != nil {
		return fmt.Errorf("read whether there is an administrator: %w", err)
	}
	return fault.New(fault.Conflict, "staff.closed")
}

// Enter uses the token up and makes the first administrator; of two at the same
// moment one gets in. Refusals: staff.closed, link.expired.
func Enter(ctx context.Context, tx *db.Tx, secret, name string) (string, error) {
	q := New(tx)
	n, err := q.insertFact(ctx, firstAdmin, name, tx.Now())
	if err != nil {
		return "", fmt.Errorf("note the first administrator: %w", err)
	}
	if n != 1 {
		return "", fault.New(fault.Conflict, "staff.closed")
	}
	if _, err := q.useInvite(ctx, tx.Now(), token.Hash(secret)); errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.Gone, "link.expired")
	} else if err != nil {
		return "", fmt.Errorf("use the invite: %w", err)
	}
	id := token.NewID()
	return id, fault.Wrapf(q.insertStaff(ctx, id, name, "admin", tx.Now()), "make the first administrator")
}
