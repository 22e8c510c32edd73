# What a person does with a checkout of Tocsin: make help says it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder $(MORE)
ASSETS := $(shell find assets/src assets/styles -type f) $(wildcard assets/*.json assets/*.mjs assets/*.txt)

.PHONY: help up test lint types imports assets-check tests test-postgres fuzz fuzz-api soak bench bench-live load lock screenshots clean dev

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

up: .venv/.package ## install everything and start Tocsin with the example organization on http://127.0.0.1:8400
	@TOCSIN_HOME="$${TOCSIN_HOME:-$(CURDIR)/.var}" exec $(BIN)/tocsin up --demo

test: lint types imports assets-check tests ## lint, types, import contracts, and all tests

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

imports: dev
	$(BIN)/lint-imports --no-logo

assets-check: dev
	$(BIN)/python hatch_build.py check

tests: dev
	@scripts/ensure-chromium
	$(BIN)/pytest $(PYTEST_ARGS)

# The rooms, and every door of the site and the API once. The libraries, the looks of pages and paper do not touch the
# database, commands bring their own, and what one page or answer says is tested once, by `tests`.
test-postgres: dev ## the tests that use the database, on a throw-away PostgreSQL
	scripts/with-postgres $(BIN)/pytest $(PYTEST_ARGS) -m "not browser" tests/core tests/people tests/incidents tests/alerts \
		tests/evidence tests/disclosure tests/comms tests/web/test_web_doors.py tests/web/test_web_search.py tests/api/test_api_fuzz.py

fuzz: dev ## the property tests with new random examples, many times as many; a failure prints what reproduces it
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest $(PYTEST_ARGS) -m hypothesis

fuzz-api: dev ## schemathesis over the whole OpenAPI document, with many new requests of each operation
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n 0 tests/api/test_api_fuzz.py

soak: dev ## the tests that try more when there is time: all real logs, twenty kills, a storm of 10,000 alerts
	TOCSIN_SOAK=1 $(BIN)/pytest $(PYTEST_ARGS) tests/cli/test_kill.py tests/alerts/test_alerts_storm.py \
		tests/lab/test_rows.py tests/lab/test_differential.py

bench: dev ## measure speed and print it; asserts nothing
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

bench-live: dev ## how fast a change reaches 1,000 people who watch one incident
	$(BIN)/python bench/watchers.py

load: dev ## 200 people working on one incident: percentiles of pages and API on SQLite, then on PostgreSQL
	$(BIN)/python bench/load/run.py
	scripts/with-postgres $(BIN)/python bench/load/run.py

lock: dev ## resolve all dependencies anew into the lock files
	scripts/lock --upgrade

screenshots: dev ## take the pictures of the running product for the README
	$(BIN)/python scripts/screenshots.py

clean: ## remove what was made: environment, bundles, caches
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf assets/node_modules src/tocsin/web/static/build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each step is done again only when what it reads has changed.
.venv/.made:
	@echo "Making the virtual environment ..."
	@scripts/make-venv "$(PYTHON)"
	@touch $@

.venv/.run: requirements.lock .venv/.made
	@echo "Installing the locked dependencies ..."
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

.venv/.package: .venv/.run pyproject.toml hatch_build.py $(ASSETS)
	@echo "Building the page assets and installing Tocsin ..."
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run | .venv/.package
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

dev: .venv/.dev
