# croquis: `make help` lists what can be made.
VENV ?= .venv
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(VENV)/.uv/bin/uv
UV_READY := $(VENV)/.uv/.ready
UV_LOCK := .ci/requirements-uv.lock
RUN := PATH="$(abspath $(BIN)):$$PATH"
SUPPORTED := import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "error: expected Python 3.11 to 3.13, received %d.%d; say make PYTHON=python3.11" % sys.version_info[:2])
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Containers often forbid compiled modules; each of a run's 25 processes would compile torch again, 5 to 10 s each time.
unexport PYTHONDONTWRITEBYTECODE
# Nothing reports what is done here: MLflow and the hub's client ask the first, gradio the second; DVC's answer is in .dvc/config.
export DO_NOT_TRACK := true
export GRADIO_ANALYTICS_ENABLED := False
.PHONY: help setup doctor repro why experiments mlflow demo export serve test faults lint docs images figures bench lock clean
# A stamp says what was; a moved folder, a Python that was upgraded away or lost packages are asked for each time, in 30 ms.
UNUSABLE := $(shell .ci/unusable "$(VENV)")
ifneq ($(UNUSABLE),)
$(info $(VENV) is made anew: $(UNUSABLE))
.PHONY: unusable
$(READY): unusable
endif

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## the virtual environment, from requirements.lock

# uv installs the locked wheels in under a minute, where pip takes two; --require-hashes checks each of them.
# The stamp comes last, and is taken away first: what a kill left, or is unusable, is made from its beginning.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c '$(SUPPORTED)'
	@$(MAKE) --no-print-directory UNUSABLE= $(UV_READY)
	@if [ ! -e $@ ] || [ -n "$(UNUSABLE)" ]; then rm -f $@; cd $(VENV) && rm -rf bin include lib lib64 share pyvenv.cfg; fi
	@rm -f $@
	$(PYTHON) -m venv --without-pip $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@sync -f $(VENV) 2> /dev/null || sync
	@find $(VENV)/lib/*/site-packages -maxdepth 1 -name '*.dist-info' | wc -l > $@.part
	@mv $@.part $@

# Apart from the environment, which `uv pip sync` clears of all that is not in the lock.
$(UV_READY): $(UV_LOCK)
	@$(PYTHON) -c '$(SUPPORTED)'
	@if [ -n "$$(ls -A $(VENV) 2> /dev/null)" ] && [ ! -e $(VENV)/pyvenv.cfg ] && [ ! -e $(VENV)/.uv ]; then \
	  echo "error: VENV: expected a virtual environment or a new folder, received $(VENV), which holds other things; choose another" >&2; exit 1; fi
	@rm -rf $(VENV)/.uv
	$(PYTHON) -m venv $(VENV)/.uv
	$(VENV)/.uv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement $(UV_LOCK)
	@touch $@

doctor: $(READY) ## what this machine can do, and the fix for what is wrong
	@$(RUN) croquis doctor

# A DATA of the environment may be another program's: only that of the command line counts. make itself would run the command
# in a name such as $(shell ...): so the text is taken as it is written, and $$ as $.
ifeq ($(origin DATA),command line)
override DATA := $(subst $$$$,$$,$(value DATA))
export DATA
endif
# The same of JOBS and RAY: how many trainings at a time here, or on which cluster. `croquis fanout` refuses what is neither.
override SIDE_BY_SIDE :=
ifeq ($(origin JOBS),command line)
override JOBS := $(subst $$$$,$$,$(value JOBS))
export JOBS
override SIDE_BY_SIDE += --jobs="$$JOBS"
endif
ifeq ($(origin RAY),command line)
override RAY := $(subst $$$$,$$,$(value RAY))
export RAY
override SIDE_BY_SIDE += --ray="$$RAY"
endif
repro: $(READY) ## the whole pipeline, from data to data/submission.csv (DATA=my.zip JOBS=4)
ifeq ($(origin DATA),override)
	@$(RUN) croquis use -- "$$DATA"
endif
	@$(RUN) python stages/check.py --parameters params.yaml --checked data/checked.txt
ifdef SIDE_BY_SIDE
	@$(RUN) croquis fanout $(SIDE_BY_SIDE)
endif
	@$(RUN) dvc repro
	@$(RUN) croquis summary

why: $(READY) ## what a run would do, because of which change, and for how long
	@$(RUN) croquis why

experiments: $(READY) ## DVC's experiments: scores and what was changed
	@$(RUN) croquis experiments

mlflow: $(READY) ## MLflow's pages of all trainings, on http://127.0.0.1:5000 (or PORT=...)
	@$(RUN) croquis mlflow --port $${PORT:-5000}

demo: $(READY) ## a page to draw on: the last run guesses, on http://127.0.0.1:7860 (or PORT=...)
	@$(RUN) croquis demo --port $${PORT:-7860}

export: $(READY) ## the last run's ensemble as a registered model of MLflow
	@$(RUN) croquis export

serve: $(READY) ## the exported model, on http://127.0.0.1:5001 (PORT=..., MODEL=models:/icons/1)
	@$(RUN) croquis serve --port $${PORT:-5001} --model "$${MODEL:-}"

test: $(READY) ## all tests
	@$(RUN) CI=1 python -m pytest -q -n auto --maxprocesses 4 --dist loadgroup

faults: $(READY) ## kills, full disks, damaged files in a tiny copy (KILLS=100 SEED=1)
	@$(RUN) PYTHONPATH=src:tests python -m faults --kills $${KILLS:-100} --seed $${SEED:-1} $(FAULTS)

docs: $(READY) ## the documentation as a site with search, in site/
	@$(RUN) NO_MKDOCS_2_WARNING=1 mkdocs build
	@echo "site/index.html; with search: .venv/bin/python -m http.server --directory site --bind 127.0.0.1 8000"

lint: $(READY) ## ruff, types, and whether dvc.yaml can be read and lists all code
	@$(RUN) ruff check --no-cache .
	@$(RUN) ruff format --check .
	@$(RUN) dvc stage list --quiet > /dev/null
	@$(RUN) croquis deps
	@$(RUN) croquis schema
	@$(RUN) mypy

images: $(READY) ## docs/images, which the README shows, from the last run
	@$(RUN) python docs/images/report.py
	@$(RUN) python docs/images/demo.py

figures: $(READY) ## whether the run here gave the figures of the README
	@$(RUN) python benchmarks/default_run.py

bench: $(READY) ## the benchmarks that need nothing else, each beside what it is compared with
	@for name in decode_once dedup dedup_truth training probing optimism report; do $(RUN) python benchmarks/$$name.py; done

lock: $(UV_READY) ## requirements.lock from pyproject.toml, and uv's own
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra docs pyproject.toml -o requirements.lock
	echo uv==$(UV_VERSION) | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header - -o $(UV_LOCK)

clean: $(READY) ## removes what runs made (not a file of yours, the DVC cache or mlflow.db)
	@$(RUN) croquis clean
	rm -rf .resume dvc_plots site .pytest_cache .ruff_cache .mypy_cache .hypothesis
