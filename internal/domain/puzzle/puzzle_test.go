package puzzle

import "testing"

func TestPassIsGoodOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		pass := s.pass(f)
		if err := s.Check(t.Context(), pass, f); err != nil {
			t.Errorf("check: %v", err)
		}
		if err := s.spend(f, pass); err != nil {
			t.Errorf("spend: %v", err)
		}
		if err := s.spend(f, pass); code(err) != "puzzle.pass-spent" {
			t.Errorf("spent again: %v", err)
		}
		if err := s.spend(f, ""); code(err) != "puzzle.pass-needed" {
			t.Errorf("none: %v", err)
		}
	})
}
