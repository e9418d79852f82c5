# Three commands: make demo, make test, make check.  Each makes its own environment if there is none.
# The long proofs (docs/reliability.md): a small share in make test; make ci-long, make planted and make soak before a release.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check ci-long planted spark soak coverage screenshots clean

demo: $(VENV)/.run
	$(BIN)/loyalty-pos demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not browser and not long and not spark"
	LOYALTY_POS_TEST_AMOUNT=0.02 $(BIN)/python -m pytest -n auto --dist loadgroup -m long
	$(BIN)/python -m pytest -m browser

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/house

ci-long: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup -m long

planted: $(VENV)/.dev
	$(BIN)/python -m tests.planted

# Two engines, one answer: installs Spark and its Java (some 600 MB), and is therefore no part of make test.
spark: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[spark]'
	REQUIRE_SPARK=1 $(BIN)/python -m pytest -m spark

soak: $(VENV)/.dev
	LOYALTY_POS_TEST_AMOUNT=soak $(BIN)/python -m pytest -n auto --dist loadgroup -m long

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not long and not spark" --cov --cov-fail-under=90

# The pictures of the documentation, taken anew from the demo shop; needs Chromium.
screenshots: $(VENV)/.dev
	$(BIN)/python docs/screenshots/take.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What the product needs to run.
$(VENV)/.run: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# What its tests need beside that.
$(VENV)/.dev: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
