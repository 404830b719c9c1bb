# Two commands for a newcomer: `make demo` and `make test`. Both need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
ONLY ?=

.PHONY: install demo test test-unit check format words bench fuzz-api screenshots clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   the whole system on embedded services     make test   every test"
	@echo "make check  lint, types, import floors, migrations    make bench  benchmarks (ONLY=\"P1 P4\")"

$(STAMP): pyproject.toml constraints.txt web/assets/package-lock.json
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ml,embedded,dev,assets]"
	$(BIN)/python -m web.assets
	touch $@

install: $(STAMP)

demo: install
	$(BIN)/pointsman demo $(ARGS)

# What starts processes of its own has the machine to itself.
test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses=4 tests/unit tests/integration tests/migrations $(ARGS)
	$(BIN)/python -m pytest tests/acceptance tests/browser tests/faults $(ARGS)

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

words: install
	$(BIN)/pybabel --quiet extract -F web/locale/babel.cfg -k N_ --omit-header --no-location --sort-output -o web/locale/web.pot .
	$(BIN)/pybabel --quiet update -i web/locale/web.pot -d web/locale -D web --omit-header --no-fuzzy-matching --ignore-obsolete
	rm web/locale/web.pot

bench: install
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[peers]"
	$(BIN)/python -m benchmarks $(ONLY)

fuzz-api: install
	EXAMPLES=$(or $(EXAMPLES),60) $(BIN)/python -m pytest -s tests/acceptance/test_api_schema.py

screenshots: install
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
