package puzzle

import (
	"bytes"
	"image/jpeg"
	"testing"
	"time"
)

// still gives a drawn picture of a page without script, and the right click.
func (s *set) still(f For) (string, Answer) {
	s.t.Helper()
	id := s.Still(f)
	if _, err := s.StillPicture(s.t.Context(), id, f); err != nil {
		s.t.Fatalf("still picture: %v", err)
	}
	return id, s.click(f, id)
}

func (s *set) click(f For, id string) Answer {
	s.t.Helper()
	o, err := s.open(id, f)
	if err != nil {
		s.t.Fatal(err)
	}
	var place, y, piece int
	if err := s.DB.Reader().QueryRowContext(s.t.Context(), `SELECT place, row_y, piece FROM puzzle WHERE id = $1`, o.uuid()).Scan(&place, &y, &piece); err != nil {
		s.t.Fatal(err)
	}
	return Answer{Way: Spot, X: float64(place + piece/2), Y: float64(stillStrip + y + piece/2)}
}

// TestStillPictureIsClicked: without script a click into the picture is a pass,
// for the account that was typed beside it.
func TestStillPictureIsClicked(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("hana")
		id := s.Still(f)
		raw, err := s.StillPicture(t.Context(), id, f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil || m.Bounds().Dx() != StillWidth || m.Bounds().Dy() != StillHeight {
			t.Fatalf("%v, %v", m, err)
		}
		if again, err := s.StillPicture(t.Context(), id, f); err != nil || !bytes.Equal(raw, again) {
			t.Errorf("a reload gives another picture (%v)", err)
		}
		s.clock.Advance(10 * time.Second)
		pass, err := s.Answer(t.Context(), id, f, s.click(f, id))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context(), pass, someone("other")); code(err) != "puzzle.pass-spent" {
			t.Errorf("for another: %v", err)
		}
		if err := s.spend(f, pass); err != nil {
			t.Error(err)
		}
		if _, err := s.StillPicture(t.Context(), id, f); code(err) != "puzzle.spent" {
			t.Errorf("drawn after its answer: %v", err)
		}
	})
}

// TestStillPicturesHaveTheirPrice: age, a narrow budget, and no more drawings
// than people need.
func TestStillPicturesHaveTheirPrice(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("hana")
		id, click := s.still(f)
		s.clock.Advance(spotLeast - time.Microsecond)
		if _, err := s.Answer(t.Context(), id, f, click); code(err) != "puzzle.too-fast" {
			t.Errorf("at once: %v", err)
		}
		id, click = s.still(f)
		s.clock.Advance(spotLeast)
		click.Y -= spotSlack + 1
		if _, err := s.Answer(t.Context(), id, f, click); code(err) != "puzzle.missed" {
			t.Errorf("above the row: %v", err)
		}
		n := 0
		for range 5 {
			s.clock.Advance(time.Minute)
			id, click = s.still(f)
			s.clock.Advance(spotLeast)
			if _, err := s.Answer(t.Context(), id, f, click); err == nil {
				n++
			} else if code(err) != "puzzle.loop" {
				t.Fatal(err)
			}
		}
		if n != spotsMost {
			t.Errorf("%d passes; want %d", n, spotsMost)
		}
		n = 0
		for range 100 { // fresh browsers of one network
			g := someone("hana")
			g.Browser = []byte{byte(n), byte(n >> 8), 9}
			if _, err := s.StillPicture(t.Context(), s.Still(g), g); err == nil {
				n++
			} else if code(err) != "puzzle.loop" {
				t.Fatal(err)
			}
		}
		if n > 40 {
			t.Errorf("%d pictures without work for one network at once", n)
		}
	})
}

// TestStillAndSlidDoNotMix: one kind of challenge buys nothing of the other.
func TestStillAndSlidDoNotMix(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("hana")
		id, click := s.still(f)
		s.clock.Advance(10 * time.Second)
		click.Way = Keys
		if _, err := s.Answer(t.Context(), id, f, click); code(err) != "puzzle.spent" {
			t.Errorf("a still picture by keys: %v", err)
		}
		id = s.Still(f)
		if _, err := s.Picture(t.Context(), id, f, "0.0.0.0.0.0.0.0"); code(err) != "puzzle.work" {
			t.Errorf("a still challenge drawn as a slider: %v", err)
		}
		if _, err := s.Answer(t.Context(), id, f, Answer{Way: Wait}); code(err) != "puzzle.spent" {
			t.Errorf("a still challenge waited for: %v", err)
		}
		c, _ := s.picture(f)
		if _, err := s.StillPicture(t.Context(), c.ID, f); code(err) != "puzzle.spent" {
			t.Errorf("a slider drawn as a still picture: %v", err)
		}
		s.clock.Advance(10 * time.Second)
		if _, err := s.Answer(t.Context(), c.ID, f, Answer{Way: Spot, X: float64(s.place(f, c.ID) + 25)}); code(err) != "puzzle.spent" {
			t.Errorf("a slider by a click: %v", err)
		}
	})
}
