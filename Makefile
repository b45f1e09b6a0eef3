PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Small networks are slower on several threads; two cores are better spent on two processes.
export OMP_NUM_THREADS ?= 1
WORKERS ?= 2

# LeRobot lives in an interpreter of its own: its versions and the simulators' exclude each other.
LEROBOT := .venv-lerobot
NEWEST := .venv-lerobot-newest
PYTHON312 ?= python3.12

.PHONY: help train train-full test test-slow test-lerobot test-lerobot-newest lint types docs unit format clean

help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

train: $(VENV)/.installed ## Steer the shipped Lift policy with SAC (about 10 minutes)
	$(BIN)/python train_sb3.py --env Lift --algo sac

train-full: $(VENV)/.installed ## The same over 200,000 environment steps
	$(BIN)/python train_sb3.py --env Lift --algo sac --total-env-steps 200000

# What takes one core each goes side by side; the tests take both.
test: $(VENV)/.installed ## Linter, types, documentation and tests but the slow ones
	$(MAKE) --jobs=$(WORKERS) --output-sync lint types docs
	$(MAKE) unit

lint: $(VENV)/.installed ## Linter and formatter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed ## Type checker
	$(BIN)/mypy

docs: $(VENV)/.installed ## The documentation site, into build/docs
	$(BIN)/python -m sphinx -W --keep-going --quiet -b html docs build/docs

# By file, since its tests share what they have trained. In their order, so that the doctests, which
# are short, come last: then neither process waits long for the other.
unit: $(VENV)/.installed ## Tests and doctests but the slow ones, in WORKERS processes
	$(BIN)/pytest -m "not slow" --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.installed ## The slow tests: kills, Ray, a browser, guides, every task and command, installations
	$(BIN)/pytest -m slow --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# Three minutes and 7 GB the first time. Its own settings: warnings of LeRobot's are no errors.
test-lerobot: $(LEROBOT)/.installed ## Tests with the real LeRobot, in an interpreter of its own
	$(call tests_with,$(LEROBOT))

test-lerobot-newest: $(NEWEST)/.installed ## The same with LeRobot 0.6.1, where there is a Python 3.12
	$(call tests_with,$(NEWEST))

define tests_with
PYTHONPATH=. SIMULATORS=$(abspath $(BIN)/python) $(1)/bin/python -m pytest \
	--config-file tests/lerobot/pytest.ini --rootdir . --confcutdir tests/lerobot tests/lerobot
endef

define lerobot
$(1) -m venv $(@D)
$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $< \
	--editable integrations/lerobot_policy_zprl --editable integrations/lerobot_env_zprl
touch $@
endef

$(LEROBOT)/.installed: integrations/lerobot/constraints.txt $(wildcard integrations/*/setup.py)
	$(call lerobot,$(PYTHON))

$(NEWEST)/.installed: integrations/lerobot/constraints-newest.txt $(wildcard integrations/*/setup.py)
	$(call lerobot,$(PYTHON312))

format: $(VENV)/.installed ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.installed: setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[all,dev]'
	touch $@

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) $(LEROBOT) $(NEWEST) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
