# Every target does its own set-up: a fresh clone needs only git, make, Python 3.11, Node 20 and npm.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
export ANTIPHON_ROOT := $(CURDIR)
export SOLCX_BINARY_PATH := $(CURDIR)/.tools/solcx
export ANTIPHON_ANVIL := $(CURDIR)/.tools/anvil
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)
# Brownie writes its own configuration; keep it inside the checkout, not in the user's home folder.
export HOME_BROWNIE := $(CURDIR)/.tools/brownie
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# audioseal compiles its encoder on first use otherwise: 14 s for nothing on a CPU.
export NO_TORCH_COMPILE := 1

SOLC_VERSION := 0.8.37

.PHONY: help demo up test test-chain test-pure test-ipfs lint compile abi lock train bench-gas bench-watermark nightly clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet "$$(grep -E '^torch==' requirements.lock)"
# Brownie's compiled modules break state machines and `networks: default`; its plain Python build does not.
	BROWNIE_NOCOMPILE=1 .venv/bin/pip install --quiet --no-binary eth-brownie -r requirements.lock
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

setup: .venv/.ready .tools/.ready

.PHONY: setup
