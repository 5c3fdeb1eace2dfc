# napari-medassist: everything a developer does. `make help` lists it.
# The Python is chosen by scripts/find-python.sh; name another one with `make PYTHON=python3.12 ...`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
INSTALLED := $(VENV)/.installed
export PYTHON
# What CI's log should not be full of.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

DESKTOP := $(or $(filter Darwin,$(shell uname -s)),$(filter Windows_NT,$(OS)))
SCREEN := $(or $(DESKTOP),$(DISPLAY),$(WAYLAND_DISPLAY))
VIRTUAL_SCREEN := env -u WAYLAND_DISPLAY QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24"

# An environment whose Python has gone, or that belongs to another checkout, counts as not installed.
CHECK := import os, napari_medassist as m; os.path.samefile(m.__path__[0], "src/napari_medassist") or exit(1)
ifneq ($(shell $(BIN)/python -c '$(CHECK)' 2>/dev/null && echo whole),whole)
$(shell rm -f $(INSTALLED))
endif

PYTHON_FILES := src tests benchmarks sample_data scripts training

.PHONY: help install system speech demo test lint types unit coverage format bench bench-registration bench-voice analysis docs docs-serve constraints clean distclean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

system:
	@scripts/system-libraries.sh

$(INSTALLED): pyproject.toml constraints.txt scripts/create-venv.sh | system
	@rm -f $@
	@scripts/create-venv.sh $(VENV)
	@touch $@

install: system $(INSTALLED)  ## Set up .venv (and the system libraries, as root on Debian or Ubuntu)

speech: install  ## Fetch the model that understands speech, once
	@$(BIN)/napari-medassist models install whisper-tiny-en >/dev/null \
	  || echo "Without it voice is not there, and its tests are skipped (in CI they fail)." >&2

demo: install speech  ## Show the plugin on the bundled sample case (without a screen: into demo_output/)
ifneq ($(SCREEN),)
	@$(BIN)/napari-medassist demo
else
	@$(VIRTUAL_SCREEN) $(BIN)/napari-medassist demo --out demo_output
endif

test: lint docs unit  ## Run every check and all tests; pytest's closing line comes last

lint: install  ## Style, layers, types, manifest
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/npe2 validate src/napari_medassist/napari.yaml

unit: install speech  ## Run the tests only; those with windows in a process of their own
	@$(if $(DESKTOP),,env -u WAYLAND_DISPLAY QT_QPA_PLATFORM=xcb) scripts/run-tests.sh $(BIN)/pytest

coverage: install  ## Run the tests and write to htmlcov/ which lines they reach; half as fast again
	$(if $(DESKTOP),,$(VIRTUAL_SCREEN)) $(BIN)/coverage run -m pytest
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report | tail -n 1

format: install  ## Let ruff mend the style
	$(BIN)/ruff check --fix $(PYTHON_FILES)
	$(BIN)/ruff format $(PYTHON_FILES)

bench: install  ## Measure against other libraries, side by side
	$(BIN)/python benchmarks/bench_metrics.py
	$(BIN)/python benchmarks/bench_read.py
	$(BIN)/python benchmarks/bench_curves.py
	$(BIN)/python benchmarks/bench_cohort.py
	$(BIN)/python benchmarks/bench_live.py
	$(BIN)/python benchmarks/bench_browser.py
	$(BIN)/python benchmarks/bench_models.py
	$(if $(DESKTOP),,$(VIRTUAL_SCREEN)) $(BIN)/python benchmarks/bench_panel.py
	$(if $(DESKTOP),,$(VIRTUAL_SCREEN)) $(BIN)/python benchmarks/bench_tools.py
	$(if $(DESKTOP),,$(VIRTUAL_SCREEN)) $(BIN)/python benchmarks/bench_annotation.py

bench-voice: install speech  ## Measure how well spoken phrases are recognised (espeak-ng, flite, festival and hibari-tts speak)
	$(BIN)/python -m pip install --quiet --no-deps hibari-tts soundfile
	$(BIN)/python benchmarks/voice_corpus.py --out demo_output/speech --human ../shared/data/speech/human_not_commands
	$(BIN)/python benchmarks/bench_voice.py --corpus demo_output/speech
	$(BIN)/python benchmarks/bench_voice.py --corpus demo_output/speech --recogniser pocketsphinx
	$(BIN)/python benchmarks/bench_transcribe.py
	$(BIN)/python benchmarks/bench_breath.py

bench-registration: install  ## Measure registration against other tools, on pairs whose true map is known
	$(BIN)/python benchmarks/bench_registration.py --data ../shared/data

analysis: install  ## Write docs/analysis anew from the real label maps in ../shared/data
	$(BIN)/python benchmarks/analyse_picai.py

docs: install  ## Build the documentation into site/; a broken link is an error
	$(BIN)/mkdocs build --strict --quiet

docs-serve: install  ## Show the documentation while it is being written
	$(BIN)/mkdocs serve

constraints: install  ## Bring all packages up to date and write constraints.txt anew
	$(BIN)/python -m pip install --upgrade --upgrade-strategy eager --editable '.[pyqt6,dev]'
	$(BIN)/python scripts/freeze_constraints.py

clean:  ## Remove what was built; the virtual environment stays
	rm -rf build dist site demo_output htmlcov .coverage* .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	find src tests benchmarks sample_data scripts training -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## Remove the virtual environment too
	rm -rf $(VENV)
