# `make demo` and `make test` need Python 3.11+ and make, nothing else: they build .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
PY := $(BIN)/python

SCALE ?= smoke
SPREAD := -n auto --dist loadfile

.PHONY: demo test lint types ci reproduce clean

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# The whole main line, small enough for two cores: generated scenes, short blur, narrow networks.
demo: $(VENV)/ready
	@mkdir -p $(DEMO)
	$(BIN)/blurkit kernels --n 64 --size 11 --length 4 10 --out $(DEMO)/kernels.png
	$(BIN)/blurkit synth --n 8000 --patch 64 --kernel 11 --length 4 10 --out $(DEMO)/train.h5
	$(BIN)/blurkit synth --n 200 --patch 128 --kernel 11 --length 4 10 --seed 1 --out $(DEMO)/test.h5
	$(BIN)/blurkit preview $(DEMO)/train.h5 --out $(DEMO)/pairs.png
	$(PY) -m nas.search $(DEMO)/train.h5 --epochs 12 --warmup 8 --steps 200 --out $(DEMO)/search
	$(PY) -m nas.retrain $(DEMO)/search/genotype.json $(DEMO)/train.h5 --steps 1500 --out $(DEMO)/searched
	$(PY) -m nas.retrain unet $(DEMO)/train.h5 --steps 1500 --out $(DEMO)/unet
	$(PY) -m nas.evaluate $(DEMO)/unet $(DEMO)/searched --data $(DEMO)/test.h5 --out $(DEMO) --json $(DEMO)/table.json
	@echo
	@echo "That was a small run: a few minutes on narrow networks and generated scenes. It shows every"
	@echo "part at work; its figures say little about photos. All of it is in $(DEMO)/:"
	@echo "  compare.png                      blurry, UNet, searched, sharp, side by side"
	@echo "  table.md, table.json             PSNR, SSIM, parameters, MACs, latency"
	@echo "  kernels.png, pairs.png           the blur, and training pairs"
	@echo "  search/genotype.json, *.png      the found network; curves, cells, alphas"
	@echo "  unet/, searched/                 model.safetensors, training.png, log.jsonl"
	@echo "  train.h5, test.h5                the dataset and the pairs that neither network has seen"
	@echo "Try it on a photo: $(PY) -m nas.deblur $(DEMO)/searched/model.safetensors PHOTO.jpg --out out.png"

# Compiled loops for truth, then the same laws with the loops interpreted; a process for each core.
test: $(VENV)/ready
	$(PY) -m pytest $(SPREAD)
	NUMBA_DISABLE_JIT=1 $(PY) -m pytest -q -m "not compiled" $(SPREAD) tests/blurkit

# The ladder and the shipped network from nothing; SCALE=cpu or gpu needs DATA=folder of the photos.
reproduce: $(VENV)/ready
	BIN=$(abspath $(BIN)) bash experiments/ladder/reproduce.sh $(SCALE) $(DATA)

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/ready
	$(BIN)/mypy

ci: lint types test

clean:
	rm -rf $(VENV) $(DEMO) reproduce/smoke build *.egg-info
