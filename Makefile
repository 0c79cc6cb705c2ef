# Portico. `make run` starts a demo; `make test` runs the tests; `make check` is what CI runs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# How long "make fuzz" spends on each decoder.
FUZZTIME ?= 10s

.PHONY: help build run test fuzz check bench console e2e clients race lint clean

help: ## list the targets
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

build: ## build bin/portico (with the console if it has been built)
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/portico ./cmd/portico

console: web/node_modules/.installed ## build the console into the binary's assets
	cd web && npm run --silent build
	find internal/console/dist -mindepth 1 ! -name .gitkeep -delete
	cp -R web/dist/. internal/console/dist/

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

run: ## build everything and start a demo
	@$(MAKE) --no-print-directory console || echo "the console could not be built (is Node installed?); going on without it"
	@$(MAKE) --no-print-directory build
	bin/portico serve --demo

test: ## vet, and run all Go tests
	go vet ./...
	go test ./...

fuzz: ## fuzz every decoder, FUZZTIME each
	@for dir in $$(grep -rl '^func Fuzz' --include='*_test.go' internal | xargs -n1 dirname | sort -u); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$dir/*_test.go); do \
			echo "$$dir $$name"; \
			go test ./$$dir -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

race: ## run the Go tests under the race detector
	go test -race ./...

e2e: build ## run the console's browser tests against the real binary
	test/console/run

clients: build ## run official SDKs, frameworks and tools against the real binary
	test/clients/run

bench: ## CPU per request as a ratio to httputil.ReverseProxy
	go run ./test/load

check: ## everything that CI runs
	.ci/run

clean: ## remove what was built
	rm -rf bin web/dist
