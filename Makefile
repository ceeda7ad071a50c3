# The README's commands. Every target can be run again: what is up to date is not made twice.
PYTHON ?= python3
VENV := .venv/bin
UV := $(VENV)/uv --quiet --no-progress
LOCK := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
RUST := --manifest-path engine/halo2/Cargo.toml
TIMED := scripts/timed

.PHONY: play setup check bench test test-fast test-long formal mutation lint lock system clean

play: setup
	@$(VENV)/proofmate up

# Checks that the machine has what is needed, and says in one sentence what is missing.
check:
	@scripts/check $(PYTHON)

setup: check
	@$(MAKE) --no-print-directory --jobs=3 .venv/play.done contracts/out/build.done frontend/dist/index.html

bench: setup
	$(VENV)/proofmate bench prove --network flagship --json
	$(VENV)/proofmate bench contracts --json

# ------------------------------------------------------------------------------------------------------------- set-up

.venv/uv.done:
	@$(TIMED) "Python environment" sh -c '$(PYTHON) -m venv .venv && $(VENV)/python -m pip install --quiet uv'
	@touch $@

.venv/packages.done: .venv/uv.done requirements/play.txt
	@$(TIMED) "Python packages" $(UV) pip install --compile-bytecode --require-hashes --requirements requirements/play.txt
	@touch $@

.venv/play.done: .venv/packages.done pyproject.toml $(shell find engine/halo2/src engine/halo2/Cargo.* -type f)
	@$(TIMED) "Prover (Rust; some minutes the first time)" $(UV) pip install --no-deps --editable .
	@touch $@

.venv/test.done: .venv/play.done requirements/test.txt
	@$(TIMED) "Python packages for tests (torch is large)" $(UV) pip install --require-hashes --requirements requirements/test.txt
	@touch $@

contracts/node_modules/.package-lock.json: contracts/package-lock.json
	@$(TIMED) "Compiler and local chain" npm --prefix contracts ci --no-audit --no-fund --loglevel=error
	@touch $@

contracts/out/build.done: contracts/node_modules/.package-lock.json contracts/foundry.toml $(shell find contracts/src -name '*.sol')
	@$(TIMED) "Contracts" sh -c 'cd contracts && npx forge build --skip test'
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@$(TIMED) "Page's packages" npm --prefix frontend ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(shell find frontend/src frontend/public frontend/index.html frontend/*.ts -type f)
	@$(TIMED) "Page" npm --prefix frontend run --silent build

# Tests drive a real browser and a real chess engine: Debian's.
system:
	@command -v chromium >/dev/null && PATH="$$PATH:/usr/games" command -v stockfish >/dev/null || \
	$(TIMED) "Debian's chromium and stockfish" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium stockfish >/dev/null' || \
	{ echo "Install chromium and stockfish first (apt-get install chromium stockfish), as root." >&2; exit 1; }

# Lock files name versions and hashes, no hosts.
lock: .venv/uv.done
	$(LOCK) pyproject.toml --group build -o requirements/play.txt
	$(LOCK) pyproject.toml --group build --group test --group train --group ezkl -c requirements/play.txt -o requirements/test.txt
	$(LOCK) pyproject.toml --extra traces -c requirements/play.txt -o requirements/traces.txt
	$(LOCK) --group formal -o requirements/formal.txt

# -------------------------------------------------------------------------------------------------------------- tests

lint: .venv/test.done contracts/node_modules/.package-lock.json frontend/node_modules/.package-lock.json
	@$(TIMED) "ruff" sh -c '$(VENV)/ruff check . && $(VENV)/ruff format --check .'
	@$(TIMED) "mypy" $(VENV)/mypy
	@$(TIMED) "imports" $(VENV)/lint-imports --no-logo --no-cache
	@$(TIMED) "cargo fmt" cargo fmt $(RUST) --check
	@$(TIMED) "clippy" cargo clippy --quiet $(RUST) --release --all-targets --all-features -- -D warnings
	@$(TIMED) "forge fmt and lint" sh -c 'cd contracts && npx forge fmt --check && FOUNDRY_OUT=cache/lint/out FOUNDRY_CACHE_PATH=cache/lint npx forge lint src --deny warnings'
	@$(TIMED) "page's lint and types" npm --prefix frontend run --silent lint

test: check system
	@$(MAKE) --no-print-directory --jobs=3 .venv/test.done contracts/out/build.done frontend/dist/index.html
	@$(MAKE) --no-print-directory lint
	@$(TIMED) "Rust" cargo test --quiet $(RUST) --release
	@$(TIMED) "Solidity" sh -c 'cd contracts && npx forge test'
	@$(TIMED) "TypeScript" npm --prefix frontend test --silent
	@$(TIMED) "Python" $(VENV)/pytest -m "not long and not flow"
	@$(TIMED) "A whole game, from chain to page" $(VENV)/pytest -m "flow and not long"

# Under three minutes when everything is built: no real proofs of size, no browser, no fuzz campaign.
test-fast: setup .venv/test.done
	@$(TIMED) "Solidity" sh -c 'cd contracts && FOUNDRY_PROFILE=fast npx forge test'
	@$(TIMED) "TypeScript" npm --prefix frontend test --silent
	@$(TIMED) "Python" $(VENV)/pytest -m "not long and not flow and not slow"

test-long: test
	@$(TIMED) "Rust, flagship size" cargo test --quiet $(RUST) --release -- --ignored
	@$(TIMED) "Solidity, long" sh -c 'cd contracts && FOUNDRY_PROFILE=long npx forge test'
	@$(TIMED) "Python, long" $(VENV)/pytest -m long

# Proofs about the contracts, and faults put into them that the tests must find (docs/proofs.md); the second takes an hour.
formal: .venv/uv.done contracts/node_modules/.package-lock.json
	@test -d contracts/cache/formal || $(TIMED) "z3" sh -c '$(UV) venv contracts/cache/formal && VIRTUAL_ENV=contracts/cache/formal $(UV) pip install --require-hashes --requirements requirements/formal.txt'
	@contracts/cache/formal/bin/python contracts/formal/prove.py

mutation: .venv/uv.done contracts/node_modules/.package-lock.json
	@$(VENV)/python contracts/mutation/mutate.py Beacon Encoding Game Pool Quicknet Registry Rules Vote --out contracts/cache/mutants.jsonl
	@$(VENV)/python contracts/mutation/mutate.py Chess --sample 100 --out contracts/cache/mutants.jsonl

clean:
	rm -rf .venv contracts/out contracts/cache contracts/node_modules frontend/dist frontend/node_modules engine/halo2/target engine/*.so
