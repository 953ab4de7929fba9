# The course's commands. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON  ?= python3
PROFILE ?= quick
JOBS    ?= 2
ONLY    ?=

BIN   := .venv/bin
READY := .venv/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help course test lab outputs bench lint format lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  course, outputs: ONLY=\"01 03\" chooses notebooks.   course: PROFILE=full, JOBS=1."

course: $(READY)  ## run every notebook that changed into build/course and print a table
	$(BIN)/python tools/run_course.py --profile $(PROFILE) --jobs $(JOBS) $(ONLY)

# Two TensorFlow processes at a time, one thread each: more would fight for the cores.
test: export TF_NUM_INTRAOP_THREADS := 1
test: export TF_NUM_INTEROP_THREADS := 1
test: export OMP_NUM_THREADS := 1
test: lint  ## check style, the helpers, the notebooks as files, and their stored outputs
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile
	CNN_STRICT=1 CNN_PROFILE=quick JUPYTER_PREFER_ENV_PATH=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile \
		--nbval-lax --nbval-current-env --nbval-cell-timeout 300 notebooks

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks

outputs: $(READY)  ## run the notebooks and store them with their outputs
	$(BIN)/python tools/refresh_outputs.py $(ONLY)

bench: $(READY)  ## measure our recipes against published ones (needs CNN_DATA_DIR or a network; half an hour and more)
	$(BIN)/python benchmarks/bench.py $(ONLY)

lint: $(READY)  ## check the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## put the code into its standard form
	$(BIN)/ruff format .

lock: $(READY)  ## resolve the packages anew (for maintainers; needs uv)
	uv pip compile pyproject.toml --extra course --universal --generate-hashes --upgrade --quiet \
		--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--python-version 3.11 --output-file requirements.lock

clean:  ## remove everything that was made (not .venv)
	rm -rf build .pytest_cache .ruff_cache *.egg-info

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "the course needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1); say make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "installing the course's packages into .venv (2.7 GB on disk, a few minutes the first time)"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@
