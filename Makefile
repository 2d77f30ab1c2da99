# Everything this book can do, one line of help each: make help

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

# The first Python 3.11 to 3.13 on the PATH; make PYTHON=/path/to/python overrides it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 \
  && echo $$p && break; done)

# The matrices here are small: a second thread would mostly wait for the first.
export OPENBLAS_NUM_THREADS ?= 1

# Where Matplotlib keeps its list of fonts, made with the installation: while it makes it, it says so in the first figure.
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib

# Under LC_ALL=C, Python 3.11 cannot read the path of this package where it holds an accent.
ifneq ($(filter C POSIX,$(LC_ALL)),)
export LC_ALL := C.UTF-8
endif

INSTALLED := .venv/.package-installed
PAGE := _build/html/book/index.html

.DEFAULT_GOAL := help
.PHONY: help book book-live pdf test lab notebooks experiments train sample bench lint browser screenshots lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | \
	  while IFS='|' read -r name help; do printf '%-18s %s\n' "$$name" "$$help"; done

book: $(INSTALLED) ## build the book, warnings as errors, and say where to open it
	$(BIN)/jupyter-book build . --all -W --keep-going
	@$(BIN)/python -c 'import pathlib, sys; print("Open", pathlib.Path(sys.argv[1]).resolve().as_uri())' "$(PAGE)"

book-live: export LIVE := $(if $(PYODIDE),local,cdn)
book-live: book ## build the book with a kernel in the browser; PYODIDE=FOLDER ships that Pyodide with it
	$(BIN)/python scripts/live.py $(PYODIDE)

pdf: $(INSTALLED) $(filter book,$(MAKECMDGOALS)) ## print the built book as one PDF, in _build/html/book.pdf
	$(BIN)/python scripts/pdf.py

test: lint ## lint, check types, run the unit tests and compare every notebook with its outputs
	$(BIN)/python -m pytest -n 2 --ignore tests/browser
	$(BIN)/python -m pytest -n 3 --dist loadfile -W default \
	  --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg book/chapters

lab: $(INSTALLED) ## open the notebooks in JupyterLab on this machine
	$(BIN)/jupyter lab --ip 127.0.0.1 --LabApp.default_url /lab/tree/book/chapters

notebooks: $(INSTALLED) ## run every notebook and keep its text outputs
	$(BIN)/python scripts/run_notebooks.py

experiments: $(INSTALLED) ## run the long experiments and record them: all, or one by NAME=horizon; NAME=--help says how long each takes
	$(BIN)/python -m ch5.experiments $(NAME)

train: $(INSTALLED) ## train on a text of your own, TEXT=path, or go on; more: OPTIONS="--cell lstm --hidden 200"
	$(if $(TEXT),,$(error TEXT must name a text file, as in: make train TEXT=book.txt))
	$(BIN)/python -m ch5 train "$(TEXT)" $(OPTIONS)

sample: $(INSTALLED) ## let a trained network write: CHECKPOINT=path OPTIONS="--prompt 'It was' --temperature 0.5"
	$(if $(CHECKPOINT),,$(error CHECKPOINT must name what make train wrote, as in: make sample CHECKPOINT=book.npz))
	$(BIN)/python -m ch5 sample "$(CHECKPOINT)" $(OPTIONS)

bench: $(INSTALLED) .venv-bench/.installed ## measure the engine beside PyTorch and JAX and record it; AGAIN=1 for the second run
	$(BIN)/python -m benchmarks $(if $(AGAIN),--again)

lint: $(INSTALLED) ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

browser: $(INSTALLED) ## read every built page in Chromium: no other host, no error, nothing overflows
	$(BIN)/python -m pytest -n 3 --dist loadgroup tests/browser

screenshots: $(INSTALLED) ## picture every built page, wide and narrow, light and dark, in screenshots/
	$(BIN)/python scripts/screenshots.py

lock: ## resolve requirements.lock anew (needs uv: pip install uv)
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-strip-extras \
	  --generate-hashes --group build --group book --group test --upgrade \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## remove what was built; the environment stays
	rm -rf _build screenshots .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/.lock-installed: requirements.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 on the PATH: make PYTHON=/path/to/python"; exit 1; }
	@echo "Creating .venv from requirements.lock (a few minutes, once)"
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.3  # takes about two thirds of the time of Python 3.11's own
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	-@$(BIN)/python -m compileall -qq -j 0 .venv  # on all cores; pip compiles on one
	@touch $@

$(INSTALLED): .venv/.lock-installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	$(BIN)/python -c "import matplotlib.font_manager"
	@touch $@

.venv-bench/.installed: benchmarks/requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 on the PATH: make PYTHON=/path/to/python"; exit 1; }
	@echo "Creating .venv-bench with PyTorch and JAX (a few minutes, once)"
	rm -rf .venv-bench
	$(PYTHON) -m venv .venv-bench
	$(subst .venv,.venv-bench,$(BIN))/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
