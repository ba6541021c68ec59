package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// client calls the API of a process that may die at any moment.
type client struct {
	base string
	http *http.Client
}

func newClient(addr string) *client {
	return &client{"http://" + addr, &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// reply is what the API answered; Status is 0 when no whole answer came.
type reply struct {
	Status  int
	ID      string
	State   string
	Account string
	Code    string // of a problem
	Session struct{ Token string }
}

func (r reply) good() bool { return r.Status/100 == 2 }

func (c *client) post(ctx context.Context, path string, body any) reply {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of strings always have a JSON form
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/v1/"+path, bytes.NewReader(raw))
	if err != nil {
		return reply{}
	}
	r.Header.Set("Content-Type", "application/json")
	return c.do(r)
}

// present tells whether a session's token still opens anything.
func (c *client) present(ctx context.Context, token string) reply {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/session", nil)
	if err != nil {
		return reply{}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return c.do(r)
}

func (c *client) do(r *http.Request) reply {
	res, err := c.http.Do(r)
	if err != nil {
		return reply{}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}
	}
	var out reply
	// The session check answers with a session of another shape.
	_ = json.Unmarshal(text, &out)
	out.Status = res.StatusCode
	if debug && !out.good() {
		fmt.Fprintf(os.Stderr, "%s %s: %d %s\n", r.Method, r.URL.Path, res.StatusCode, text)
	}
	return out
}

// debug prints every refusal; for whoever looks into a failure.
const debug = false

type fields map[string]string
