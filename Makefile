# Everything one does with Basalt. `make` alone explains the targets; each prints what it runs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Some images carry the toolchain without having it on the PATH.
export PATH := $(PATH):/opt/swift/usr/bin:/usr/libexec/swift/bin
# A crash in a test is reported once, without minutes of symbolication.
export SWIFT_BACKTRACE := enable=no

ROOT ?= .build/root
RELEASE := swift build -c release --static-swift-stdlib --product basalt
DEBUG_BINARY := .build/debug/basalt
BINARY ?= $(DEBUG_BINARY)
SWIFT_FILES := Package.swift Sources Tests
FILE ?= Tests/SQL
T ?=
S ?= 60
SECONDS ?= 120
SEED ?=
SEEDS ?=
LOAD ?= mixed
ROWS ?= 50000000
TABLES ?= 1000
CI_STEPS ?= .build/ci-steps
CI_LOGS ?= .build/ci

.PHONY: help
help: ## this list
	@echo "Basalt, a time-series database server whose backups are databases."
	@echo
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# ---------------------------------------------------------------------------- build and run

.PHONY: deps deps-test
deps:
	docker/install-deps.sh
deps-test:
	docker/install-deps.sh --test

.PHONY: run
run: deps ## build for release and serve from .build/root (ROOT=... for another)
	$(RELEASE)
	exec .build/release/basalt serve -d $(ROOT)

.PHONY: build
build: deps ## debug build of everything, tests too; warnings are errors
	swift build --build-tests

.PHONY: release
release: deps ## the binary that ships: .build/release/basalt
	$(RELEASE)

# ---------------------------------------------------------------------------- tests

.PHONY: test
test: deps-test build ## unit tests and golden SQL files
	swift test --skip-build --disable-xctest
	$(MAKE) --no-print-directory slt

.PHONY: slt
slt: ## golden SQL files; FILE=... for one or a folder, LINE=... for one record
	@if [ ! -e "$(FILE)" ]; then \
	    echo "slt: $(FILE) does not exist, so there is nothing to run"; \
	else \
	    set -x; swift run --quiet slt $(if $(LINE),--line $(LINE)) $(FILE); \
	fi

.PHONY: slt-complete
slt-complete: ## write the answers into golden file FILE=...; read the diff
	swift run --quiet slt --complete $(FILE)

.PHONY: slt-postgres
slt-postgres: ## what PostgreSQL and Basalt must answer alike, on a PostgreSQL (FILE=... for others)
	@set -x; swift build --product slt; \
	python3 -B Tests/EndToEnd/golden_files.py postgres .build/debug/slt \
	    $(if $(filter-out Tests/SQL,$(FILE)),$(FILE),Tests/SQL/pg-compat)

.PHONY: sim
sim: ## seeded whole-engine runs: SEED=... repeats one, SEEDS=... runs that many, LOAD=backups
	swift build -c release --scratch-path .build/sim -Xswiftc -DINVARIANT_CHECKS --product sim
	SWIFT_DETERMINISTIC_HASHING=1 .build/sim/release/sim $(LOAD) $(if $(SEED),$(SEED)-$(SEED) --trace,1-$(or $(SEEDS),20))

.PHONY: sim-definitions
sim-definitions: ## every statement of DDL with a power loss and an error at each of its calls
	$(MAKE) --no-print-directory sim LOAD=definitions SEEDS=1

.PHONY: test-clients
test-clients: deps-test ## the real process with psql, curl and drivers (BINARY=...)
	@if [ ! -x Tests/EndToEnd/run.sh ]; then \
	    echo "test-clients: comes later: Tests/EndToEnd/run.sh"; \
	else \
	    set -x; [ "$(BINARY)" != "$(DEBUG_BINARY)" ] || swift build --product basalt; \
	    swift build --product slt; \
	    Tests/EndToEnd/run.sh $(abspath $(BINARY)); \
	fi

.PHONY: crash-loop
crash-loop: ## kill -9 while it writes, for S=60 seconds; SEED=... for the same choices
	@set -x; [ "$(BINARY)" != "$(DEBUG_BINARY)" ] || swift build --product basalt; \
	BASALT_BINARY=$(abspath $(BINARY)) python3 -B Tests/EndToEnd/crash_loop.py --seconds $(S) \
	    $(if $(SEED),--seed $(SEED))

.PHONY: soak
soak: ## everything at once against a model, for SECONDS=120; SEED=... for the same choices
	@set -x; [ "$(BINARY)" != "$(DEBUG_BINARY)" ] || swift build --product basalt; \
	BASALT_BINARY=$(abspath $(BINARY)) python3 -B Tests/EndToEnd/soak.py --seconds $(SECONDS) \
	    $(if $(SEED),--seed $(SEED))

.PHONY: test-long
test-long: ## an hour: many seeds, long fuzzing, every client, address sanitizer
	$(MAKE) --no-print-directory sim SEEDS=2000
	$(MAKE) --no-print-directory sim LOAD=backups SEEDS=200
	$(MAKE) --no-print-directory sim-definitions
	$(MAKE) --no-print-directory fuzz T=all S=300
	$(MAKE) --no-print-directory release
	LARGE=yes $(MAKE) --no-print-directory test-clients BINARY=.build/release/basalt
	$(MAKE) --no-print-directory crash-loop BINARY=.build/release/basalt S=600
	$(MAKE) --no-print-directory soak BINARY=.build/release/basalt SECONDS=3600
	$(MAKE) --no-print-directory asan

.PHONY: tsan
tsan: ## unit tests under the thread sanitizer (T=PlatformTests for a part)
	TSAN_OPTIONS=halt_on_error=1 swift test --disable-xctest --sanitize thread \
	    --scratch-path .build/tsan $(if $(T),--filter '$(T)')

.PHONY: asan
asan: ## unit tests under the address sanitizer (T=BytesTests for a part)
	ASAN_OPTIONS=detect_leaks=0 swift test --disable-xctest --sanitize address \
	    --scratch-path .build/asan $(if $(T),--filter '$(T)')

.PHONY: fuzz
fuzz: ## one decoder, T=..., against hostile bytes for S=60 seconds
	swift run --quiet fuzz $(T) $(S)

.PHONY: fuzz-smoke
fuzz-smoke: ## every fuzz target for a few seconds
	@targets=$$(set -x; swift run --quiet fuzz --list); \
	if [ -z "$$targets" ]; then echo "fuzz-smoke: comes later: no target yet"; fi; \
	for target in $$targets; do (set -x; swift run --quiet --skip-build fuzz $$target 3); done

.PHONY: bench
bench: ## measure, and compare with DuckDB and PostgreSQL where they are; ROWS=... for fewer
	swift build -c release --product bench
	$(RELEASE)
	.build/release/bench storage
	.build/release/bench open
	.build/release/bench compaction
	.build/release/bench point
	.build/release/bench pour
	python3 Tests/Benchmarks/compare.py --basalt .build/release/basalt \
	    --bench .build/release/bench --rows $(ROWS)

.PHONY: bench-backup
bench-backup: ## what backups cost, beside cp, pg_basebackup and DuckDB; ROWS=..., TABLES=...
	swift build -c release --product bench
	$(RELEASE)
	python3 Tests/Benchmarks/backup.py --basalt .build/release/basalt \
	    --bench .build/release/bench --rows $(ROWS) --tables $(TABLES)

# ---------------------------------------------------------------------------- order

.PHONY: lint
lint: ## formatting, import arrows and house rules
	@status=0; set -x; \
	swift format lint --strict --recursive --parallel --configuration .swift-format $(SWIFT_FILES) \
	    || status=1; \
	swift run --quiet tidy rules . || status=1; \
	{ set +x; } 2>/dev/null; exit $$status

.PHONY: format
format: ## let swift format rewrite the sources
	swift format --in-place --recursive --parallel --configuration .swift-format $(SWIFT_FILES)

.PHONY: docs-check
docs-check: ## links, the map of rooms and the glossary agree with the tree
	swift run --quiet tidy docs .

# ---------------------------------------------------------------------------- hand over

.PHONY: release-check
release-check: ## roots and backups of every released format still open
	@echo "release-check: comes later: nothing has been released, so there is no old format to read"

.PHONY: deb
deb: ## the Debian package
	@if [ ! -x conf/debian/build.sh ]; then \
	    echo "deb: comes later: conf/debian/build.sh"; \
	else \
	    set -x; conf/debian/build.sh; \
	fi

# The sanitizer does not see into the standard library's Mutex and takes what it guards for a race,
# so this holds the parts that synchronise by other means: loops, sockets and threads.
.PHONY: tsan-subset
tsan-subset:
	$(MAKE) --no-print-directory tsan T='^PlatformTests\.(EventLoopTests|SocketConnectionTests)'

# Each step runs even when an earlier one failed, except that nothing follows a failed build.
.PHONY: ci
ci: ## what a change must pass; about twenty minutes on two cores
	@mkdir -p "$(CI_LOGS)"; : >"$(CI_STEPS)"; status=0; \
	for step in build lint docs-check test fuzz-smoke test-clients tsan-subset; do \
	    echo "== $$step"; began=$$SECONDS; \
	    if $(MAKE) --no-print-directory $$step 2>&1 | tee "$(CI_LOGS)/$$step.log"; then \
	        echo "passed $$step $$((SECONDS - began))s" | tee -a "$(CI_STEPS)"; \
	    else \
	        $(MAKE) --no-print-directory ci-complaints LOG="$(CI_LOGS)/$$step.log"; \
	        echo "failed $$step $$((SECONDS - began))s" | tee -a "$(CI_STEPS)"; status=1; \
	        if [ $$step = build ]; then break; fi; \
	    fi; \
	done; \
	exit $$status

# The complaints of a step once more, at its end: between thousands of lines nobody finds them, and
# who sees a part of the output sees its end.
.PHONY: ci-complaints
ci-complaints:
	@echo "-- what $(notdir $(basename $(LOG))) complained of:"; \
	grep -aE '✘|↳|error:|Error:|^(FAIL|ERROR):|^Traceback|SUMMARY: ThreadSanitizer' "$(LOG)" \
	    | grep -avE '^✘ (Suite|Test run)' | cut -c 1-400 | tail -n 60 || true

.PHONY: clean
clean: ## remove .build, and with it .build/root
	rm -rf .build
