# Needs only Python 3.11+ and make: the first command builds .venv from pinned packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
QUICK ?= quick
DEMO ?= demo
SCALE ?= smoke

INSTALL := $(BIN)/pip install --disable-pip-version-check -c constraints.txt
PYTEST := $(PY) -m pytest -n auto --dist worksteal
ONE := OMP_NUM_THREADS=1
SHORT := --kernel 11 --length 4 10

.PHONY: quick demo demo-searched demo-unets test test-slow test-all lint types ci reproduce clean

# the packages' requirements; in a second step, those of their development
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(INSTALL) -e '.[dev]'
	@touch $@

# Makes blur, stores it and removes it, in a minute.
quick: $(VENV)/ready
	@mkdir -p $(QUICK)
	$(BIN)/blurkit kernels --n 64 --out $(QUICK)/kernels.png
	$(BIN)/blurkit synth --n 500 --out $(QUICK)/pairs.h5
	$(BIN)/blurkit preview $(QUICK)/pairs.h5 --out $(QUICK)/pairs.png
	$(PY) experiments/pictures/poster.py $(QUICK)/sharp.png
	$(BIN)/blurkit blur $(QUICK)/sharp.png --seed 3 --length 8 12 --out $(QUICK)/shaken.png
	@rm -f $(QUICK)/restored.png $(QUICK)/restored-before-after.png
	$(PY) -m nas.deblur $(QUICK)/shaken.png --before-after --out $(QUICK)/restored.png
	@echo
	@echo "Look at these pictures in $(QUICK)/:"
	@echo "  restored-before-after.png   a shaken poster, before and after the bundled network"
	@echo "  kernels.png                 64 camera shakes"
	@echo "  pairs.png                   some of the 500 blurry/sharp pairs in pairs.h5"
	@echo "Try it on a photo: $(PY) -m nas.deblur PHOTO.jpg --before-after"
	@echo "Next: make demo, which searches for a network and trains it."

# The whole pipeline, small enough for two cores: generated scenes, short blur, narrow networks. The
# UNets train while the search runs, each on one core.
demo: $(VENV)/ready
	@mkdir -p $(DEMO)
	$(BIN)/blurkit kernels --n 64 --size 11 --length 4 10 --out $(DEMO)/kernels.png
	$(BIN)/blurkit synth --n 8000 --patch 64 $(SHORT) --out $(DEMO)/train.h5
	$(BIN)/blurkit synth --n 100 --patch 128 $(SHORT) --seed 1 --out $(DEMO)/test.h5
	$(BIN)/blurkit preview $(DEMO)/train.h5 --out $(DEMO)/pairs.png
	@$(MAKE) --no-print-directory -j2 demo-searched demo-unets
	$(PY) -m nas.evaluate $(DEMO)/unet $(DEMO)/unet-nobn $(DEMO)/searched --data $(DEMO)/test.h5 --out $(DEMO) --json $(DEMO)/table.json
	@echo
	@echo "This was a small run: minutes of training, narrow networks, generated scenes. It shows that"
	@echo "every part works; its scores say little about photos. In $(DEMO)/:"
	@echo "  compare.png                        blurry, both UNets, searched, sharp, side by side"
	@echo "  table.md, report.html, table.json  PSNR, SSIM, parameters, MACs, latency"
	@echo "  kernels.png, pairs.png             the blur, and training pairs"
	@echo "  search/                            genotype.json: the network found; curves, cells, alphas"
	@echo "  unet/, unet-nobn/, searched/       model.safetensors, training.png, log.jsonl"
	@echo "  train.h5, test.h5                  the training pairs, and pairs not used for training"
	@echo "unet is the U-Net as published in 2015. Minutes of training are too short for its BatchNorm:"
	@echo "expect false colours and artefacts. The baseline to compare with is unet-nobn, which has no"
	@echo "BatchNorm and, like the searched network, adds its output to its input."
	@echo "Try it on a photo: $(PY) -m nas.deblur $(DEMO)/searched PHOTO.jpg"

demo-searched: $(VENV)/ready
	$(ONE) $(PY) -m nas.search $(DEMO)/train.h5 --epochs 8 --warmup 5 --steps 150 --macs-target 1 --out $(DEMO)/search
	$(ONE) $(PY) -m nas.retrain $(DEMO)/search/genotype.json $(DEMO)/train.h5 --steps 600 --out $(DEMO)/searched

demo-unets: $(VENV)/ready
	@echo "Meanwhile, the UNets train; log: $(DEMO)/unets.log"
	@{ $(ONE) $(PY) -m nas.retrain unet $(DEMO)/train.h5 --steps 600 --name "unet (undertrained)" --out $(DEMO)/unet && \
	    $(ONE) $(PY) -m nas.retrain unet-nobn $(DEMO)/train.h5 --steps 600 --out $(DEMO)/unet-nobn; \
	} > $(DEMO)/unets.log 2>&1 || { cat $(DEMO)/unets.log; exit 1; }

test: $(VENV)/ready-dev
	$(PYTEST) -m "not slow"
	@echo "Not run: tests marked slow (documentation, browser, torchrun, kills). For all: make test-all"

# The slow tests, then the tests of the loops once more, without compiling them.
test-slow: $(VENV)/ready-dev
	$(PYTEST) -m slow
	NUMBA_DISABLE_JIT=1 $(PYTEST) -q -m "not compiled and not slow" tests/blurkit

test-all: test test-slow

# The ablation and the bundled network from scratch; SCALE=cpu and gpu need DATA=folder of photos.
reproduce: $(VENV)/ready
	BIN=$(abspath $(BIN)) bash experiments/ladder/reproduce.sh $(SCALE) $(DATA)

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/ready-dev
	$(BIN)/mypy

ci: lint types test-all

clean:
	rm -rf $(VENV) $(QUICK) $(DEMO) reproduce/smoke build *.egg-info
