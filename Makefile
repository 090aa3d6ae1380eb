# Every task of the project. `make` alone lists them. Needs make and Python >= 3.11; Node only to regenerate.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check
GENERATE := $(BIN)/python formats/compiler/generate.py
COMPILER := formats/compiler/node_modules/.installed
DEMO := demo
SECONDS ?= 60

.PHONY: help demo test generate check-generated format lint golden bench fuzz book peers clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Set up, then open, inspect and convert a sample image with a dirty, wrapped log
	@$(BIN)/python -m vhdx_runtime.conformance.demo $(DEMO)

test: $(VENV)/.installed ## Run the tests; T=pattern selects by name
	$(BIN)/pytest -n auto --dist loadgroup $(if $(T),-k '$(T)')

generate: $(VENV)/.installed $(COMPILER) ## Compile formats/*.ksy and write generated/
	$(GENERATE)

check-generated: $(VENV)/.installed $(COMPILER) ## Fail when generated/ differs from what `make generate` writes
	$(GENERATE) --check

format: $(VENV)/.installed ## Format the code and fix what ruff can fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(VENV)/.installed ## Check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

golden: $(VENV)/.installed ## Rewrite the golden transcripts; read the diff before you commit it
	$(BIN)/pytest -n auto tests/golden --update-golden

bench: $(VENV)/.peers ## Measure side by side with other readers; writes tests/results/
	$(BIN)/python -m tests.benchmarks

fuzz: $(VENV)/.installed ## Try mutated images for SECONDS=60
	VHDX_FUZZ_SECONDS=$(SECONDS) $(BIN)/pytest -n auto tests/test_hostile.py -k mutant -s

book: $(VENV)/.installed ## Show the layout documentation
	@$(GENERATE) --list-book

peers: $(VENV)/.peers ## Install the other readers that tests and benchmarks compare with

clean: ## Remove everything that the other tasks made, except generated/
	rm -rf $(VENV) $(DEMO) dist formats/compiler/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find vhdx_runtime generated formats tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'No Python >= 3.11 found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo '$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@test -x $(BIN)/python || { echo 'Setting up $(VENV) (once) …'; $(PYTHON) -m venv $(VENV); }
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.peers: $(VENV)/.installed
	@$(PIP) install --quiet --editable '.[dev,peers]'
	@touch $@

$(COMPILER): formats/compiler/package.json formats/compiler/package-lock.json
	@command -v npm >/dev/null || { \
		echo 'Regenerating needs Node.js with npm (https://nodejs.org); everything else runs without it.' >&2; exit 1; }
	cd formats/compiler && npm ci --no-audit --no-fund
	@touch $@
