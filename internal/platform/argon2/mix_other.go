//go:build !amd64 || purego

package argon2

const useAVX2 = false

// mixFirst and mixRest are here so that their callers compile. ID looks at
// useAVX2 and never comes this far.
func mixFirst(_, _, _, _, _ *block) { panic("argon2: no vector code") }

func mixRest(_, _, _, _, _, _ *block) { panic("argon2: no vector code") }
