// Command app is an application that asks Genkan who its visitors are.
//
//	go run ./examples/app --genkan http://localhost:8080
package main

import (
	"flag"
	"fmt"
	"html"
	"log"
	"net/http"
	"time"

	"github.com/genkan/genkan/whois"
)

func main() {
	genkan := flag.String("genkan", "http://localhost:8080", "Genkan, as this program and its visitors reach it")
	listen := flag.String("listen", "localhost:3000", "address to answer on")
	flag.Parse()

	door, err := whois.New(whois.Config{
		URL:    *genkan,
		SignIn: *genkan + "/signin",
		Self:   "http://" + *listen, // return_to of Genkan must allow it
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", door.Know(http.HandlerFunc(home)))         // everybody
	mux.Handle("GET /wallet", door.Require(http.HandlerFunc(wallet))) // signed-in people
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("open http://%s/", *listen)
	log.Fatal(server.ListenAndServe())
}

func home(w http.ResponseWriter, r *http.Request) {
	if p, ok := whois.From(r.Context()); ok {
		page(w, "Hello "+p.Email)
		return
	}
	page(w, "Hello, whoever you are")
}

func wallet(w http.ResponseWriter, r *http.Request) {
	p, _ := whois.From(r.Context())
	if p.Hold != nil { // the password was reset not long ago: look, but do not touch
		page(w, "Payouts of "+p.Account+" wait until "+p.Hold.Until.Format(time.RFC1123))
		return
	}
	page(w, "The wallet of "+p.Account)
}

func page(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>Example</title><p>%s</p><p><a href=/>home</a> <a href=/wallet>wallet</a></p>\n", html.EscapeString(text))
}
