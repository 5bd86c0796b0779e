# Every target does its own set-up: a fresh clone needs only git, make, Python 3.11, Node 20 and npm.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
export ANTIPHON_ROOT := $(CURDIR)
export SOLCX_BINARY_PATH := $(CURDIR)/.tools/solcx
export ANTIPHON_ANVIL := $(CURDIR)/.tools/anvil
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools:$(PATH)
export PYTHONPATH := $(CURDIR)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# audioseal compiles its encoder on first use otherwise: 14 s for nothing on a CPU.
export NO_TORCH_COMPILE := 1

SOLC_VERSION := 0.8.37

.PHONY: help setup demo report up test test-chain test-pure test-ipfs test-dashboard test-second-node lint invariants static coverage-contracts conservation differential descriptors proofs mutation abi lock train bench-gas bench-watermark bench-scan bench-fingerprint bench-trees bench-rules bench-audit bench-settlement bench-submission bench-inclusion bench-indexer table2 bench-inequality faults kill-matrix fuzz nightly clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet "$$(grep -E '^torch==' requirements.lock)"
# Brownie's compiled modules break state machines and `networks: default`; its plain Python build does not.
	BROWNIE_NOCOMPILE=1 .venv/bin/pip install --quiet --no-binary eth-brownie -r requirements.lock
# The checkout itself, for the `antiphon` command; setuptools came with torch.
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.tools/.ready: package-lock.json scripts/solc-wasm.js
# Not `npm ci`: it refuses a lock that leaves out the binaries of platforms other than the one that wrote it.
	npm install --no-save --no-audit --no-fund --loglevel=error
	mkdir -p .tools/solcx
	printf '#!/bin/sh\nexec node "%s/scripts/solc-wasm.js" "$$@"\n' "$(CURDIR)" > .tools/solcx/solc-v$(SOLC_VERSION)
	chmod +x .tools/solcx/solc-v$(SOLC_VERSION)
	ln -sf "$$(ls -d $(CURDIR)/node_modules/@foundry-rs/anvil-*/bin/anvil | head -n 1)" .tools/anvil
	ln -sf "$$(ls -d $(CURDIR)/node_modules/@foundry-rs/forge-*/bin/forge | head -n 1)" .tools/forge
	touch $@

# Away from our own packages: it brings an Ethereum stack of other versions than Brownie's.
.tools/slither/.ready: tests/static/requirements.lock
	$(PYTHON) -m venv --clear .tools/slither
	.tools/slither/bin/pip install --quiet -r tests/static/requirements.lock
	touch $@

# Where there is no C compiler each says so, and what is used instead.
.tools/native/.ready: .venv/.ready chain/columns/keccak_lanes.c chain/columns/keccak_lanes.h chain/metrics/inequality/paid_sums.c
	.venv/bin/python -m chain.columns.native
	.venv/bin/python -m chain.metrics.inequality
	mkdir -p $(@D) && touch $@

setup: .venv/.ready .tools/.ready .tools/native/.ready  ## install everything that is pinned, nothing else

demo: setup  ## the whole loop, from recordings to paid creators (AUDIO=folder for your own)
	antiphon demo $(if $(AUDIO),--audio "$(AUDIO)")

report: setup  ## a small real ledger, and its report in reports/value-chain (RECORD=file reports that one)
	$(if $(RECORD),,antiphon demo --sequel --state var/report)
	antiphon report --from "$(or $(RECORD),var/report/report/record.json)" --out reports/value-chain
	antiphon report --from "$(or $(RECORD),var/report/report/record.json)"

up: setup  ## node, watermark service, oracle and API; Ctrl-C ends them all
	antiphon up

test: lint static test-pure test-chain bench-gas invariants faults  ## everything that runs without a daemon of somebody else's

lint: setup
	ruff check .
	ruff format --check .
	mypy
	python -m tests.static.formatting

test-pure: setup
	pytest -p no:pytest-brownie -q tests --ignore tests/contracts --ignore tests/ipfs --ignore tests/second_node

test-chain: setup
	brownie test tests/contracts -q

invariants: setup  ## forge's campaigns and fuzz tests, and their canaries (PROFILE=nightly SEED=1 MINUTES=60)
	python -m tests.invariants --profile $(or $(PROFILE),ci) --seed $(or $(SEED),1) $(if $(MINUTES),--minutes $(MINUTES))

static: setup .tools/slither/.ready  ## slither over the contracts: every finding is answered
	python -m tests.static

coverage-contracts: setup  ## lines and branches of the contracts that no test reaches: Brownie's and forge's
	python -m tests.coverage

test-ipfs: setup  ## against a real IPFS daemon (js-ipfs, installed under tests/ipfs)
	ANTIPHON_IPFS=1 pytest -p no:pytest-brownie -q tests/ipfs

test-second-node: setup  ## the smoke flow on a second EVM implementation (Hardhat's node, installed under tests)
	ANTIPHON_SECOND_NODE=1 pytest -p no:pytest-brownie -q tests/second_node

test-dashboard: setup  ## the Grafana dashboard against the types that Grafana publishes (installed under tests)
	ANTIPHON_GRAFANA=1 pytest -p no:pytest-brownie -q tests/grafana

abi: setup  ## recompile the contracts and rewrite the committed ABIs
	python -m scripts.export_abi

train: setup  ## train the presence layer's compact model, resuming where it stopped
	python -m watermark.train

bench-gas: setup  ## gas per operation against the committed book; fails beyond 2 %
	python -m benchmarks.gas --check

bench-watermark: setup  ## what the mark survives, beside published figures (AUDIO=folder CLIPS=20 PRESET=all)
	nice python -m benchmarks.watermark $(if $(AUDIO),"$(AUDIO)") $(if $(CLIPS),--clips $(CLIPS)) \
		$(if $(PRESET),--preset $(PRESET))

bench-scan: setup  ## an archive searched in threads and on Ray, the same lines, files per second (FILES=32)
	python -m benchmarks.watermark.archive $(if $(FILES),--files $(FILES))

bench-fingerprint: setup  ## which copies the fingerprint knows again, and what it confuses (AUDIO=folder)
	nice python -m benchmarks.fingerprint $(if $(AUDIO),--folder "$(AUDIO)")

bench-trees: setup  ## Merkle trees of many leaves, beside OpenZeppelin's own (LEAVES=1e6)
	python -m benchmarks.trees $(if $(LEAVES),--leaves $(LEAVES))

bench-rules: setup  ## what each sharing rule does to simulated crowds, and how it is attacked; into its page
	python -m benchmarks.rules --write

bench-indexer: setup  ## logs per second from a node into SQL, beside web3.py (LOGS=50000)
	python -m benchmarks.indexer $(if $(LOGS),--logs $(LOGS))

# PySAL's inequality, away from our own packages.
.tools/inequality/.ready: benchmarks/inequality/requirements.txt
	$(PYTHON) -m venv --clear .tools/inequality
	.tools/inequality/bin/pip install --quiet -r $<
	touch $@

bench-inequality: setup .tools/inequality/.ready  ## Gini, Theil and Jain of 10^7 payees, beside PySAL's (PAYEES=1e7 SEED=1 REPEATS=5)
	python -m benchmarks.inequality $(if $(PAYEES),--payees $(PAYEES)) $(if $(SEED),--seed $(SEED)) $(if $(REPEATS),--repeats $(REPEATS))

table2: setup  ## a published Table 2 simulated through settlement and contracts (PATIENT=1, KEEP=1, POOLS=2e4 EVENTS=1e5)
	nice python -m benchmarks.table2 $(if $(PATIENT),--patient) $(if $(KEEP),--keep) \
		$(foreach each,SEED POOLS CELL_POOLS CHAIN_POOLS FLOOR_POOLS EVENTS OWN_EVENTS TRANSACTIONS RELAY_CLAIMS,$(if \
		$($(each)),--$(subst _,-,$(shell echo $(each) | tr A-Z a-z)) $($(each))))

faults: setup  ## index and relay through random forks, kills and lying nodes (SCHEDULES=300 SEED=1)
# Side by side: each waits for its node most of the time.
	python -m tests.chain.indexer.fault_schedules --schedules $(or $(SCHEDULES),300) --seed $(or $(SEED),1) & \
	index=$$!; python -m tests.faults --schedules $(or $(SCHEDULES),300) --seed $(or $(SEED),1); relay=$$?; \
	wait $$index && exit $$relay

kill-matrix: setup  ## the oracle killed at every named moment, on SQLite and PostgreSQL, alone and with more
	python -m tests.faults --matrix

bench-audit: setup  ## writing and checking an audit bundle, both verifiers; into its page (EVENTS=1e4)
	python -m benchmarks.audit --write $(if $(EVENTS),--events $(EVENTS))

bench-settlement: setup  ## usage events settled per second, signed segments to final root (EVENTS=1e6)
	python -m benchmarks.settlement $(if $(EVENTS),--events $(EVENTS))

conservation: setup  ## divide pools by every sharing rule, not a unit lost (ALLOCATIONS=1e7 SEED=1)
	python -m tests.chain.ledger.conservation --allocations $(or $(ALLOCATIONS),1e7) --seed $(or $(SEED),1)

bench-submission: setup  ## a million JSON lines handed in at one go, row by row (ROWS=1e6)
	python -m benchmarks.submission $(if $(ROWS),--rows $(ROWS))

bench-inclusion: setup  ## how long a signed report waits for its block, beside web3.py (REPORTS=200)
	python -m benchmarks.inclusion $(if $(REPORTS),--reports $(REPORTS))

differential: setup  ## contracts beside their exact models in one process (CALLS=10000000 SEED=1)
	python -m tests.differential --calls $(or $(CALLS),10000000) --seed $(or $(SEED),1)

# Venvs of their own: halmos wants older packages than Brownie does, the other is a command alone.
.tools/%/.ready: tests/%/requirements.txt
	$(PYTHON) -m venv --clear .tools/$*
	.tools/$*/bin/pip install --quiet -r $<
	touch $@

# Ledger's linter wants a later Python than ours; say where one is, if it is not found.
NEWER_PYTHON ?= $(firstword $(foreach each,python3.14 python3.13 python3.12 $(wildcard $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python3),$(shell $(each) -c 'import sys; print(sys.executable)' 2>/dev/null)))
.tools/descriptors/.ready: tests/descriptors/requirements.txt
	@test -n "$(NEWER_PYTHON)" || { echo "no Python 3.12 or later found. Next: make descriptors NEWER_PYTHON=/where/it/is"; exit 1; }
	$(NEWER_PYTHON) -m venv --clear .tools/descriptors
	.tools/descriptors/bin/pip install --quiet -r $<
	touch $@

descriptors: setup .tools/descriptors/.ready  ## what wallets show before signing, by Ledger's ERC-7730 linter
	python -m tests.descriptors

proofs: setup .tools/proofs/.ready  ## prove what contracts do with money, and refute it of broken twins
	python -m tests.proofs

mutation: setup .tools/mutation/.ready  ## which small changes of a contract nothing notices (SAMPLE=100 SEED=1 MINUTES=60)
	python -m tests.mutation $(if $(SAMPLE),--sample $(SAMPLE)) --seed $(or $(SEED),1) $(if $(MINUTES),--minutes $(MINUTES))

fuzz: setup  ## damage audio files by seed for FUZZ_SECONDS and decode them; keeps what crashes
	python -m tests.watermark.decoder_fuzz --seconds $(or $(FUZZ_SECONDS),1200) --seed $(or $(SEED),1)

nightly: export ANTIPHON_SEARCH := 1
nightly: test coverage-contracts conservation differential proofs mutation descriptors test-ipfs test-second-node test-dashboard bench-watermark bench-fingerprint kill-matrix fuzz
	python -m tests.invariants --profile nightly --seed $(or $(SEED),1)
	python -m tests.faults.pieces index --schedules 10000 --seed $(or $(SEED),1)
	python -m tests.faults.pieces relay --schedules 10000 --seed $(or $(SEED),1)

lock: .venv/.ready  ## resolve requirements.in anew into requirements.lock
	rm -rf .tools/lock && $(PYTHON) -m venv .tools/lock
	.tools/lock/bin/pip install --quiet "$$(grep -E '^torch==' requirements.in)"
	BROWNIE_NOCOMPILE=1 .tools/lock/bin/pip install --quiet --no-binary eth-brownie -r requirements.in
	.tools/lock/bin/pip list --format=freeze | grep -vE '^(pip|setuptools)==' | sed 's/+cpu//' > requirements.lock

clean:  ## remove what was built and run; installed packages stay
	rm -rf build reports var .pytest_cache .mypy_cache .ruff_cache
