# Everything runs from .venv, which the first target that needs it makes. `make` alone says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# As many processes as there are cores, each with a file's tests at a time.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 8
# What `make claims` trains: SEEDS="10 11 12" are of its runs, LESSON=slug or LESSON=slug/preset and CLAIM=name narrow it down.
SEEDS ?= 10 11 12

.PHONY: help run test test-fast test-browser claims bench classroom lint

help:
	@echo "make run           the course in your browser, on a free port from 8501 up"
	@echo "make test          all tests, on every core"
	@echo "make test-fast     the tests that need no browser"
	@echo "make test-browser  the tests in a real browser"
	@echo "make claims        on how many seeds what lessons claim holds: SEEDS=\"10 11 12\" LESSON=slug CLAIM=name"
	@echo "make bench         speed of the engine, of live updates and of the page, as tables"
	@echo "make classroom     thirty learners and two browsers at once for three minutes, as a table (Linux)"
	@echo "make lint          ruff and mypy"

run: $(VENV)/installed
	@$(BIN)/python -m cnnviz serve

test: $(VENV)/installed-dev
	@browser=$$(.ci/chromium) && CHROMIUM="$$browser" $(PYTEST)

test-fast: $(VENV)/installed-dev
	@$(PYTEST) --ignore=tests/browser

test-browser: $(VENV)/installed-dev
	@browser=$$(.ci/chromium) && CHROMIUM="$$browser" $(BIN)/pytest tests/browser

claims: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.claims --seeds $(SEEDS) $(if $(LESSON),--lesson '$(LESSON)') $(if $(CLAIM),--claim '$(CLAIM)')

bench: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.engine
	@$(BIN)/python -m benchmarks.updates
	@browser=$$(.ci/chromium) && CHROMIUM="$$browser" $(BIN)/python -m benchmarks.page

classroom: $(VENV)/installed-dev
	@browser=$$(.ci/chromium) && CHROMIUM="$$browser" $(BIN)/python -m benchmarks.classroom

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "cnnviz needs Python 3.11 or newer as '$(PYTHON)'; where it has another name, say so: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	{ echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu, install the package python3-venv." >&2; exit 1; }

# pip finds packages as it is configured to, a CPU build of torch included.
$(VENV)/installed: requirements.txt | $(BIN)/python
	@echo "Installing $< into $(VENV), once; the first time takes some minutes."
	@$(BIN)/python -m pip install --disable-pip-version-check -qq -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing $< into $(VENV), once; the first time takes some minutes."
	@$(BIN)/python -m pip install --disable-pip-version-check -qq -r requirements-dev.txt
	@touch $(VENV)/installed $@
