# Every task of the project. `make` alone lists them. Needs make and Python >= 3.11; Node only to regenerate.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The C library is to keep what is freed: the tests make many images, and fresh memory is dear on virtual machines.
KEEP := MALLOC_MMAP_THRESHOLD_=268435456 MALLOC_TRIM_THRESHOLD_=536870912 MALLOC_TOP_PAD_=16777216
PYTEST := $(KEEP) PYTHONUTF8=1 $(BIN)/python -m pytest -n auto --dist loadgroup
GENERATE := $(BIN)/python formats/compiler/generate.py
BOOK := $(BIN)/python -m vhdx_runtime.book.build
COMPILER := formats/compiler/node_modules/.installed
DEMO := demo
SECONDS ?= 60
SCOREBOARD := tests/results/scoreboard
DIFFERENTIAL := tests/results/differential-$(shell date +%F)

.PHONY: help demo test test-all generate check-generated format lint golden bench scoreboard differential fuzz mutants witnesses book site languages screenshots peers clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Set up, then open, inspect and convert a sample image with a dirty, wrapped log
	@set -eu; export PATH="$(CURDIR)/$(BIN):$$PATH"; rm -rf $(DEMO); mkdir $(DEMO); \
	say() { printf '\n\033[1m%s\033[0m\n' "$$*"; }; \
	run() { printf '$$ %s\n' "$$*"; "$$@"; }; \
	say 'A file as a crash may leave it: header 1 torn, the BAT in the log only, the log wrapped, a stale entry before it.'; \
	run python -m vhdx_runtime.conformance.demo build $(DEMO); \
	say 'What is it? (Exit code 1: there are findings.)'; \
	run vhdx info $(DEMO)/demo.vhdx || test $$? = 1; \
	say 'Every byte of it has a place in a tree; here the log.'; \
	run vhdx inspect $(DEMO)/demo.vhdx log || test $$? = 1; \
	say 'Where does byte 0x300010 of the disk come from?'; \
	run vhdx explain $(DEMO)/demo.vhdx --disk 0x300010; \
	say 'Converted, it is what the guest saw.'; \
	run vhdx convert $(DEMO)/demo.vhdx $(DEMO)/demo.raw; \
	run python -m vhdx_runtime.conformance.demo check $(DEMO)/demo.raw; \
	say 'A reader that ignores the log gets another disk, without an error:'; \
	run vhdx convert --log ignore $(DEMO)/demo.vhdx $(DEMO)/ignored.raw; \
	run python -m vhdx_runtime.conformance.demo check $(DEMO)/ignored.raw || test $$? = 1; \
	if command -v qemu-img >/dev/null; then \
		say 'qemu-img repairs a copy, and wipes out guest data: it replays the stale entry too.'; \
		cp $(DEMO)/demo.vhdx $(DEMO)/repaired.vhdx; \
		run qemu-img check -q -r all $(DEMO)/repaired.vhdx || true; \
		run vhdx compare $(DEMO)/repaired.vhdx $(DEMO)/demo.raw || test $$? = 1; \
	fi

test: $(VENV)/.installed ## Run the tests but for the long part; T=pattern selects by name
	HYPOTHESIS_PROFILE=quick $(PYTEST) -m 'not slow' $(if $(T),-k '$(T)')

test-all: $(VENV)/.all ## Run all tests, with whatever they can compare with; T=pattern selects by name
	$(PYTEST) $(if $(T),-k '$(T)')

generate: $(VENV)/.installed $(COMPILER) ## Compile formats/*.ksy and write generated/vhdx_format and generated/declarations
	$(GENERATE)

book: $(VENV)/.installed ## Write generated/book, after a change of schemas, prose, cases or tests
	$(BOOK)

check-generated: $(VENV)/.installed $(COMPILER) ## Fail when generated/ differs from what `make generate book` writes
	$(GENERATE) --check
	$(BOOK) --check

format: $(VENV)/.dev ## Format the code and fix what ruff can fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(VENV)/.dev ## Check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

golden: $(VENV)/.installed ## Rewrite the golden transcripts; read the diff before you commit it
	$(BIN)/pytest tests/cli/test_golden.py tests/inspect/test_transcripts.py --update-golden

bench: $(VENV)/.peers ## Measure side by side with other readers; writes tests/results/
	$(BIN)/python -m tests.benchmarks

scoreboard: $(VENV)/.peers ## Try every reader that is here on all conformance cases; writes tests/results/
	@$(PIP) install -qq --editable '.[test,peers,more-peers]' || echo 'binary-refinery cannot be installed here: absent' >&2
	@mkdir -p build; $(BIN)/vhdx conformance run --markdown $(SCOREBOARD).md --json > build/scoreboard.json; \
	code=$$?; $(BIN)/python -c 'import lzma, sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read(), preset=9))' \
		< build/scoreboard.json > $(SCOREBOARD).json.xz; exit $$code

differential: $(VENV)/.peers ## Hold every reader that is here against the fuzz corpus; writes tests/results/
	@$(PIP) install -qq --editable '.[test,peers,more-peers]' || echo 'binary-refinery cannot be installed here: absent' >&2
	@set -eu; export PATH="$(CURDIR)/$(BIN):$$PATH"; corpus=$$(mktemp -d); trap 'rm -rf "$$corpus"' EXIT; \
	vhdx fuzz generate "$$corpus/corpus"; code=0; \
	vhdx fuzz judge "$$corpus/corpus" --seconds 30 --markdown $(DIFFERENTIAL).md --json > $(DIFFERENTIAL).part || code=$$?; \
	test -s $(DIFFERENTIAL).part && mv $(DIFFERENTIAL).part $(DIFFERENTIAL).json; test $$code -le 1  # 1: some reader is wrong

fuzz: $(VENV)/.installed ## Fuzz our own reader for SECONDS=60, or judge MUTANTS=number of a campaign
	@$(PIP) install -qq --editable '.[test,fuzz]' || echo 'atheris cannot be installed here: absent' >&2
	$(BIN)/python -m tests.fuzz $(if $(MUTANTS),--mutants $(MUTANTS),--seconds $(SECONDS))

mutants: $(VENV)/.all ## Change the code in N=200 places, one at a time, and list the changes that no test notices; takes an hour
	$(BIN)/python -m tests.mutants $(or $(N),200)

witnesses: $(VENV)/.installed ## Search again for the images of vhdx fuzz, after a change of rules; takes minutes
	@set -eu; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/python -m vhdx_runtime.fuzz.corpus.search "$$folder" > "$$folder/found"; \
	cp "$$folder/found" vhdx_runtime/fuzz/corpus/witnesses.jsonl

site: $(VENV)/.docs ## Build the book as a site in build/book
	@$(BOOK) --site build/book-source
	@$(BIN)/properdocs build --quiet --strict --config-file build/book-source/properdocs.yml
	@echo 'build/book/index.html; with search: $(BIN)/python -m http.server --directory build/book'

languages: $(VENV)/.installed $(COMPILER) ## Compile formats/*.ksy to every language of the compiler, in build/languages
	$(BIN)/python formats/compiler/languages.py build/languages

screenshots: site $(VENV)/.dev ## Show pages of the book and of the inspector to a browser; writes tests/results/screenshots/
	$(BIN)/python -m tests.screenshots

peers: $(VENV)/.peers ## Install the other readers that tests and benchmarks compare with

clean: ## Remove everything that the other tasks made, except generated/
	rm -rf $(VENV) $(DEMO) dist build fuzz-findings formats/compiler/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find vhdx_runtime generated formats tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'No Python >= 3.11 found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo '$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo 'Setting up $(VENV) (once) …'; $(PYTHON) -m venv $(VENV); }
	@$(PIP) install -qq --editable '.[test]'
	@touch $@

# What only some tasks need, an extra each.
$(VENV)/.dev $(VENV)/.peers $(VENV)/.docs: $(VENV)/.%: $(VENV)/.installed
	@$(PIP) install -qq --editable '.[test,$*]'
	@touch $@

$(VENV)/.all: $(VENV)/.installed
	@all=yes; for extra in dev peers docs; do \
		$(PIP) install -qq --editable ".[test,$$extra]" || { all=no; echo "the extra $$extra cannot be installed here: absent" >&2; }; \
	done; test $$all = no || touch $@

$(COMPILER): formats/compiler/package.json formats/compiler/package-lock.json
	@command -v npm >/dev/null || { \
		echo 'Regenerating needs Node.js with npm; everything else runs without it.' >&2; exit 1; }
	cd formats/compiler && npm ci --no-audit --no-fund
	@touch $@
