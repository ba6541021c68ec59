package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// knownLife is how long an unused browser stays known.
const knownLife = 365 * 24 * time.Hour

// Known is what a browser that signed in before carries in a sealed cookie. The
// cookie alone shows which address was used; it counts as a known browser only
// while its row lives.
type Known struct {
	Account account.ID `json:"a"`
	Secret  string     `json:"s"`
	Address string     `json:"m"`
}

// Remember makes this browser known to the account and gives the cookie's text.
func (d *Desk) Remember(ctx context.Context, tx *db.Tx, acc account.ID, address, label string) (string, error) {
	secret, hash := token.Secret()
	err := New(tx).insertBrowser(ctx, token.NewID(), acc, hash, label, tx.Now())
	if err != nil {
		return "", fmt.Errorf("remember a browser: %w", err)
	}
	return d.SealKnown(Known{acc, secret, address})
}

// SealKnown gives the cookie's text.
func (d *Desk) SealKnown(k Known) (string, error) {
	raw, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	return d.Keys.SealText("known browser", raw), nil
}

// ReadKnown opens the cookie; false when it is not one of ours.
func (d *Desk) ReadKnown(text string) (k Known, ok bool) {
	raw, err := d.Keys.OpenText("known browser", text)
	if err != nil || json.Unmarshal(raw, &k) != nil {
		return Known{}, false
	}
	return k, true
}

// IsKnown tells whether the browser is known to the account now, and notes that
// it was used.
func (d *Desk) IsKnown(ctx context.Context, tx *db.Tx, k Known, acc account.ID) (bool, error) {
	if k.Secret == "" {
		return false, nil
	}
	n, err := New(tx).useBrowser(ctx, tx.Now(), token.Hash(k.Secret), acc)
	return n == 1, fault.Wrapf(err, "look for a known browser")
}

// KnownTo gives a digest that only this browser has, when it signed in before to
// the account that the address with this key belongs to now; nil for others. It
// asks nothing of the database for a browser that carries no such cookie.
func (d *Desk) KnownTo(ctx context.Context, q DBTX, cookie string, key []byte) ([]byte, error) {
	k, ok := d.ReadKnown(cookie)
	if !ok || k.Secret == "" {
		return nil, nil
	}
	a, err := account.ParseAddress(k.Address)
	if err != nil || !bytes.Equal(d.Keys.Index("address", a.Key), key) {
		return nil, nil //nolint:nilerr // an address that is none is not this one
	}
	n, err := New(q).knownTo(ctx, token.Hash(k.Secret), k.Account, key)
	if err != nil || n != 1 {
		return nil, db.Unavailable(fault.Wrapf(err, "look for a known browser"))
	}
	return token.Hash(k.Secret), nil
}

// ForgetBrowsers makes an account's browsers unknown, but for the one with this
// secret ("" for none) (SE4).
func (d *Desk) ForgetBrowsers(ctx context.Context, tx *db.Tx, acc account.ID, except string) error {
	keep := []byte{}
	if except != "" {
		keep = token.Hash(except)
	}
	_, err := New(tx).endBrowsers(ctx, tx.Now(), acc, keep)
	return fault.Wrapf(err, "forget browsers of %s", acc)
}

// Opened is what a browser or client gets when it is let in.
type Opened struct {
	Account   account.ID `json:"account"`
	Session   string     `json:"session"` // the session's id
	Secret    string     `json:"secret"`  // the cookie's value or bearer token
	ExpiresAt time.Time  `json:"expires_at"`
	Known     string     `json:"known"` // the cookie of a known browser
}

// Open starts a session and makes the browser known, unless known says that it
// is already.
func (d *Desk) Open(ctx context.Context, tx *db.Tx, acc account.ID, address string, w Where, known bool) (Opened, error) {
	secret, s, err := d.Start(ctx, tx, acc, w)
	if err != nil {
		return Opened{}, err
	}
	out := Opened{Account: acc, Session: s.ID, Secret: secret, ExpiresAt: s.ExpiresAt}
	if !known {
		out.Known, err = d.Remember(ctx, tx, acc, address, w.Label)
	}
	return out, err
}
