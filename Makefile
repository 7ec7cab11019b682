# Two commands do everything on a machine that has Python 3.11+ with pip and venv, git and make:
#
#   make smoke                    verify the embedded endpoint
#   make smoke DOMAIN=… KEY=…     verify a real one
#   make test                     the project's own tests
#
# Everything is installed into .venv; nothing else on the machine is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DOMAIN ?= embedded
ARGS ?=
# The key goes through the environment, where ps does not show it.
export KEY

.PHONY: smoke verify test lint docs bench oracle dist clean

smoke: $(VENV)/.ready
	$(BIN)/python -m pytest tests -m smoke --domain=$(DOMAIN) $(ARGS)

verify: $(VENV)/.ready
	$(BIN)/python -m pytest tests -m "smoke or sse" --domain=$(DOMAIN) $(ARGS)

test: lint
	$(BIN)/python -m pytest testing -n 2 -q $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/make_pages.py --check

docs: $(VENV)/.ready
	$(BIN)/python docs/make_pages.py

bench: $(VENV)/.ready
	cd benchmarks && for name in model_calls wall_time startup decoder timing invariants selection; do \
	    echo "== $$name"; ../$(BIN)/python $$name.py || exit 1; done

oracle: $(VENV)/.ready
	$(BIN)/python -m testing.traefik.full $(SEED)
	$(BIN)/python -m testing.invariants.full

dist: $(VENV)/.ready
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) dist build test-results .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[asyncio,embedded,http2,xdist]" --group dev
	touch $@
