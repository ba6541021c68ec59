package signup

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/platform/db"
)

// Write decides what a registration's mail says: the code, or, in the box of
// somebody who has an account, that they have one (EN4).
func (f *Flow) Write(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	r, err := f.Desk.ByID(ctx, f.DB.Reader(), m.Subject)
	if err != nil && !errors.Is(err, registration.ErrNone) {
		return delivery.Letter{}, err
	}
	if err != nil || !r.Live(f.DB.Now()) || !bytes.Equal(r.Key, m.Key) {
		// Over, or meant for an address that was corrected since: that box must
		// not get the code of the new one.
		return delivery.Letter{Drop: true}, nil
	}
	d := f.Post.Data(m)
	acc, err := f.Book.ByKey(ctx, f.DB.Reader(), m.Key)
	if errors.Is(err, account.ErrNone) {
		d.Code, d.Link, d.Expires = f.Desk.Code(r), f.Post.Link(f.Desk.Link(r)), r.ExpiresAt
		return delivery.Letter{Kind: letter.RegistrationCode, Data: d}, nil
	}
	if err != nil {
		return delivery.Letter{}, err
	}
	out := delivery.Letter{Kind: letter.RegistrationTaken, Data: d, To: acc.Address}
	err = f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		out.Fold, err = f.Post.Claim(ctx, tx, m, letter.RegistrationTaken, 24*time.Hour)
		return err
	})
	return out, err
}
