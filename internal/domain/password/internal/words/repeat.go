package words

// Unrepeat folds repetitions away, wherever they stand: of a unit of three or
// more characters one is left of two, of a shorter one, which good words have
// too ("ss"), one of three. It gives the rest and the product of how often each
// was there, which is what an attacker has to try more.
func Unrepeat(s string) (string, int) {
	r := []rune(s)
	var out []rune
	times := 1
	for i := 0; i < len(r); {
		unit, n := repeatAt(r[i:])
		out = append(out, r[i:i+unit]...)
		times *= n
		i += unit * n
	}
	return string(out), times
}

// repeatAt finds the unit at the start whose repetitions reach farthest, the
// shortest of these, or one character that stands once.
func repeatAt(r []rune) (unit, times int) {
	unit, times = 1, 1
	for u := 1; 2*u <= len(r); u++ {
		n := 1
		for (n+1)*u <= len(r) && equal(r[(n-1)*u:n*u], r[n*u:(n+1)*u]) {
			n++
		}
		if n >= least(u) && n*u > unit*times {
			unit, times = u, n
		}
	}
	return unit, times
}

func least(unit int) int {
	if unit < 3 {
		return 3
	}
	return 2
}

func equal(a, b []rune) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
