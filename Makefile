# Two commands do everything: `make demo` shows a society end to end, `make test` passes the tests.
SHELL := /bin/bash
UV := .venv-uv/bin/uv
PYTHON ?= python3

.PHONY: env test check demo browser clean

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

clean:
	rm -rf .venv .venv-uv runs
