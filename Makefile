# One command each. `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help run run-stack test check fast stack bench bench-screen bench-services format lock proto clean
.PHONY: chaos simulate docs screenshots messages snapshots

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## What there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "topn-tui needs Python 3.11 or newer; name one with make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing Python packages into $(VENV): about 320 MB, a minute or two, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run: $(READY) ## The dashboard with the whole path in one process: no services needed
	$(BIN)/topn-tui

run-stack: $(READY) ## The dashboard on real services, started for it (system packages as in `make test`)
	$(BIN)/python -m tests.stack install
	$(BIN)/python -m tests.stack -- $(BIN)/topn-tui

stack: $(READY) ## Real services for a person: database, Kafka, Canal, Redis; Ctrl-C stops them
	$(BIN)/python -m tests.stack install
	$(BIN)/python -m tests.stack

test: $(READY) ## Everything; installs what the tests need (TOPN_NO_INSTALL=1: no system packages)
	$(BIN)/python -m tests.stack install
	$(BIN)/python -m pytest -n 2 --dist loadfile

fast: $(READY) ## The tests that need no services
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not service and not slow" -q

check: $(READY) ## Format, lint, types, import contracts, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) fast

simulate: $(READY) ## Real engines in a simulated world of faults: SECONDS=n [FIRST=seed]; a failing seed again: SEED=s
	$(BIN)/python -m tests.simulator $(if $(SEED),--seed $(SEED),--seconds $(or $(SECONDS),60) $(if $(FIRST),--first $(FIRST)))

chaos: $(READY) ## Random SQL and kill -9 on real services, each EXACT judged: SECONDS=n [SEED=s]
	$(BIN)/python -m tests.stack install
	$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED))

bench: $(READY) ## Ratios, measured in one run
	$(BIN)/python -m tests.bench

docs: $(READY) ## Write docs/reference.md anew: commands, settings, keys
	$(BIN)/python -m tests.docs.reference

snapshots: $(READY) ## Draw the pinned screens of tests/tui anew: look at them before they are committed
	$(BIN)/python -m tests.tui.snapshots

messages: $(READY) ## Bring the Chinese catalogue up to date with the texts in the code
	$(BIN)/python -m tests.docs.messages

screenshots: $(READY) ## Draw the dashboard anew into docs/images
	$(BIN)/python -m tests.docs.screenshots

bench-screen: $(READY) ## What the screen costs: processor, frames, key latency, throughput with and without
	$(BIN)/python -m tests.bench.screen

bench-services: $(READY) ## Times on the real services: start to EXACT, commit to Redis
	$(BIN)/python -m tests.stack install
	$(BIN)/python -m tests.bench.services

format: $(READY) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## Write requirements/dev.txt anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --universal \
	  --python-version 3.11 --upgrade --no-header -q -o requirements/dev.txt

proto: $(READY) ## Generate the protobuf module anew
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. engine/formats/canal.proto

clean: ## Remove what the targets above have made here
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
