package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// newServer bounds every phase of a request (WB6).
func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10}
}

// Run serves until ctx ends, then finishes what runs, for at most the grace
// time, and stops. ready is called once the doors are open.
func (h *House) Run(ctx context.Context, doors *Doors, l net.Listener, ready func()) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	public := newServer(doors)
	failed := make(chan error, 2)
	go func() { failed <- public.Serve(l) }()
	// What is asked for meanwhile is queued, and done once the queue runs.
	if err := h.Queue.Start(work); err != nil {
		return errors.Join(fmt.Errorf("start the job queue: %w", err), public.Close())
	}
	go h.keepGoing(work)
	operator, err := h.serveMetrics(failed)
	if err != nil {
		return err
	}
	if ready != nil {
		ready()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	doors.stopping.Store(true)
	return errors.Join(err, h.stop(public, operator))
}

// serveMetrics opens the operator's listener, if there is to be one (LG5).
func (h *House) serveMetrics(failed chan<- error) (*http.Server, error) {
	if h.Settings.Metrics.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", h.Settings.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w", err)
	}
	s := newServer(h.Metrics.Handler())
	go func() { failed <- s.Serve(l) }()
	return s, nil
}

func (h *House) stop(servers ...*http.Server) error {
	grace, cancel := context.WithTimeout(context.Background(), h.Settings.ShutdownGrace)
	defer cancel()
	var all error
	for _, s := range servers {
		if s == nil {
			continue
		}
		if err := s.Shutdown(grace); err != nil {
			all = errors.Join(all, fmt.Errorf("stop serving: %w", err), s.Close())
		}
	}
	if err := h.Sessions.Flush(grace); err != nil {
		all = errors.Join(all, err)
	}
	return errors.Join(all, h.Queue.Stop(grace), h.Traces.Stop(grace))
}
