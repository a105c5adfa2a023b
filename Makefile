# Two commands: `make demo` opens the console on a practice platform, `make test` runs every check.
# Each sets up what it needs in .venv first; nothing has to be installed by hand but Python 3.11+, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := gcms_tui tests
# One more than there are processors: much of what is tested is waited for, a line that hangs, a server that starts.
WORKERS ?= $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint check bench screenshots clean

demo: $(VENV)/.installed-demo
	@$(BIN)/python -m compileall -q gcms_tui
	@$(BIN)/gcms-tui demo $(ARGS)

test: lint check

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

check: $(VENV)/.installed-test
	@$(BIN)/python -m compileall -q $(SOURCES)
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.installed-test
	@$(BIN)/python -m compileall -q gcms_tui
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m tests.benchmarks $(ARGS)

screenshots: $(VENV)/.installed-test
	@$(BIN)/python -m compileall -q gcms_tui
	@TEXTUAL_COLOR_SYSTEM=truecolor $(BIN)/python -m tests.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

# What is installed is compiled, also where PYTHONDONTWRITEBYTECODE is set: that halves every start. pip would do it
# with one processor. Some packages ship files for other versions of Python, which do not compile and are not used.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[$*]'
	-@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gcms-tui needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
