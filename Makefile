# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# One command for each thing a user or contributor does. A bare `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv demo test lint unit integration releases sanity ansible-targets molecule soak bench figures docs release clean

# ansible starts three times slower when it may not keep its byte code
unexport PYTHONDONTWRITEBYTECODE

# the emulator and the tests' other servers are on this machine, where a proxy cannot reach them
comma := ,
export no_proxy := $(addsuffix $(comma),$(or $(no_proxy),$(NO_PROXY)))127.0.0.1,localhost
export NO_PROXY := $(no_proxy)

# the newest Python that runs; a pyenv shim may exist and still not run, so each is tried
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3.10 python3 $(wildcard $(HOME)/.pyenv/versions/3.1[0-3].*/bin/python); do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { echo $$p; break; }; done)

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
# The checkout may lie anywhere; Ansible finds the collection through this tree of one link.
export ANSIBLE_COLLECTIONS_PATH := $(VENV)/collections
export PYTHONPATH := $(VENV)/collections
export PATH := $(BIN):$(PATH)
LINK := $(VENV)/collections/ansible_collections/cloudops/cloud_assistant

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv is several times faster; pip knows the machine's own index settings, which uv does not read
PIP := $(BIN)/pip install -qq --disable-pip-version-check
install = { $(PIP) --constraint requirements/dev.txt uv && \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirement requirements/$(1); } || \
	$(PIP) --requirement requirements/$(1)

$(VENV)/.run: requirements/run.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 or newer with venv and pip was found" >&2; exit 1; }
	@echo "First time: making a Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing $$(grep -c == requirements/run.txt) pinned packages into it, ansible-core first; half a minute to two minutes"
	@$(call install,run.txt)
	@mkdir -p $(dir $(LINK))
	@ln -sfn $(CURDIR) $(LINK)
	@echo "Ready; the next time this is skipped"
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing $$(grep -c == requirements/dev.txt) pinned packages for development"
	@$(call install,dev.txt)
	@touch $@

venv: $(VENV)/.dev  ## make the environment .venv with everything that is needed, pinned

demo: $(VENV)/.run  ## run scripts and modules on a fleet of emulated instances
	@tests/emulator/demo.sh

test: $(VENV)/.dev  ## run the tests
	@$(BIN)/python -m pytest tests

# The parts of `make test`, so that a workflow can run them side by side. Of what takes longest, `make test` runs a share,
# and these run the whole.
SANITY := tests/quality/test_sanity.py
lint sanity releases: export TESTS := whole

lint: $(VENV)/.dev  ## check style, types and documentation
	@$(BIN)/python -m pytest tests/quality --ignore=$(SANITY)

unit: $(VENV)/.dev  ## run the tests that need no playbook
	@$(BIN)/python -m pytest tests/unit tests/contract

integration: $(VENV)/.dev  ## run playbooks, roles, examples and pages against the emulator
	@$(BIN)/python -m pytest tests/integration tests/docs tests/browser tests/awx tests/molecule tests/soak tests/core_targets

releases: $(VENV)/.dev  ## test each supported ansible-core with playbooks and unit tests
	@$(BIN)/python -m pytest tests/matrix

sanity: $(VENV)/.dev  ## run all of ansible-test sanity on the oldest and the newest ansible-core
	@$(BIN)/python -m pytest -n 2 --dist load $(SANITY)

ansible-targets: $(VENV)/.dev  ## run ansible-core's own integration targets over the connection plugin
	@cd tests && $(BIN)/python -m core_targets $(TARGETS)

molecule: $(VENV)/.dev  ## run every scenario of the roles
	@$(BIN)/molecule test --all

soak: $(VENV)/.dev  ## play 10,000 seeded histories of faults, deaths and kills
	@cd tests && $(BIN)/python -m soak $(SOAK)

bench: $(VENV)/.dev  ## measure calls, seconds and memory, and print the tables
	@cd tests && $(BIN)/python -m benchmarks

FIGURES := $(CURDIR)/docs/tables/figures/counted.json

figures: $(VENV)/.dev  ## count what the tests try, for the proof guide
	@rm -f $(FIGURES)
	@COUNT_FIGURES_IN=$(FIGURES) $(BIN)/python -m pytest -m counted tests
	@rm -f $(FIGURES:.json=.lock)
	@$(BIN)/python docs/tables/generate.py

docs: $(VENV)/.dev  ## build the documentation site
	@docs/build.sh

release: $(VENV)/.dev  ## build the release VERSION into dist: collection, SBOM, checksums, notes
	@$(BIN)/python .ci/release.py $(VERSION)
	@$(BIN)/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible \
		--output-file dist/cloudops-cloud_assistant-$(VERSION).cdx.json requirements/run.txt
	@cd dist && sha256sum *.tar.gz *.cdx.json > SHA256SUMS

clean:  ## remove what make made
	rm -rf $(VENV) .cache .ansible tests/output docs/_build dist
