# Genkan. `make` alone lists what there is to make.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Debian keeps nginx and the mail servers where a plain user's PATH does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

# The race detector needs cgo; the program itself does not.
RACE := env CGO_ENABLED=1 go test -race -shuffle=on
TOOL := go tool -modfile=tools.mod
SAY  := @tools/say

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## a working house on this machine: throwaway data, sample people, caught mail
	@CGO_ENABLED=0 go build -tags dev -o bin/genkan-dev ./cmd/genkan
	@exec bin/genkan-dev dev $(ARGS)

.PHONY: build
build: ## the program as it is released: bin/genkan, static, without the dev tag
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/genkan ./cmd/genkan

.PHONY: check
check: lint ## the fast gate: format, vet, lint, fence, short tests
	$(SAY) short tests
	@go test -short ./...

.PHONY: lint
lint: # both builds are read: the dev tag adds files
	$(SAY) format and vet
	@tools/check-format
	@go vet ./... && go vet -tags dev ./...
	$(SAY) staticcheck
	@$(TOOL) staticcheck ./... && $(TOOL) staticcheck -tags dev ./...

.PHONY: needs
needs: ## install from Debian's packages what the tests need
	@tools/install-test-needs

# What cannot run fails instead of being skipped: that is what CI=true means to
# the tests, here as on a build server.
.PHONY: test
test: export CI := true
test: needs lint bin/with-postgres ## install what is missing, then run every test
	$(SAY) tests, race detector on, both engines, browser
	@bin/with-postgres $(RACE) -timeout 20m ./...
	$(SAY) tests of what the dev tag adds
	@set -e; packages=$$(tools/dev-packages); [ -z "$$packages" ] || \
		bin/with-postgres $(RACE) -timeout 20m -tags dev $$packages
	$(SAY) every test passed

.PHONY: test-long
test-long: export CI := true
test-long: export GENKAN_LONG := 1
test-long: needs bin/with-postgres ## the long forms: timing, races and crashes, generated code is current
	$(SAY) generated code is what sqlc makes of the queries
	@$(TOOL) sqlc diff
	$(SAY) long tests
	@bin/with-postgres $(RACE) -timeout 80m -count=1 ./...

.PHONY: bench
bench: export GENKAN_BENCH := 1
bench: needs bin/with-postgres ## speed and size, each beside a limit measured in the same run
	@bin/with-postgres go test -run '^TestBench' -bench . -count=1 -v -timeout 30m ./e2e/bench/...

.PHONY: pictures
pictures: export CI := true
pictures: export GENKAN_SHOTS := $(CURDIR)/docs/pictures
pictures: needs ## screenshots of the real thing into docs/pictures
	@mkdir -p $(GENKAN_SHOTS)
	@go test -count=1 -run '^TestPictures$$' -timeout 20m ./e2e/journey/
	@go test -count=1 -run '^TestSamples$$' ./internal/domain/puzzle/picture/

.PHONY: generate
generate: ## Go code from the queries (the first time builds sqlc: minutes, needs a C compiler)
	$(TOOL) sqlc generate

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist .data .testlog

# Not `go run`: that would not pass a stop on to the server it started.
.PHONY: bin/with-postgres
bin/with-postgres:
	@go build -o $@ ./tools/with-postgres
