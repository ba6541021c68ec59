package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
)

// What is written by hand is what encoding/json writes.
func TestAppendPresent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 5, 0, 123456000, time.UTC)
	for _, s := range []session.Session{
		{ID: "id", Account: "acc", Address: "a@b.example", Locale: "ja", CreatedAt: now, ProvenAt: now, ExpiresAt: now.Add(time.Hour)},
		{ID: "i\"d\\", Account: "\u2028é", Address: "テスト@例.jp\x01", Locale: "en", CreatedAt: now.In(time.FixedZone("", 9*3600)),
			ProvenAt: now, ExpiresAt: now, HoldUntil: now.Add(time.Second), HoldReason: "password_reset"},
		{HoldUntil: now, HoldReason: "over"},
	} {
		p := present{s.Account, s.Address, s.Locale, presentSession{s.ID, s.CreatedAt.UTC(), s.ProvenAt.UTC(), s.ExpiresAt.UTC()}, nil}
		if s.HoldUntil.After(now) {
			p.Hold = &hold{s.HoldUntil, s.HoldReason}
		}
		var want, got present
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		text := appendPresent(nil, s, now)
		if json.Unmarshal(raw, &want) != nil || json.Unmarshal(text, &got) != nil {
			t.Fatalf("not JSON: %s", text)
		}
		again, _ := json.Marshal(got)
		if string(again) != string(raw) {
			t.Errorf("got  %s\nwant %s", again, raw)
		}
	}
}
