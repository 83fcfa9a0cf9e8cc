# demo   the tour: a small mail world on this machine, in under a minute     (make demo MAIL=path/to/file.eml)
# test   every test          lint   what the code must keep          bench   speed, each with its peer or floor
SHELL := /bin/sh
PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
MAIL ?=

.DEFAULT_GOAL := all
.PHONY: all demo test test-fast test-slow lint format bench bench-bounces clean

all: lint test

# Each environment is made from pinned requirements, by uv where it is installed, else by venv and pip.
define environment
	@if command -v uv >/dev/null 2>&1; then \
	    uv venv --quiet --clear --python $(PYTHON) $(1) && \
	    uv pip sync --quiet --python $(1)/bin/python --require-hashes $(2) && \
	    uv pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation -e . ; \
	else \
	    $(PYTHON) -m venv --clear $(1) && \
	    $(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2) && \
	    $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $(1)/ready
endef

.venv/ready: requirements/dev.txt pyproject.toml
	@echo "Making the environment for tests …"
	$(call environment,.venv,requirements/dev.txt)

.venv-run/ready: requirements/run.txt pyproject.toml
	@echo "Making the environment …"
	$(call environment,.venv-run,requirements/run.txt)

demo: .venv-run/ready
	@.venv-run/bin/mailloom demo $(MAIL)

test: test-fast test-slow

test-fast: .venv/ready
	.venv/bin/pytest -q -n $(CORES) --dist worksteal -m "not slow"

test-slow: .venv/ready
	.venv/bin/pytest -q -n $(CORES) --dist worksteal -m slow

lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/ready
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: .venv/ready
	.venv/bin/python bench/run.py

bench-bounces: .venv/ready
	.venv/bin/python bench/bounces.py $(CORPUS)

clean:
	rm -rf .venv .venv-run build dist demo-data
