# `make` shows what there is. `make test` is everything that has to pass.

CARGO ?= cargo
SIM_RUNS ?= 200000

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench torture fmt lint docs clean

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

torture: setup ## The simulation, ten times as long (SIM_RUNS=n)
	CREW_SIM_RUNS=$(SIM_RUNS) $(CARGO) test --release -p crew-testkit --test simulation -- --nocapture

clean: ## Remove what was built
	$(CARGO) clean
