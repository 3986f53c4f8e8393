# `make` shows what there is. `make test` is everything that has to pass.

CARGO ?= cargo
SIM_RUNS ?= 200000
BLOWS ?= 1000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench torture mutate fmt lint docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Check what is needed, and install missing Debian packages
	@sh scripts/setup

demo: setup ## Watch a crew work on a small repository; no key, no network
	$(CARGO) build --release -p crew-cli
	target/release/crew demo

test: setup lint docs ## Everything that has to pass
	$(CARGO) test --workspace

lint: ## Formatting and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

docs: ## The documentation of the crates, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

fmt: ## Format the code
	$(CARGO) fmt --all

bench: setup ## Measure the product beside raw operations; writes docs/benchmarks.md
	mkdir -p target/tmp
	TMPDIR="$(CURDIR)/target/tmp" $(CARGO) bench -p crew-cli --bench measure

torture: setup ## Simulation and kill -9, far longer (SIM_RUNS=n, BLOWS=n, SEED=n)
	CREW_SIM_RUNS=$(SIM_RUNS) $(CARGO) test --release -p crew-testkit --test simulation -- --nocapture
	CREW_TORTURE_ALL=1 CREW_TORTURE_BLOWS=$(BLOWS) CREW_TORTURE_SEED=$(SEED) \
		$(CARGO) test -p crew-cli --test torture -- --nocapture

mutate: setup ## Plant bugs in a copy; the simulation has to find each
	scripts/mutate

clean: ## Remove what was built
	$(CARGO) clean
