# What one does in this repository. It needs Go, make and git; everything else is fetched by the targets that use it.

SHELL        := bash
.SHELLFLAGS  := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Programs that are run and never imported, each pinned. Their folders also name the version of Go that built them,
# because two of them must understand what that version compiles.
GOSEC_VERSION       := 2.22.10
GITLEAKS_VERSION    := 8.30.1
STATICCHECK_VERSION := 0.8.2
CYCLONEDX_VERSION   := 1.10.0

tools       := $(CURDIR)/.tools/$(shell go env GOVERSION)
gosec       := $(tools)/gosec-$(GOSEC_VERSION)/gosec
gitleaks    := $(tools)/gitleaks-$(GITLEAKS_VERSION)/gitleaks
staticcheck := $(tools)/staticcheck-$(STATICCHECK_VERSION)/staticcheck
cyclonedx   := $(tools)/cyclonedx-gomod-$(CYCLONEDX_VERSION)/cyclonedx-gomod

PLATFORMS := linux-amd64 linux-arm64 darwin-amd64 darwin-arm64

DEMO     ?=
FUZZTIME ?= 20s
SEEDS    ?= 2000
FIRST    ?= 1
BENCH    ?= .
VERSION  ?= $(shell git describe --tags --always --dirty)

.PHONY: help
help: ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo demo-keep
demo: build $(gosec) $(gitleaks) ## See the whole thing at work: scanners, pull requests, comments (first time some minutes)
	go build -o bin/ ./test/demo
	bin/demo -sluice bin/sluice -gosec $(gosec) -gitleaks $(gitleaks) $(DEMO)

demo-keep: DEMO := -keep
demo-keep: demo ## The same, and the pages stay open until Ctrl-C

.PHONY: test
test: contracts ## Vet everything and run all tests but the long ones
	go vet ./...
	go test ./...

.PHONY: contracts
contracts: # GitHub's published description of its interface, which the tests of the sandbox check it against
	@if [ -d test/contracts/node_modules/@octokit/openapi ]; then :; \
	elif ! command -v npm >/dev/null; then echo "skip: no npm here, so the sandbox is not checked against GitHub's published description"; \
	elif ! npm install --prefix test/contracts --no-package-lock --no-audit --no-fund --silent; then echo "skip: npm could not fetch GitHub's published description"; fi

.PHONY: lint
lint: $(staticcheck) ## Look at the source: gofmt, vet, staticcheck
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt these:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(staticcheck) ./...

.PHONY: race
race: ## The packages with goroutines under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 60m ./connectors/... ./policy/... ./promoter/... ./cmd/... ./test/sandbox/...

.PHONY: crash
crash: ## The whole crash test: runs and commands killed wherever they touch the world (long)
	SLUICE_CRASH=all go test -count=1 -timeout 3h -run TestKilledAnywhere -v ./test/e2e ./cmd/sluice

.PHONY: torture
torture: ## Play SEEDS (2000) seeded stories of people, faults and crashes, from FIRST on; each fault at each request (long)
	$(if $(wildcard /dev/shm),TMPDIR=/dev/shm) go test -count=1 -timeout 24h -run 'TestSeeds|TestEveryFault' ./test/simulation \
		-seeds $(SEEDS) -first $(FIRST) -every 1 -v | grep -v -e '^=== ' -e '--- PASS: TestSeeds/'

.PHONY: bench
bench: ## Measure (BENCH=regexp narrows)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: fuzz
fuzz: ## Each fuzz target for FUZZTIME (20s)
	@git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | while IFS=: read -r file target; do \
		echo "$$file: $${target#func }"; \
		go test -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "./$$(dirname "$$file")"; \
	done

.PHONY: build
build: ## Build bin/sluice and bin/sandbox
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/sluice ./cmd/sandbox

.PHONY: dist
dist: $(cyclonedx) ## Build what is handed out: static binaries, their SBOMs, checksums
	rm -rf dist
	@for platform in $(PLATFORMS); do \
		echo "dist/sluice-$$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%-*} GOARCH=$${platform#*-} go build -trimpath -ldflags "-s -X main.built=$(VERSION)" -o dist/sluice-$$platform ./cmd/sluice; \
		$(cyclonedx) bin -json -noserial -output dist/sluice-$$platform.cdx.json dist/sluice-$$platform; \
	done
	cd dist && if command -v sha256sum >/dev/null; then sha256sum sluice-*; else shasum -a 256 sluice-*; fi >SHA256SUMS

.PHONY: clean
clean: ## Remove what was built, fetched and left by the demo
	rm -rf bin dist .demo .tools test/contracts/node_modules

$(gosec):
	GOBIN=$(@D) go install -ldflags "-X main.Version=$(GOSEC_VERSION)" github.com/securego/gosec/v2/cmd/gosec@v$(GOSEC_VERSION)

$(gitleaks):
	GOBIN=$(@D) go install github.com/zricethezav/gitleaks/v8@v$(GITLEAKS_VERSION)

$(cyclonedx):
	GOBIN=$(@D) go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v$(CYCLONEDX_VERSION)

$(staticcheck):
	GOBIN=$(@D) go install honnef.co/go/tools/cmd/staticcheck@v$(STATICCHECK_VERSION)
