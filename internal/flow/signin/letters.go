package signin

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
)

// How often an owner is told that strangers wait. Each further failure begins a
// longer pause, and nobody wants a letter for each.
const (
	siegesHour = 1
	siegesDay  = 4
)

// tellSiege writes a letter to the typed address when a pause of strangers
// begins. Whether somebody reads it is found out when it is sent: nothing here
// looks for an account (EN2, EN3).
func (f *Flow) tellSiege(ctx context.Context, tx *db.Tx, in Ask, to target, t guard.Try) error {
	name := "siege " + hex.EncodeToString(to.key)
	if wait, err := limit.TakeWindow(ctx, tx, name+" hour", siegesHour, time.Hour); err != nil || wait > 0 {
		return err
	}
	if wait, err := limit.TakeWindow(ctx, tx, name+" day", siegesDay, 24*time.Hour); err != nil || wait > 0 {
		return err
	}
	// No cap of mails: strangers must not use up what the owner asks for.
	_, err := f.Post.Send(ctx, tx, delivery.Draft{Kind: delivery.Siege, Locale: in.Locale, To: to.typed, Key: to.key,
		Subject: hex.EncodeToString(to.key), Facts: delivery.Facts{At: tx.Time(), Until: t.Until},
		Life: 6 * time.Hour, Proof: delivery.ByOwner})
	return err
}

// WriteSiege tells the owner of an address that somebody guesses. Nobody is told
// where there is no account, or one that is closed or frozen.
func (f *Flow) WriteSiege(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	acc, err := f.Book.ByKey(ctx, f.DB.Reader(), m.Key)
	if errors.Is(err, account.ErrNone) || err == nil && acc.State != account.Active {
		return delivery.Letter{Drop: true}, nil
	}
	if err != nil {
		return delivery.Letter{}, err
	}
	d := f.Post.Data(m)
	d.FreezeLink = f.Post.Link(f.Keys.Link(delivery.FreezeLink, m.ID))
	return delivery.Letter{Kind: letter.Siege, Data: d, To: acc.Address, Locale: acc.Locale}, nil
}

// WriteCode decides what the mail of a device check says.
func (f *Flow) WriteCode(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	d := f.Post.Data(m)
	var out delivery.Letter
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		at, err := attempt.ByID(ctx, tx, m.Subject)
		if errors.Is(err, attempt.ErrNone) || err == nil && (!at.Live(tx.Time()) || at.State != attempt.DeviceCheck) {
			out = delivery.Letter{Drop: true}
			return nil
		}
		if err != nil {
			return err
		}
		acc, err := f.Book.ByKey(ctx, tx, m.Key)
		if errors.Is(err, account.ErrNone) || err == nil && acc.State == account.Closed {
			out = delivery.Letter{Kind: letter.DeviceNoAccount, Data: d}
			return nil
		}
		if err != nil {
			return err
		}
		d.Code, d.Expires = f.Keys.Code("device code", CodeDigits, at.ID), at.ExpiresAt
		d.Link = f.Post.House.Origin + "/signin/" + at.ID
		d.FreezeLink = f.Post.Link(f.Keys.Link(delivery.FreezeLink, m.ID))
		out = delivery.Letter{Kind: letter.DeviceCode, Data: d, To: acc.Address}
		if at.Finding != "" {
			out.Kind = letter.RenewCode
		}
		return nil
	})
	return out, err
}
