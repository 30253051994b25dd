# Everything here needs Python 3.11 or newer and make, nothing else. `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all:
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
NOT_SLOW := not e2e and not tryton_live and not odoo_live

# The lock takes nothing younger than a week, so that a release that was tampered with has time to be found.
LOCK_AGE_DAYS ?= 7
LOCK_VENV := .venv-lock
UV_VERSION := 0.13.8
COMPILE := $(LOCK_VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
# The stand-ins are part of the portal; whatever else SYSTEM names is fetched and run.
LIVE_SYSTEM := $(filter-out accountsiq codat,$(SYSTEM))

.NOTPARALLEL:
.PHONY: help demo test e2e live chaos mutations fuzz lint format bench lock migrations clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# `exec` leaves no shell between make and the program, so Ctrl-C ends the demo without an error from make.
demo: $(if $(LIVE_SYSTEM),$(VENV)/.dev,$(VENV)/.runtime) ## start the portal with demo data (ONCE=1, JSON=file, PORT=8000, FAULTS=1, SYSTEM=accountsiq, codat or tryton, SOURCE=accessplanit)
	@exec $(BIN)/python $(if $(LIVE_SYSTEM),-m tests.live.demo $(SYSTEM),manage.py demo $(if $(SYSTEM),--system $(SYSTEM)) $(if $(SOURCE),--source $(SOURCE))) \
		$(if $(filter-out 0,$(ONCE)),--once) $(if $(JSON),--json "$(JSON)") \
		$(if $(PORT),--port $(PORT)) $(if $(filter-out 0,$(FAULTS)),--faults)

test: $(VENV)/.dev ## the whole suite on SQLite, then the engine's tests on PostgreSQL (ARGS=...)
	POSTROOM_TEST_DATABASE=sqlite $(PYTEST) -n $(WORKERS) -m "$(NOT_SLOW)" $(ARGS)
	POSTROOM_TEST_DATABASE=postgres $(PYTEST) -n $(WORKERS) -m "engine and $(NOT_SLOW)" $(ARGS)

e2e: $(VENV)/.dev ## browser tests; they need Chromium (Debian: apt-get install chromium)
	$(PYTEST) -m e2e $(ARGS)

live: $(VENV)/.dev ## the connectors against the real accounting systems, which are fetched (SYSTEM=tryton or odoo, ARGS=...)
	$(PYTEST) -m $(or $(SYSTEM),tryton)_live tests/live/$(or $(SYSTEM),tryton) $(ARGS)

chaos: $(VENV)/.dev ## the fault campaign: kill, freeze, crash, then compare the books (SYSTEM=codat, SEED=..., N=..., ARGS=...)
	@exec $(BIN)/python -m tests.chaos $(if $(SYSTEM),--system $(SYSTEM)) $(if $(SEED),--seed $(SEED)) $(if $(N),--documents $(N)) $(ARGS)

mutations: $(VENV)/.dev ## deliberate bugs in a copy of the tree, each of which the engine's tests must catch
	@exec $(BIN)/python -m tests.mutations $(ARGS)

fuzz: $(VENV)/.dev ## requests made from the API's own document, 5,000 of them, with all checks (CASES=..., SEED=...)
	@exec $(BIN)/python -m tests.fuzz $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: $(VENV)/.dev ## style, types, import rules, migrations and Django's own checks
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

format: $(VENV)/.dev ## put the code into shape
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: $(VENV)/.dev ## measure accepted webhooks per CPU-second beside a bare view (N=..., QUICK=1, ALL=1, OUT=file, ARGS=...)
	@exec $(BIN)/python -m tests.bench $(if $(N),--webhooks $(N)) $(if $(filter-out 0,$(QUICK)),--quick) \
		$(if $(filter-out 0,$(ALL)),--all) $(if $(OUT),--out "$(OUT)") $(ARGS)

migrations: $(VENV)/.dev ## write the migrations that the models ask for (ARGS=<app> -n <name>)
	$(BIN)/python manage.py makemigrations $(ARGS)
	@$(BIN)/python -m ruff check --quiet --fix */migrations portal/*/migrations
	@$(BIN)/python -m ruff format --quiet */migrations portal/*/migrations

lock: $(LOCK_VENV)/bin/uv ## resolve pyproject.toml again into the two hashed requirements files
	@cutoff=$$($(LOCK_VENV)/bin/python -c "import datetime as d; print(d.datetime.now(d.UTC).date() - d.timedelta(days=$(LOCK_AGE_DAYS)))"); \
	echo "locking with releases up to $$cutoff"; \
	$(COMPILE) --upgrade --exclude-newer $$cutoff pyproject.toml -o requirements.txt && \
	$(COMPILE) --upgrade --exclude-newer $$cutoff --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what was built here: environments, caches, collected files (var/ stays)
	rm -rf $(VENV) $(LOCK_VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough; the environment is thrown away again when making it failed half-way.
$(BIN)/python:
	@for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then chosen="$$candidate"; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
		echo "Postroom needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$chosen" --version)"; \
	"$$chosen" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@echo "installing $<"
	@$(PIP_INSTALL) -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(BIN)/python
	@echo "installing $<"
	@$(PIP_INSTALL) -r $<
	@touch $@

$(LOCK_VENV)/bin/uv:
	@$(PYTHON) -m venv $(LOCK_VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(LOCK_VENV)/bin/python -m pip install --quiet uv==$(UV_VERSION)
