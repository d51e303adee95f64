# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for developers.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-all test-slow lint types types-win32 types-darwin bench docs clean

## demo: the main job on two virtual phones, without a phone, compiler or JDK; shows where the report is
demo: $(VENV)/.demo
	$(BIN)/devbench run --suite quick --device virtual --profile quick
	@echo "open $$(ls -d $(CURDIR)/results/2*/report/report.html | tail -n 1)"

## test: lint, types and the default tests, in two processes since most tests wait for a phone (docs/develop.md)
test: $(VENV)/.dev lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=15 $(PYTEST)

## test-all: also what needs minutes
test-all: test test-slow

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow --durations=15 $(PYTEST)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -j 2 types types-win32 types-darwin

types: $(VENV)/.dev
	$(BIN)/mypy

# a cache of its own: what is true for one platform is not kept for another
types-win32 types-darwin: types-%: $(VENV)/.dev
	$(BIN)/mypy --config-file mypy-hosts.ini --platform $* --cache-dir .mypy_cache/$*

## bench: what measures devbench itself; ratios against a reference in the same run
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py

## docs: regenerate docs/cli.md from the commands
docs: $(VENV)/.dev
	$(BIN)/python scripts/cli_reference.py

clean:
	rm -rf $(VENV) build dist devbench/data/runners

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "devbench needs Python 3.11 or newer; '$(PYTHON)' is not. Say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "venv is missing: sudo apt install python3-venv"; exit 2; }

$(VENV)/.demo: pyproject.toml $(BIN)/python
	$(BIN)/pip install --quiet -e '.[virtual,models]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(BIN)/python
	$(BIN)/pip install --quiet -e '.[virtual,models,dev]'
	@touch $@ $(VENV)/.demo
