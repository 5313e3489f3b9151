# Portcullis. `make help` lists what there is.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO        ?= go
TERRAFORM ?= terraform
export TERRAFORM

# Developers' tools, pinned in a module of their own.
TOOL := $(GO) tool -modfile=tools/go.mod

MODULES  := $(sort $(patsubst %/main.tf,%,$(wildcard modules/*/main.tf)))
EXAMPLES := $(sort $(patsubst %/main.tf,%,$(wildcard examples/*/main.tf)))

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z0-9-]*:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: check build ## Deploy the whole chat on this machine and let two people talk
	@$(GO) build -o bin/demo ./cmd/demo
	@bin/demo

.PHONY: test
test: check lint test-go test-gate test-parity fuzz-briefly test-conformance test-terraform ## Set up and run all tests
	@if scripts/browser; then $(MAKE) test-clients test-web; else \
		echo "NOT TESTED: Chromium in the chat, and the web client in it, for want of a browser (see above)"; \
		scripts/web; \
		PORTCULLIS_WITHOUT_BROWSER=1 $(GO) test -count=1 -timeout 15m ./test/clients/... ./test/web/...; \
	fi

.PHONY: check
check: ## Say what this machine lacks
	@scripts/check

.PHONY: build
build: ## Build the command, static, into bin/
	@CGO_ENABLED=0 $(GO) build -trimpath -o bin/portcullis ./cmd/portcullis

.PHONY: package
package: ## Build the functions' zips into dist/, the same bytes everywhere
	@GOTOOLCHAIN=$$(awk '$$1 == "toolchain" {print $$2}' go.mod) $(GO) run ./cmd/package --out dist

.PHONY: init
init: build ## terraform init of the examples, from a provider mirror if there is one
	@for dir in $(EXAMPLES); do bin/portcullis local exec -- "$(TERRAFORM)" -chdir=$$dir init -input=false; done

.PHONY: test-go
test-go: ## Unit tests with the race detector, 90 % of the functions' statements, and a check of the documents
	$(GO) test -race $$($(GO) list ./... | grep -v -e /test/ -e /lambdas/ -e /policies$$)
	$(GO) test ./policies/ ./test/gatepeers/ ./test/gatesteps/ ./test/plancost/ ./test/ratio/
	@mkdir -p bin
	$(GO) test -race -coverpkg=./lambdas/internal/... -coverprofile=bin/coverage.out ./lambdas/...
	@$(GO) tool cover -func=bin/coverage.out | awk '/^total:/ {got = $$3 + 0} END {printf "lambdas/internal: %s %% of the statements are tested, at least 90 must be\n", got; exit !(got >= 90)}'
	$(GO) test ./test/documents/... ./test/internal/...

.PHONY: test-parity
test-parity: ## A second HTML parser and DOMPurify must agree with the functions (needs Node)
	@scripts/parity

# The packages that decide who gets in, what is let through and how much.
SECURITY_CODE := internal/operator $(addprefix lambdas/internal/,access token jwks origin frame text markup ratelimit ledger room connect authorize gateway message push)

.PHONY: mutants
mutants: ## Change the security code in 900 ways; the tests must notice each (10 minutes)
	$(GO) run ./cmd/mutants -equivalent cmd/mutants/equivalent.txt -timeout 30s $(SECURITY_CODE)

.PHONY: bench
bench: ## Measure the functions, and hold the goals of docs/performance.md
	$(GO) test -run='^$$' -bench='Frame|Verify|Fanout' -benchtime=2s ./lambdas/internal/message ./lambdas/internal/token ./lambdas/internal/push
	$(GO) test -run='^$$' -bench=Functions -benchtime=500x ./test/performance

.PHONY: soak
soak: ## 200 people talk for SOAK=10m while things fail; then the books are balanced
	PORTCULLIS_SOAK=$(or $(SOAK),10m) $(GO) test -count=1 -timeout 0 -v -run '^TestSoak$$' ./test/e2e/...

.PHONY: fuzz
fuzz: ## Fuzz every target, FUZZTIME=1m each; FUZZ=<regexp> chooses
	@scripts/fuzz

.PHONY: fuzz-briefly
fuzz-briefly:
	@FUZZTIME=2s FUZZIN='lambdas internal' scripts/fuzz

.PHONY: test-modules
test-modules: ## terraform fmt, validate and test of each module
	$(GO) test -count=1 -timeout 40m ./test/inputs/... ./test/modules/... ./test/tfmutants/...

.PHONY: test-tofu
test-tofu: ## The modules' tests and the examples with OpenTofu, which is built first (minutes)
	tofu=$$(scripts/tofu) && TERRAFORM=$$tofu $(GO) test -count=1 -timeout 60m ./test/inputs/... ./test/modules/...

.PHONY: test-gate
test-gate: ## Put the examples before the gate, as they are and weakened; run it as pipelines do
	$(GO) test -count=1 -timeout 20m ./test/gate/... ./test/opa/... ./test/pipelines/...

.PHONY: test-gate-large
test-gate-large: ## Put plans of 50,000 resources and without end before the gate (minutes)
	$(GO) test -count=1 -timeout 30m -v ./test/gatelarge/...

.PHONY: test-conformance
test-conformance: ## Check what the local stack does against docs/conformance.md
	$(GO) test -count=1 -timeout 20m ./test/conformance/...

.PHONY: conformance
conformance: ## Write docs/conformance.md from a run of the suite
	$(GO) test -count=1 -timeout 20m ./test/conformance/ -run TestConformance -write

# What is deployed has a stack of its own each, and mostly waits as the provider
# does: what only plans uses the time, at a lower priority.
.PHONY: test-terraform
test-terraform:
	$(GO) test -count=1 -p 6 -timeout 40m ./test/e2e/... ./test/consumer/... ./test/upgrade/... ./test/inputs/... ./test/modules/... ./test/tfmutants/...

.PHONY: test-e2e
test-e2e: ## Deploy the example to the local stack and attack it
	$(GO) test -count=1 -timeout 30m ./test/e2e/...

.PHONY: test-consumer
test-consumer: ## Take the modules from a git repository at a tag, as another repository does
	$(GO) test -count=1 -timeout 20m ./test/consumer/...

.PHONY: test-upgrade
test-upgrade: ## Apply the examples of the last release and plan the working tree on it
	$(GO) test -count=1 -timeout 20m ./test/upgrade/...

.PHONY: test-clients
test-clients: ## Python's websockets and Chromium (installed if need be) talk in the deployed chat
	@scripts/browser
	$(GO) test -count=1 -timeout 15m ./test/clients/...

.PHONY: test-web
test-web: ## The web client: its types, its modules in Node, and the whole of it in Chromium (installed if need be), with Lighthouse
	@scripts/browser
	@scripts/web
	@scripts/lighthouse
	$(GO) test -count=1 -timeout 20m ./test/web/...

.PHONY: lighthouse
lighthouse: ## Have Lighthouse alone judge the web client's accessibility and best practices (installs it from npm)
	@scripts/browser
	@scripts/lighthouse
	$(GO) test -count=1 -v -run TestLighthouse ./test/web/

.PHONY: test-grants
test-grants: ## Take each right away from the deployed functions; the suite must notice (minutes)
	PORTCULLIS_GRANTS=1 $(GO) test -count=1 -timeout 60m -v -run TestEveryGrantIsNeeded ./test/e2e/...

.PHONY: deploy-role
deploy-role: ## Write docs/deploy-role.json from what Terraform calls
	PORTCULLIS_WRITE_DEPLOY_ROLE=1 $(GO) test -count=1 -timeout 20m -run 'TestComplete/(a_second_plan|destroy|the_documented_role)' ./test/e2e/

.PHONY: mutants-terraform
mutants-terraform: ## Undo every hardening of the modules, the edge's too, one by one; their tests must notice. MUTANT=<part of a name> chooses
	PORTCULLIS_MUTANTS_TERRAFORM='$(or $(MUTANT),:)' $(GO) test -count=1 -timeout 60m -v -run TestEveryHardeningIsTested ./test/tfmutants/

.PHONY: bench-local
bench-local: ## Measure the local stack and write docs/local-stack-performance.md (minutes; a quiet machine)
	@$(GO) run ./test/bench -o docs/local-stack-performance.md

.PHONY: bench-gate
bench-gate: ## Measure the gate beside conftest and Checkov and write docs/gate-performance.md (minutes; a quiet machine)
	@$(GO) run ./test/gatebench -o docs/gate-performance.md

.PHONY: gate-peers
gate-peers: ## Put the gate's fixtures and the weakened example before Checkov, conftest and Trivy, which is built first, and write docs/gate-peers.md (minutes)
	@$(GO) run ./test/gatepeers -o docs/gate-peers.md

.PHONY: bench-modules
bench-modules: ## Time the examples' plans, compare the chat with a flat root, and write docs/plan-performance.md (minutes; a quiet machine)
	@$(GO) run ./test/plancost -o docs/plan-performance.md

.PHONY: mutants-policies
mutants-policies: ## Change the gate's rules in 2,800 ways and list those that no case notices (4 minutes); RULES="group group/name" chooses
	@$(GO) run ./cmd/rulemutants $(RULES)

.PHONY: gate-fixtures
gate-fixtures: ## Plan the gate's fixtures again with the real provider
	@$(GO) run ./cmd/gatefixtures $$(git ls-files -co | grep -E '^(internal/gate/([a-z]+|scaffold/start/policies)|policies)/testdata/[a-z]+/main\.tf$$' | xargs -n1 dirname)

.PHONY: gate-fixtures-opentofu
gate-fixtures-opentofu: ## Plan the gate's fixtures of OpenTofu again, which is built first (minutes)
	@tofu=$$(scripts/tofu) && TERRAFORM=$$tofu $(GO) run ./cmd/gatefixtures internal/gate/plan/testdata/opentofu internal/gate/plan/testdata/sealed

.PHONY: gate-sets
gate-sets: ## List again which blocks of the provider's resources are sets
	@$(GO) run ./cmd/gatefixtures -sets internal/gate/normal/sets.txt

.PHONY: lint
lint: lint-go lint-terraform lint-workflows lint-gate ## All linters

.PHONY: lint-gate
lint-gate: ## The generated pages of the gate's rules, and the packed rules
	@$(GO) run ./cmd/gatedocs -check docs/rules && $(GO) run ./cmd/gatepack -check policies/packed.bin || { echo "run make gate-docs"; exit 1; }

.PHONY: lint-go
lint-go: ## golangci-lint
	$(TOOL) golangci-lint run --allow-parallel-runners ./...

.PHONY: lint-terraform
lint-terraform: ## tflint and the generated tables of the READMEs
	@for dir in $(MODULES) $(EXAMPLES) test/e2e/fixtures/* test/bench/fixture test/web/fixture; do echo "tflint $$dir"; $(TOOL) tflint --config "$(CURDIR)/.tflint.hcl" --chdir "$$dir"; done
	@for dir in $(MODULES) $(EXAMPLES); do $(TOOL) terraform-docs --config "$(CURDIR)/.terraform-docs.yml" --output-check "$$dir" || { echo "run make docs"; exit 1; }; done

.PHONY: gate-docs
gate-docs: ## Write docs/rules from what the gate's rules say of themselves, and pack the rules
	@$(GO) run ./cmd/gatedocs docs/rules
	@$(GO) run ./cmd/gatepack policies/packed.bin

# actionlint and golangci-lint need different versions of one YAML parser, so it
# has a module of its own.
.PHONY: lint-workflows
lint-workflows: ## actionlint, and actions named by the commit that they are
	$(GO) tool -modfile=tools/actionlint/go.mod actionlint
	@if grep -rnE '^[ -]*uses: *[^.]' .github/workflows $(wildcard action.yml) | grep -vE 'uses: [A-Za-z0-9_./-]+@[0-9a-f]{40} # v[0-9]+(\.[0-9]+)*$$'; then \
		echo "name an action by the full SHA of its commit, with the version behind it: uses: <owner>/<action>@<sha> # v1.2.3"; exit 1; \
	fi

.PHONY: docs
docs: gate-docs ## Generate the tables in the modules' READMEs, and docs/rules
	@for dir in $(MODULES) $(EXAMPLES); do $(TOOL) terraform-docs --config "$(CURDIR)/.terraform-docs.yml" "$$dir"; done

.PHONY: fmt
fmt: ## Format Go and Terraform
	$(TOOL) golangci-lint fmt ./...
	@$(TERRAFORM) fmt -recursive .

.PHONY: clean
clean: ## Remove what was built and the local stack's state
	@if [ -x bin/portcullis ]; then bin/portcullis local down; fi
	@rm -rf bin dist .portcullis/local
