package front

import (
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
)

func TestNewProblem(t *testing.T) {
	t.Parallel()
	p := NewProblem(fault.Field("number", "code.wrong", nil).Offer("retry", "no_such_page", "mail_help").After(1500*time.Millisecond), "/link")
	if p.Code != "number.wrong" || p.Field != "number" || p.RetryAfter != 2 {
		t.Errorf("got %+v", p)
	}
	want := []Action{{"retry", "/link"}, {"mail_help", "/help#mail"}}
	if len(p.Next) != 2 || p.Next[0] != want[0] || p.Next[1] != want[1] {
		t.Errorf("next is %v, want %v", p.Next, want)
	}
}
