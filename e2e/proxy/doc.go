// Package proxy tests the proxy configurations that we ship, examples/nginx and
// examples/caddy, by starting the real nginx and Caddy with them: between a
// client that lies, our forward-auth handler over a real session desk, and an
// application that writes down every byte it gets (FA1 to FA4).
//
// The files are used as they are but for addresses, certificates and time-outs.
// The proxies run unprivileged in a temporary folder.
package proxy
