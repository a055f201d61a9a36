# Every target prepares .venv by itself, once: scripts/bootstrap is silent when the lock has not changed.
#
#   make demo          open the welcome chat with the demo model (no key needed)
#   make test          ruff, mypy, Lua modules, pure, wire and editor tests; NVIM=path picks another Neovim
#   make test-system   what needs programs of Debian or npm: stylua, luacheck, tests of keyring and sandbox
#   make screens       store what tests/editor/test_screens.py sees as what is expected; look at the difference
#   make soak          the same tests with full counts, long
#   make generate      write lua/flemma/models.lua, schema.lua, types.lua and the tables of doc/flemma.txt anew from the code
#   make lint check format develop bench screenshot lock

PY := .venv/bin/python
PYTHON_SOURCES := $(wildcard python/flemma_py rplugin tests bench)
JOBS ?= 2

# In a terminal of Neovim the environment's NVIM is a socket: scripts/find-nvim knows that.
export NVIM
export PYTHON

.PHONY: help prepare demo develop test test-system screens soak lint check format bench screenshot generate lock

help:
	@sed -n 's/^#   //p' Makefile

prepare:
	@scripts/bootstrap

demo: prepare
	@scripts/demo

develop: prepare
	@scripts/develop

test: lint check
	@scripts/test -n $(JOBS) --dist worksteal

test-system: prepare
	@scripts/test-system

screens: prepare
	@FLEMMA_SCREENS=write scripts/test -n $(JOBS) tests/editor/test_screens.py

soak: prepare
	@FLEMMA_SOAK=1 scripts/test -n $(JOBS) --dist worksteal --timeout 3600

lint: prepare
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check .

check: prepare
	@$(PY) -m mypy --no-error-summary $(PYTHON_SOURCES)

format: prepare
	@$(PY) -m ruff check --quiet --fix . || true
	@$(PY) -m ruff format --quiet .
	@if command -v npm >/dev/null; then scripts/stylua; else echo 'flemma: Lua was not formatted: stylua comes with npm'; fi

bench: prepare
	@$(PY) -m bench.run $(ARGS)

screenshot: prepare
	@$(PY) scripts/screenshot.py

generate: prepare
	@$(PY) scripts/generate_models.py
	@$(PY) scripts/generate_tools.py
	@$(PY) scripts/generate_settings.py
	@$(PY) scripts/generate_types.py
	@$(PY) scripts/generate_help.py

# Hashes of every platform's wheels, no index named. Needs uv (pip install uv), on PATH or in .venv. Versions that
# stand in the locks are kept; `make lock UPGRADE=--upgrade` looks for newer ones.
UV = $(or $(wildcard .venv/bin/uv),uv)
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE)

lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock
