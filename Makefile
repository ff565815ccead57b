# Two commands do everything: `make demo` shows a society end to end, `make test` passes the tests.
SHELL := /bin/bash
UV := .venv-uv/bin/uv
PYTHON ?= python3

.PHONY: env test check demo models torture browser clean

$(UV):
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/pip install --quiet 'uv>=0.5'

.venv/.ready: $(UV) uv.lock pyproject.toml
	$(UV) sync --locked --all-extras --quiet
	touch .venv/.ready

env: .venv/.ready

test: env browser
	.venv/bin/python -m pytest -n 2 --dist worksteal

browser:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else echo "no Chromium and no right to install it: browser tests will be skipped"; fi; }

check: env
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/pyright

# make demo                   a synthetic snapshot, said to be synthetic wherever it shows
# make demo SNAPSHOT=PATH     a real one, in any format that `moltarium import` reads
SNAPSHOT ?=
DEMO := runs/demo
M := .venv/bin/moltarium

demo: env
	rm -rf $(DEMO) && mkdir -p $(DEMO)
ifeq ($(strip $(SNAPSHOT)),)
	@echo "No SNAPSHOT given: the demo starts from a small SYNTHETIC one, written by surrogate minds."
	$(M) run synthetic-snapshot --out $(DEMO)/synthetic
	$(M) export $(DEMO)/synthetic --out $(DEMO)/synthetic-files
	$(M) import $(DEMO)/synthetic-files --out $(DEMO)/snapshot
else
	$(M) import "$(SNAPSHOT)" --out $(DEMO)/snapshot
endif
	$(M) run quickstart --seed-from $(DEMO)/snapshot --out $(DEMO)/run
	$(M) measure $(DEMO)/run
	$(M) compare $(DEMO)/run $(DEMO)/snapshot
	$(M) compare $(DEMO)/run published
	$(M) report $(DEMO)/run --against $(DEMO)/snapshot --out $(DEMO)/report.html
	@if [ -t 1 ] && [ -z "$$CI" ]; then $(M) dashboard $(DEMO)/run --against $(DEMO)/snapshot; \
	else echo "To look at it: $(M) dashboard $(DEMO)/run --against $(DEMO)/snapshot"; fi

# make models DATA=PATH       trains the shipped emotion reader again, bit for bit, from GoEmotions
DATA ?= ../shared/data/emotion

models: env
	.venv/bin/python benchmarks/train_reader.py --data $(DATA)/GoEmotions --out agents/reader/weights.npz

torture: env
	.venv/bin/python -m tests.torture

clean:
	rm -rf .venv .venv-uv runs
