# All that is needed is Python 3.11+ and make: the first command builds .venv from pinned packages.
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

# what the packages need; in a second step, what their development needs
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(INSTALL) -e '.[dev]'
	@touch $@

# Blur made, stored and removed, in a minute.
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
	@echo "  restored-before-after.png   a shaken poster, and what the bundled network makes of it"
	@echo "  kernels.png                 64 camera shakes"
	@echo "  pairs.png                   some of the 500 blurry/sharp pairs in pairs.h5"
	@echo "Try it on a photo: $(PY) -m nas.deblur PHOTO.jpg --before-after"
	@echo "Next: make demo searches for a network and trains it."

# The main line, small enough for two cores: generated scenes, short blur, narrow networks. The
# UNets train beside the search, each side on one core.
demo: $(VENV)/ready
	@mkdir -p $(DEMO)
	$(BIN)/blurkit kernels --n 64 --size 11 --length 4 10 --out $(DEMO)/kernels.png
	$(BIN)/blurkit synth --n 8000 --patch 64 $(SHORT) --out $(DEMO)/train.h5
	$(BIN)/blurkit synth --n 100 --patch 128 $(SHORT) --seed 1 --out $(DEMO)/test.h5
	$(BIN)/blurkit preview $(DEMO)/train.h5 --out $(DEMO)/pairs.png
	@$(MAKE) --no-print-directory -j2 demo-searched demo-unets
	$(PY) -m nas.evaluate $(DEMO)/unet $(DEMO)/unet-nobn $(DEMO)/searched --data $(DEMO)/test.h5 --out $(DEMO) --json $(DEMO)/table.json
	@echo
	@echo "A small run: minutes of training, narrow networks, generated scenes. It shows every part at"
	@echo "work; its figures say little about photos. In $(DEMO)/:"
	@echo "  compare.png                        blurry, both UNets, searched, sharp, side by side"
	@echo "  table.md, report.html, table.json  PSNR, SSIM, parameters, MACs, latency"
	@echo "  kernels.png, pairs.png             the blur, and training pairs"
	@echo "  search/                            genotype.json: the network found; curves, cells, alphas"
	@echo "  unet/, unet-nobn/, searched/       model.safetensors, training.png, log.jsonl"
	@echo "  train.h5, test.h5                  the training pairs, and pairs that no network has seen"
	@echo "unet is the U-Net as published in 2015. Minutes are not enough for its BatchNorm: false colours"
	@echo "and artefacts are expected. unet-nobn, without BatchNorm and adding its output to its input as"
	@echo "the searched network does, is the baseline to compare with."
	@echo "Try it on a photo: $(PY) -m nas.deblur $(DEMO)/searched PHOTO.jpg"

demo-searched: $(VENV)/ready
	$(ONE) $(PY) -m nas.search $(DEMO)/train.h5 --epochs 8 --warmup 5 --steps 150 --macs-target 1 --out $(DEMO)/search
	$(ONE) $(PY) -m nas.retrain $(DEMO)/search/genotype.json $(DEMO)/train.h5 --steps 800 --out $(DEMO)/searched

demo-unets: $(VENV)/ready
	@echo "The UNets train meanwhile; log: $(DEMO)/unets.log"
	@{ $(ONE) $(PY) -m nas.retrain unet $(DEMO)/train.h5 --steps 800 --name "unet (undertrained)" --out $(DEMO)/unet && \
	    $(ONE) $(PY) -m nas.retrain unet-nobn $(DEMO)/train.h5 --steps 800 --out $(DEMO)/unet-nobn; \
	} > $(DEMO)/unets.log 2>&1 || { cat $(DEMO)/unets.log; exit 1; }

test: $(VENV)/ready-dev
	$(PYTEST) -m "not slow"
	@echo "Left out: tests marked slow (whole pages, browser, torchrun, kills). Everything: make test-all"

# The slow tests, then the laws of the loops once more, interpreted.
test-slow: $(VENV)/ready-dev
	$(PYTEST) -m slow
	NUMBA_DISABLE_JIT=1 $(PYTEST) -q -m "not compiled and not slow" tests/blurkit

test-all: test test-slow

# The ladder and the shipped network from nothing; SCALE=cpu or gpu needs DATA=folder of the photos.
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
