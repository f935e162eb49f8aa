# `make` prints this list. Every target creates .venv and installs into it once; nothing outside this folder is
# touched, except that as root on Debian missing system libraries are installed.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS ?= metaworld,pybullet,sb3,fast,open-clip,train,bench,dev
# A Python from 3.10 to 3.13; empty: the first that fits.
PYTHON ?=
DATA ?= data
RUNS ?= runs
WORKERS ?= 2
PYTEST_ARGS ?=

# More threads, and threads that wait busily, get into the way of other processes.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup system demo test lint format checkpoint evaluate agents clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## create .venv and install the project into it (about 2 minutes, 6 GB)

system: ## see to Python and the OpenGL libraries
	@sh .ci/system "$(PYTHON)"

$(STAMP): pyproject.toml .ci/system
	@sh .ci/system "$(PYTHON)"
	@test -x $(BIN)/python || $$(sh .ci/system --python "$(PYTHON)") -m venv $(VENV)
	@echo "installing a2r-gym[$(EXTRAS)] into $(VENV): about 2 minutes, 6 GB"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	@touch $@

demo: $(STAMP) ## train an agent on the learned reward alone, print its success, write a video (about 10 minutes)
	$(BIN)/python examples/demo.py

test: $(STAMP) ## run all tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(PYTEST_ARGS)

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy a2r_gym training/a2r_train examples

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

checkpoint: $(STAMP) ## rebuild the bundled checkpoint from nothing (about 2 hours; run again to resume)
	$(BIN)/a2r collect --preset product --out $(DATA)/product --workers $(WORKERS)
	$(BIN)/a2r collect --preset validation --out $(DATA)/validation --workers $(WORKERS)
	$(BIN)/a2r hands --out $(DATA)/hands --workers $(WORKERS)
	$(BIN)/a2r fit a2r-small --data $(DATA)/product --validation $(DATA)/validation --human $(DATA)/hands \
		--out $(RUNS)/a2r-small --resume

evaluate: $(STAMP) ## measure the bundled checkpoint on held-out rollouts
	$(BIN)/a2r collect --preset test --out $(DATA)/test --workers $(WORKERS)
	$(BIN)/a2r evaluate --model a2r-small --data $(DATA)/test --out $(RUNS)/evaluation

agents: $(STAMP) ## learning curves on the learned, the dense and the sparse reward (about 7 hours; run again to resume)
	$(BIN)/python benchmarks/run_all.py --preset full --only curves --out $(RUNS)/tables-full --workers $(WORKERS)

clean: ## remove .venv and caches; data, runs and out stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info training/*.egg-info
