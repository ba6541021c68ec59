package obs

import "net/http"

// writer remembers what was answered.
type writer struct {
	http.ResponseWriter
	status int // 0 until the final status is sent
	bytes  int64
}

// WriteHeader notes the first final status; 1xx answers come before it (RFC 9110 §15.2).
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered, for callers that ask for an http.Flusher.
func (w *writer) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach deadlines and hijacking.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
