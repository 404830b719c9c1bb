# Two commands for a newcomer: `make demo` and `make test`. Both need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
ONLY ?=

.PHONY: install demo test test-unit check format bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   the whole system on embedded services     make test   every test"
	@echo "make check  lint, types, import floors, migrations    make bench  benchmarks (ONLY=\"P1 P4\")"

$(STAMP): pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ml,embedded,dev]"
	touch $@

install: $(STAMP)

demo: install
	$(BIN)/pointsman demo $(ARGS)

test: install
	$(BIN)/python -m pytest $(ARGS)

test-unit: install
	$(BIN)/python -m pytest tests/unit $(ARGS)

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos
	$(BIN)/python -m pytest -q tests/migrations -k match_the_tables

bench: install
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[peers]"
	$(BIN)/python -m benchmarks $(ONLY)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
