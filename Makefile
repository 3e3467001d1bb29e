# Every target sets up what it needs, once. `make` alone lists the targets.

VENV := .venv
PYTHON_HERE := $(VENV)/bin/python
PYTHON_READY := $(VENV)/.ready
AZURITE_READY := node_modules/.ready
export PYTHON

.DEFAULT_GOAL := help

# A venv whose Python was removed, or is too old, is created again.
ifneq ($(shell $(PYTHON_HERE) -c 'import sys; print(sys.version_info >= (3, 13))' 2>/dev/null),True)
.PHONY: $(PYTHON_READY)
endif

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(PYTHON_READY) $(AZURITE_READY) ## a virtual environment with all dependencies, and Azurite

.PHONY: demo
demo: setup ## a local Azure with the app in it, and what the app does there
	$(PYTHON_HERE) -m sandbox demo

.PHONY: test
test: setup ## all tests, in a process for each core; ARGS="-k name" chooses, ARGS="-n 0" takes one process
	$(PYTHON_HERE) -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

CLIENTS := az sdk ansible custodian
CLIENTS_READY := $(CLIENTS:%=.clients/%/.ready)

.PHONY: test-clients
test-clients: setup $(CLIENTS_READY) ## az, the SDKs, Ansible and Custodian on a sandbox; ARGS="--only az --record"
	$(PYTHON_HERE) -m tests.clients $(ARGS)

# Ansible's collection names the SDKs that it needs in a file of its own.
.clients/%/.ready: tests/clients/requirements/%.txt $(PYTHON_READY)
	@echo "Installing $* into .clients/$*: one to five minutes, once"
	$(PYTHON_HERE) -m venv --clear .clients/$*
	.clients/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@for more in .clients/$*/lib/python3*/site-packages/ansible_collections/azure/azcollection/requirements.txt; do \
		if [ -f "$$more" ]; then \
			.clients/$*/bin/python -m pip install --quiet --disable-pip-version-check -r "$$more"; \
		fi; \
	done
	@touch $@

.PHONY: check
check: $(PYTHON_READY) ## style, types, and import contracts
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

CHECKOV_READY := .checkov/.ready

.PHONY: check-infra
check-infra: $(PYTHON_READY) $(CHECKOV_READY) ## the Bicep files and the workflow, by checkov and the published schema
	$(PYTHON_HERE) -m tests.infra.scan

$(CHECKOV_READY): tests/infra/requirements.txt $(PYTHON_READY)
	@echo "Installing checkov into .checkov: half a minute, once"
	$(PYTHON_HERE) -m venv --clear .checkov
	.checkov/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

.PHONY: sandbox
sandbox: setup ## a local Azure with the app in it, until Ctrl-C; ARGS="--workers 2 --speed 10"
	$(PYTHON_HERE) -m sandbox up $(ARGS)

.PHONY: bench
bench: setup ## the measured claims
	$(PYTHON_HERE) -m benchmarks $(ARGS)

.PHONY: package
package: $(PYTHON_READY) ## dist/causeway-VERSION.zip for Azure, its bill of materials, and dist/app for azd
	$(PYTHON_HERE) -m tools.package $(ARGS)

.PHONY: test-package
test-package: setup ## build a package twice, and run it in a sandbox by its own packages alone
	$(PYTHON_HERE) -m pytest -n 0 tests/package/built.py $(ARGS)

.PHONY: lock
lock: $(PYTHON_READY) ## requirements.lock, after a change of requirements.txt
	$(PYTHON_HERE) -m tools.package lock

.PHONY: clean
clean: ## remove all that was created or installed here
	rm -rf $(VENV) node_modules dist .sandbox .clients .checkov .bench .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(PYTHON_READY): requirements.txt requirements-dev.txt
	@if ! $(PYTHON_HERE) -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then \
		python=$$(tools/find-python) && echo "creating $(VENV) with $$python" && "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing the Python packages into $(VENV): one to three minutes, once"
	$(PYTHON_HERE) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(AZURITE_READY): package.json package-lock.json
	@tools/check-node
	@echo "Installing Azurite, the storage emulator, into node_modules: up to a minute, once"
	npm ci --ignore-scripts --loglevel=error --progress
	@touch $@
