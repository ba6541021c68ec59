//go:build dev

package front

import "net/http"

// DevFrame gives the frame for the pages that dev builds add.
func (f *Front) DevFrame(w http.ResponseWriter, r *http.Request) Frame {
	return f.frame(w, r, r.URL.Path)
}
