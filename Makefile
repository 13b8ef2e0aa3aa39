# Every target installs what it needs: python3 (>= 3.11, with venv), make and PyPI are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal
# Checks of annotated types and shapes; they make tracing slower, so `make test` runs without them.
TYPES := --jaxtyping-packages=mtljax.gradients,mtljax.heads._pixel,mtljax.losses,mtljax.metrics._check,mtljax.penalties,mtljax.sharing._dselect_k,mtljax.sharing._esmm,mtljax.sharing._gate,mtljax.solvers,mtljax.surgery,mtljax.weighting,beartype.beartype

.PHONY: demo test test-all test-extras browser-test coverage lint format docs release-check

demo: $(VENV)/.installed
	$(BIN)/python -m experiments.compare --config=configs/demo.py

test: $(VENV)/.installed
	$(PYTEST) -m "not exhaustive"

test-all: $(VENV)/.installed
	$(PYTEST) $(TYPES)

# In an environment of its own, because jax2onnx needs another version of orbax, and the logging
# services need many packages.
test-extras: $(VENV)-extras/.installed
	$(VENV)-extras/bin/python -m pytest tests/serving/test_onnx.py tests/training/test_services.py

browser-test: $(VENV)/.installed-browser
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { echo 'Install chromium and chromium-driver, the packages of Debian.'; exit 1; }
	$(BIN)/python -m pytest tests/browser

coverage: $(VENV)/.installed
	$(PYTEST) -m "not exhaustive" --cov=mtljax --cov-report=term:skip-covered

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

release-check: $(VENV)/.installed
	$(BIN)/python .ci/release_check.py

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"mtljax needs Python >= 3.11, found {v[0]}.{v[1]}: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)-extras/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)-extras
	$(VENV)-extras/bin/python -m pip install --quiet --editable '.[test,onnx,wandb,mlflow,trackio,test-extras]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

# Of axe-playwright-python, the tests take the file axe.min.js alone: they need no playwright.
$(VENV)/.installed-browser: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	$(BIN)/python -m pip install --quiet --no-deps 'axe-playwright-python>=0.1.8'
	touch $@
