# `make` shows what there is. `make test` is everything that has to pass.

CARGO ?= cargo
SIM_RUNS ?= 200000
BLOWS ?= 1000
SEED ?= 1
# What `make package` makes: on Linux also `appimage`, which downloads its tools; on macOS `dmg`.
BUNDLES ?= deb

.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-desktop demo desktop package test clients clients-newest stand-ins api-test desktop-test images ui ui-test schema bench ui-bench torture mutate fmt lint docs clean

UI_SOURCES := $(shell find ui/src ui/static -type f) ui/package.json ui/svelte.config.js ui/vite.config.ts
# A workspace of its own: docs/adr/0012. Its programs lie beside `crew`, where the window looks for it.
DESKTOP := --locked --manifest-path crates/desktop/Cargo.toml --target-dir target
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
# Without Node the program is built without its user interface, and says so.
UI_IF_NODE := $(if $(shell command -v npm),ui)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Check what is needed, and install missing Debian packages
	@sh scripts/setup

setup-desktop: ## The same, with what the desktop window is built with: Node and WebKit
	@sh scripts/setup desktop

setup-test: ## The same, with what only tests need: a Chromium and a screen
	@sh scripts/setup test

demo: setup $(UI_IF_NODE) ## Watch a crew work; no key, no network (AGENT=claude or codex: with yours)
	$(CARGO) build --release -p crew-cli
	target/release/crew demo$(if $(AGENT), --agent $(AGENT))

desktop: setup-desktop ui ## Build the desktop window, and start it
	$(CARGO) build --release -p crew-cli
	$(CARGO) build --release $(DESKTOP)
	target/release/crewhouse

package: setup-desktop ui crates/desktop/node_modules/.package-lock.json ## Build the package for Debian and Ubuntu
	$(CARGO) build --release -p crew-cli
	mkdir -p crates/desktop/binaries
	cp target/release/crew crates/desktop/binaries/crew-$(HOST)
	cd crates/desktop && CARGO_TARGET_DIR=$(CURDIR)/target npx tauri build --bundles $(BUNDLES) \
		--config package.conf.json -- --locked
	@ls $(CURDIR)/target/release/bundle/*/*

crates/desktop/node_modules/.package-lock.json: crates/desktop/package-lock.json
	@# Not `npm ci`: it wants each platform's part of Tauri's program in the lock file, and npm writes ours only.
	cd crates/desktop && npm install --no-save --no-audit --no-fund
	@touch $@

test: setup-test ui clients stand-ins lint docs ## Everything that has to pass
	$(CARGO) test --workspace
	$(MAKE) api-test
	$(MAKE) ui-test
	$(MAKE) desktop-test

desktop-test: setup-test ui ## The desktop window: clippy, tests, and the story in the real window
	$(CARGO) clippy $(DESKTOP) --all-targets -- -D warnings
	$(CARGO) test $(DESKTOP)
	$(CARGO) build -p crew-cli
	$(CARGO) build $(DESKTOP)
	cd ui && CREW=$(CURDIR)/target/debug/crew CREWHOUSE=$(CURDIR)/target/debug/crewhouse npm run desktop

images: setup-test ui ## The pictures in the README, of the demo in a browser and in the window
	$(CARGO) build -p crew-cli
	$(CARGO) build $(DESKTOP)
	cd ui && CREW_IMAGES=$(CURDIR)/docs/images CREW=$(CURDIR)/target/debug/crew npm run e2e -- shots
	cd ui && CREW_IMAGES=$(CURDIR)/docs/images CREW=$(CURDIR)/target/debug/crew CREWHOUSE=$(CURDIR)/target/debug/crewhouse npm run desktop -- -g README
	for image in docs/images/*.png; do convert $$image -strip +dither -colors 256 PNG8:$$image; done

ui: ui/dist/site/index.html ## Build the user interface, which the program then contains

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/site/index.html: $(UI_SOURCES) ui/node_modules/.package-lock.json
	cd ui && npm run build

clients: tests/clients/node_modules/.package-lock.json ## Install the agents that the tests run

tests/clients/node_modules/.package-lock.json: tests/clients/package.json tests/clients/package-lock.json
	@# Not `npm ci`: it wants each platform's part of opencode in the lock file, and npm writes ours only.
	cd tests/clients && npm install --no-save --no-audit --no-fund
	@touch $@

NEWEST := $(CURDIR)/target/clients-newest

clients-newest: setup ## The stories of real agents, with the newest version of each; downloads them, and is no part of `make test`
	mkdir -p $(NEWEST)
	cd $(NEWEST) && npm install --no-audit --no-fund --prefix . \
		$$(node -p 'Object.keys(require("$(CURDIR)/tests/clients/package.json").dependencies).map(name => name + "@latest").join(" ")')
	CREW_CLIENTS=$(NEWEST) $(CARGO) test -p crew-cli --test claude --test codex --test acp --test control --test trial

stand-ins: tests/github/node_modules/.package-lock.json ## Install what others wrote in place of GitHub, for the tests

tests/github/node_modules/.package-lock.json: tests/github/package.json tests/github/package-lock.json
	@# Nothing of it is built, and no script of it is run.
	cd tests/github && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

tests/api/.venv/bin/schemathesis: tests/api/requirements.txt
	python3 -m venv tests/api/.venv
	tests/api/.venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

api-test: setup-test tests/api/.venv/bin/schemathesis ## Requests made of the description of the API (EXAMPLES=n, SEED=n)
	$(CARGO) build -p crew-cli
	CREW=target/debug/crew tests/api/run

ui-test: ui ## The user interface: types, lint, states, and the whole story in a real browser
	$(CARGO) build -p crew-cli
	cd ui && npm run check && npm run lint && npm test
	cd ui && CREW=$(CURDIR)/target/debug/crew npm run e2e

schema: ui/node_modules/.package-lock.json ## Write the description of the API, and the types made of it
	CREW_UPDATE=1 $(CARGO) test -p crew-server --test api openapi
	cd ui && npm run schema

lint: ## Formatting and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path crates/desktop/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

docs: ## The documentation of the crates, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

fmt: ## Format the code
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path crates/desktop/Cargo.toml

bench: setup clients ## Measure the product beside raw operations; writes docs/benchmarks.md
	mkdir -p target/tmp
	TMPDIR="$(CURDIR)/target/tmp" $(CARGO) bench -p crew-cli --bench measure
	$(MAKE) ui-bench

ui-bench: setup-test setup-desktop ui ## Measure the user interface beside bare pages, a part of `make bench` (HOUR=1: the windows stream for an hour)
	$(CARGO) build --release -p crew-cli
	$(CARGO) build --release $(DESKTOP)
	cd ui && WRITE=1 CREW=$(CURDIR)/target/release/crew CREWHOUSE=$(CURDIR)/target/release/crewhouse npm run bench

torture: setup ## Simulation and kill -9, far longer (SIM_RUNS=n, BLOWS=n, SEED=n)
	CREW_SIM_RUNS=$(SIM_RUNS) $(CARGO) test --release -p crew-testkit --test simulation -- --nocapture
	CREW_TORTURE_ALL=1 CREW_TORTURE_BLOWS=$(BLOWS) CREW_TORTURE_SEED=$(SEED) \
		CREW_TORTURE_REPORT=$(CURDIR)/docs/torture.md \
		$(CARGO) test -p crew-cli --test torture -- --nocapture

mutate: setup ## Plant bugs in a copy; the simulation has to find each
	scripts/mutate

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf tests/api/.venv tests/clients/node_modules tests/github/node_modules crates/desktop/node_modules crates/desktop/gen crates/desktop/binaries
	rm -rf ui/node_modules ui/.svelte-kit ui/dist/site ui/test-results
