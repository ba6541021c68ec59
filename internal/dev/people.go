//go:build dev

package dev

import (
	"context"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/server"
	"github.com/genkan/genkan/internal/surface/front"
)

// samples are the people of a dev house.
var samples = []struct {
	front.DevPerson
	locale string
	state  func(ctx context.Context, h *server.House, tx *db.Tx, id account.ID) error
}{
	{front.DevPerson{Email: "taro@example.jp", Password: "kutsu wo nuide haitte", Note: "日本語の会員"}, "ja", nil},
	{front.DevPerson{Email: "hanako@example.com", Password: "shoes off at the genkan", Note: "English-speaking member"}, "en", nil},
	{front.DevPerson{Email: "kaito@example.jp", Password: "kyou wa ame ga furu", Note: "パスワード再設定後の保留中 (hold after a reset)"}, "ja",
		func(ctx context.Context, h *server.House, tx *db.Tx, id account.ID) error {
			return h.Book.Hold(ctx, tx, id, tx.Time().Add(24*time.Hour), "password_reset")
		}},
	{front.DevPerson{Email: "shizuka@example.jp", Password: "yuki no naka no ie", Note: "本人が止めたアカウント (frozen by its owner)"}, "ja",
		func(ctx context.Context, h *server.House, tx *db.Tx, id account.ID) error {
			acc, err := h.Book.ByID(ctx, tx, id)
			if err != nil {
				return err
			}
			_, err = h.Book.Move(ctx, tx, acc, account.Freeze)
			return err
		}},
}

// Settle makes the sample people that are not there yet.
func (w *World) Settle(ctx context.Context) error {
	h := w.House
	for _, p := range samples {
		a, err := account.ParseAddress(p.Email)
		if err != nil {
			return err
		}
		w.People = append(w.People, p.DevPerson)
		if _, err := h.Book.ByAddress(ctx, h.DB.Reader(), a); err == nil {
			continue
		}
		hash, err := h.Hasher.Hash(p.Password)
		if err != nil {
			return err
		}
		err = h.DB.Tx(ctx, func(tx *db.Tx) error {
			id := token.NewID()
			if _, err := h.Book.Create(ctx, tx, id, a, p.locale); err != nil {
				return err
			}
			if err := password.Create(ctx, tx, id, hash); err != nil {
				return err
			}
			if p.state != nil {
				return p.state(ctx, h, tx, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
