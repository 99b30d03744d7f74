# Each target sets up what it needs. `make` alone lists them.
# A variable of the command line (WORLD=1) is in the environment of what is run.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
# How many files of tests run at a time. The tests of a file stay together, and in their order.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help env run test test-slow check format bench oracles lock clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(STAMP): pyproject.toml requirements-build.lock requirements-dev.lock tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py

env: $(STAMP) ## set up the environment in .venv

run: $(STAMP) ## run a hub and three nodes with example data; WORLD=1 adds a second continent
	@$(BIN)/python -m twiza.demo

test: check ## check, then run the whole suite but for what takes long
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-slow: $(STAMP) ## run the tests that take long, or need the network
	$(BIN)/python -m pytest -m slow

check: $(STAMP) ## look at form, imports and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy --strict shared services twiza

format: $(STAMP) ## bring the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## print the table of speed, as ratios of one run
	@$(BIN)/python -m tests.load.bench

oracles: $(STAMP) ## set up the libraries that count beside us, for make test-slow and make bench
	@$(PYTHON) tests/oracles/make_environment.py

LOCKED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --quiet

lock: $(STAMP) ## write the locks anew after a change of dependencies; UPGRADE=1 takes newer versions
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(LOCKED) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCKED) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev \
		-c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCKED) $(if $(UPGRADE),--upgrade) --group build \
		-c requirements-dev.lock -o requirements-build.lock

clean: ## remove what was made here: the environment, caches, and the federation of `make run`
	rm -rf .venv .run build dist *.egg-info .coverage
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
