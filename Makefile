# The only door for commands: `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8080
DEMO_CASES ?= 60
DATA ?= data
CITY_DATA ?= data/city
CONTENTION_SECONDS ?= 10
# Options of anju-bench-peers.
PEERS ?=
BIN := target/debug

.PHONY: help tools run build web test test-rust test-web test-browser pictures check-definitions check-layers schemas fmt fmt-check lint coverage bench bench-city bench-peers city-data run-city clean-data clean-city-data

help: ## Lists the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 24

tools: ## Installs what building needs, or says what is missing
	@scripts/ensure-tools build

run: tools web build ## Builds everything and starts the platform with demonstration data at http://localhost:8080
	@PORT=$(PORT) DEMO_CASES=$(DEMO_CASES) DATA=$(DATA) BIN=$(BIN) scripts/run

build: ## Builds the platform and the sandbox of outside systems
	cargo build --locked -p anju -p anju-agencies

web: ## Builds the front end into web/dist
	@scripts/build-web

test: ## Everything that CI runs: both databases, definitions, front end, a real browser
	@scripts/ensure-tools test
	$(MAKE) fmt-check check-layers
	$(MAKE) web test-web
	$(MAKE) test-rust
	$(BIN)/anju check
	$(MAKE) test-browser

test-rust: ## Rust tests, with a private PostgreSQL
	scripts/with-postgres cargo nextest run --locked --workspace --profile ci

test-web: ## Types, lint and unit tests of the front end
	npm --prefix web run check

test-browser: ## The platform in a real browser
	@BIN=$(BIN) scripts/test-browser

pictures: web build ## Takes the pictures of the README anew, from the demonstration
	@scripts/ensure-tools test
	@BIN=$(BIN) scripts/take-pictures

check-definitions: ## Checks all definitions; every problem with file, line and cause
	cargo run --locked -q -p anju -- check

check-layers: ## Checks that dependencies point one way
	@scripts/check-layers

schemas: ## Writes JSON Schemas of the definition language for editors
	cargo run --locked -q -p anju -- schemas docs/schemas

fmt: ## Formats Rust code
	cargo fmt --all

fmt-check:
	cargo fmt --all --check

lint: ## Clippy; warnings are errors
	cargo clippy --locked --workspace --all-targets -- -D warnings

coverage: ## One line for each of the 234 modules with its passing tests (after `make test`)
	@node scripts/coverage.mjs

bench: ## Record read, list and create against a bare handler with the same SQL, and 64 clients reserving units, on both databases
	@scripts/ensure-tools database
	cargo build --locked --profile bench-run -p anju-bench
	@target/bench-run/anju-bench --database sqlite
	@ANJU_POSTGRES_DURABLE=1 scripts/with-postgres target/bench-run/anju-bench --database postgres
	@target/bench-run/anju-bench contention --database sqlite --seconds $(CONTENTION_SECONDS)
	@ANJU_POSTGRES_DURABLE=1 scripts/with-postgres target/bench-run/anju-bench contention --database postgres --seconds $(CONTENTION_SECONDS)

city-data: ## Fills PostgreSQL with a whole city (SCALE=0.01 to try; ANJU_DATABASE_URL, or one kept in CITY_DATA, data/city)
	@scripts/ensure-tools database
	cargo build --locked --profile bench-run -p anju
	@CITY_DATA=$(CITY_DATA) scripts/city-data

run-city: tools web ## Serves the data of make city-data at http://localhost:8080
	@scripts/ensure-tools database
	cargo build --locked --profile bench-run -p anju
	@CITY_DATA=$(CITY_DATA) scripts/city-data target/bench-run/anju serve --listen 127.0.0.1:$(PORT)

bench-city: ## Lists, searches, figures, export and import on the data of make city-data, beside hand-written SQL
	@scripts/ensure-tools database
	cargo build --locked --profile bench-run -p anju -p anju-bench
	@CITY_DATA=$(CITY_DATA) scripts/city-data target/bench-run/anju-bench city

bench-peers: ## Create, read and list beside Directus 10 and Strapi 5 (npm), one entity on one PostgreSQL: bench/peers/README.md
	@scripts/ensure-tools bench-peers
	@scripts/install-peers
	cargo build --locked --profile bench-run -p anju -p anju-bench
	@ANJU_POSTGRES_DURABLE=1 scripts/with-postgres target/bench-run/anju-bench-peers $(PEERS)

clean-data: ## Removes the local demonstration data; the city's stays
	@[ ! $(DATA) -ef . ] || { echo "DATA is this folder" >&2; exit 1; }
	@for entry in $(DATA)/*; do [ "$$entry" -ef $(CITY_DATA) ] || rm -rf "$$entry"; done

clean-city-data: ## Removes the data of make city-data
	rm -rf $(CITY_DATA)
