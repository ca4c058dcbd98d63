# The commands of Stockplan. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stockplan-ready

# Nothing phones home, and bytecode is kept: without it every import costs twice.
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export DO_NOT_TRACK = 1
export GX_ANALYTICS_ENABLED = false
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run backfill ui look test lint generated-models drill sbom audit docs lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# The interpreter named above when it is there, else any python3; `doctor` says so if it is too old.
$(BIN)/python:
	@$$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)

$(STAMP): requirements.lock pyproject.toml $(BIN)/python
	@echo "Installing the pinned packages into $(VENV) (first time: about 1 minute with uv, 3 with pip) …"
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock \
	  && uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@echo "Preparing dbt …"
	@$(BIN)/python -m orchestration.project
	@touch $@

setup: $(STAMP) ## create .venv from the hash-pinned lock and prepare dbt

run: $(STAMP) ## publish the newest business date (DAY=2023-06-15 for another)
	@$(BIN)/stockplan run $(if $(DAY),--date $(DAY))

backfill: $(STAMP) ## publish every business date of FROM=… TO=… in order
	@$(BIN)/stockplan backfill --from $(FROM) --to $(TO)

ui: $(STAMP) ## Dagster on http://127.0.0.1:3000 with the graph loaded
	@$(BIN)/stockplan ui

look: $(STAMP) ## open report and workbook in a browser and LibreOffice, pictures to var/look/
	@$(BIN)/python -m tests.look

test: $(STAMP) ## everything CI runs
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(STAMP) ## style, types, floors, SQL, rendered contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy optimization orchestration
	@$(BIN)/lint-imports
	@$(BIN)/python -m orchestration.contracts.rendering --check
	@$(BIN)/python -m orchestration.evidence.lineage --check
	@cd dbt_project && ../$(BIN)/sqlfluff lint --disable-progress-bar models macros

generated-models: $(STAMP) ## judge 5,000 generated models, a fifth of them broken (COUNT=… for fewer)
	@$(BIN)/python -m tests.faults.generated_models --count $(or $(COUNT),5000)

drill: $(STAMP) ## the large counts: kills, tampers, mutations … (ONLY=kills SCALE=0.05 for a part)
	@$(BIN)/python -m tests.drill $(foreach name,$(ONLY),--only $(name)) --scale $(or $(SCALE),1)

sbom: $(STAMP) ## what is installed, as a CycloneDX file: var/sbom.json
	@$(BIN)/python -m scripts.sbom

audit: $(STAMP) ## bandit over the source, pip-audit over the lock where the advisories can be reached
	@$(BIN)/bandit --quiet -c pyproject.toml -r orchestration optimization
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock \
	  || { echo "pip-audit found the advisories above, or could not ask for them (they come over the network):"; \
	       echo "run 'make audit' where they can be reached, and see docs/security.md for what to do with one."; exit 1; }

docs: $(STAMP) ## dbt's static documentation, one HTML file
	@$(BIN)/stockplan docs

lock: ## resolve requirements.in into requirements.lock (needs uv)
	@uv pip compile requirements.in -o requirements.lock --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras

clean: ## remove what runs have written; the environment stays
	@rm -rf var dbt_project/target dbt_project/logs logs
