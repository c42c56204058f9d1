# `make` alone prints what there is. Everything runs inside .venv, which `make setup` makes with pip and venv only.
PYTHON ?= python3
PORT ?= 8400
BIN := .venv/bin
.DEFAULT_GOAL := targets
.PHONY: targets setup demo test test-slow test-postgresql test-engines check fix golden bench bench-alerts bench-report bench-engines bench-forecast faults reference clean

targets: ## print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "finops needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.venv/.development: requirements-dev.lock pyproject.toml | .venv/.runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.engines: requirements-engines.lock | .venv/.development
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-engines.lock
	@touch $@

setup: .venv/.runtime ## make .venv with the finops command in it

demo: .venv/.runtime ## the whole product against a Slack on localhost (PORT=8400, RESET=1 begins anew)
	@exec $(BIN)/finops demo --port $(PORT) $(if $(RESET),--reset)

SLOW := tests/walks tests/faults
# An idle process takes tests over: by default one is left alone with the slowest folder.
PYTEST := $(BIN)/pytest -q -n 4 --dist worksteal

test: .venv/.development ## run the tests
	$(PYTEST) $(addprefix --ignore=,$(SLOW)) tests

test-slow: .venv/.development ## run the tests that walk through the demo in a browser, and a slice of the weeks of faults
	$(PYTEST) $(SLOW)

# The layers below the database and the demo's made-up bills use none.
test-postgresql: .venv/.development ## run the tests of whatever uses a state database on PostgreSQL instead of SQLite
	$(PYTEST) --database postgresql $(addprefix --ignore=tests/,finops views sandbox demo) tests

test-engines: .venv/.engines ## the engines' tests with a Spark cluster on loopback (fetches Spark, 460 MB; needs Java 17)
	$(BIN)/pytest -q -n 0 tests/engines

check: .venv/.development ## what CI checks: format, lint, types, layers, generated reference
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bot.reference --check

golden: .venv/.development ## rewrite golden messages and what docs show as printed; read the change before you commit it
	GOLDEN=1 $(BIN)/pytest -q tests/views tests/docs tests/engines/test_engine_sql.py

bench: .venv/.development ## measure speed and memory, and write docs/benchmarks.md
	$(BIN)/python -m tests.bench

bench-alerts: .venv/.development ## measure from an ingest's end to the last alert's post, and from a click to the edited message
	$(BIN)/python -m tests.bench.alerts

bench-report: .venv/.development ## measure time and memory of 500 teams' monthly report in every form
	$(BIN)/python -m tests.bench.report

bench-engines: .venv/.engines ## time the rollup of one bill in DuckDB, PostgreSQL and Spark, and compare every digit
	$(BIN)/python -m tests.bench.engines

bench-forecast: .venv/.development ## hold forecasts and anomalies against baselines, and write docs/forecast-accuracy.md (SERIES=6: a small run)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.forecasting $(if $(SERIES),--series $(SERIES))

faults: .venv/.development ## a thousand seeded weeks in which everything goes wrong (RUNS=100 takes so many)
	$(BIN)/python -m tests.faults $(if $(RUNS),--runs $(RUNS))

fix: .venv/.development ## format and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m bot.reference

clean: ## remove .venv and every file the product made here
	rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache *.egg-info
