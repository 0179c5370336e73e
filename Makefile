# `make` alone prints what there is. Everything lives in .venv; nothing else on the machine changes.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
# One more than cores: many tests wait, for a process, a disk or a clock.
WORKERS ?= $(shell expr 1 + $$($(PYTHON) -c 'import os; print(os.cpu_count() or 1)'))
# Byte code is kept even where the shell says not to: hundreds of processes start from it.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin

# Hashes checked, wheels only (two of the peers have none), byte code left to the first import.
INSTALL = $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	--no-compile
COMPILE_LOCK = $(BIN)/uv pip compile pyproject.toml --group build --universal --generate-hashes \
	--no-emit-index-url --no-header --annotation-style line --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check lint types layering test-slow clean-clone bench docs lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## install everything a contributor needs into .venv

demo: $(VENV)/.core ## watch records become golden customers and go back (no account, no secret)
	@$(BIN)/hub demo

test: $(VENV)/.dev ## run the default suite on SQLite and PostgreSQL
	$(BIN)/pytest -n $(WORKERS)

check: lint types layering test test-slow clean-clone ## run all that CI runs

lint: $(VENV)/.dev ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## check types, strictly
	$(BIN)/mypy

layering: $(VENV)/.dev ## check that each room imports only rooms below it
	$(BIN)/lint-imports --no-logo

test-slow: $(VENV)/.dev $(VENV)/.peers ## run the tests that take minutes
	$(BIN)/pytest -n $(WORKERS) -m slow

clean-clone: $(VENV)/.core ## clone the last commit, with an empty home, and run the demo there
	.ci/clean-clone $(BIN)/python

bench: $(VENV)/.dev $(VENV)/.bench ## measure the pipeline and print the table
	$(BIN)/python -m benchmarks

docs: $(VENV)/.docs ## write the generated reference pages again and build the site
	$(BIN)/python -m docs.generate
	$(BIN)/zensical build --clean --strict

lock: $(VENV)/.dev ## resolve the dependencies again and write requirements/*.lock
	$(COMPILE_LOCK) --upgrade -o requirements/core.lock
	$(COMPILE_LOCK) --upgrade --extra dev -c requirements/core.lock -o requirements/dev.lock
	$(COMPILE_LOCK) --upgrade --extra bench -c requirements/dev.lock -o requirements/bench.lock
	$(COMPILE_LOCK) --upgrade --extra peers -c requirements/dev.lock -o requirements/peers.lock
	$(COMPILE_LOCK) --upgrade --group docs -c requirements/dev.lock -o requirements/docs.lock

clean: ## remove .venv and all that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "cxhub needs Python 3.11 or newer; none was found." \
		"Install one, or say where it is: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cxhub needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
		echo "cxhub needs pip; install it for $(PYTHON) (Debian: apt install python3-pip)." >&2; exit 1; }
	@echo "Setting up .venv (about 30 seconds, once)"
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.peers: WITHOUT_WHEEL := --no-binary shopifyapi,pyactiveresource
$(VENV)/.%: requirements/%.lock pyproject.toml | $(BIN)/python
	@$(INSTALL) --require-hashes --only-binary :all: $(WITHOUT_WHEEL) -r $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.core $@
