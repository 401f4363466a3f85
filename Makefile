# Every target makes .venv from the lock file first. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench quality seeds chaos mutants docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): requirements/dev.txt pyproject.toml
	@bash scripts/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(STAMP) ## the main job on the shipped recording: what would have been noticed, blamed and done
	$(BIN)/aiops dry-run tests/recordings/shop --html build/demo.html --state build/demo-state
	@echo "look at its incidents: $(BIN)/aiops console --state build/demo-state --open"

test: $(STAMP) ## every test, with a real Prometheus (installed by apt-get when root) and a real control plane
	@bash scripts/system-packages.sh prometheus prometheus-alertmanager openssl
	@bash scripts/system-packages.sh etcd-server || echo "the tests that need a control plane will skip" >&2
	@bash scripts/system-packages.sh chromium || echo "the tests that need a browser will skip" >&2
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m tests.controlplane build
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

check: lint ## format, lint, types, contracts, unit tests: under two minutes
	$(BIN)/pytest -n 2 -m "not integration and not slow and not data"

format: $(STAMP) ## rewrite the source in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## speed and memory, as ratios in one run; writes build/bench.json
	@bash scripts/system-packages.sh prometheus
	$(BIN)/python -m tests.bench

quality: $(STAMP) ## detection and root cause on the shared recordings, among the peers; writes build/quality.json
	$(BIN)/python -m tests.quality

seeds: $(STAMP) ## the dry run over 20 seeds not used while building; writes build/seeds.json
	$(BIN)/python -m tests.seeds

mutants: $(STAMP) ## is every line of the guards held by a test? small lies in them, one by one; writes build/mutants.json
	$(BIN)/python -m tests.mutation

chaos: $(STAMP) ## the daemon killed at each named point of each action, and 100 times at random; writes build/chaos.json
	@bash scripts/system-packages.sh openssl etcd-server
	$(BIN)/python -m tests.controlplane build
	$(BIN)/python -m tests.chaos

docs: $(STAMP) ## make docs/reference from the code
	$(BIN)/python -m scripts.reference

lock: ## write the lock files anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt

clean: ## remove what the targets made
	rm -rf build dist $(VENV)
