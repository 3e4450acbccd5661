# Everything a developer types. No step comes before; nothing needs root. `make` alone lists the targets.
# Tools are run as `.venv/bin/python -m ...` on relative paths: a folder name with a space in it is fine.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help venv demo test check lock clean

# Twice quiet: warnings about the places pip looks in are not a newcomer's concern; errors are shown.
INSTALL = .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
# Locks name no index host, so that they install from wherever pip is told to look. They keep extras:
# `coverage==1` pins no `coverage[toml]`, and pip then takes, and refuses, a newer one.
COMPILE = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target does; do \
		printf '%-14s%s\n' "$$target" "$$does"; done

venv: .venv/.runtime ## make .venv and install the runtime lock, no more

# DATABASE_URL, DATA_DIR and PORT are taken from the environment; see docs/settings.md.
demo: export DEMO_MODE = 1
demo: .venv/.runtime ## load the demo and serve it on http://127.0.0.1:8000 (PORT=... for another port)
	@.venv/bin/python -m config.gunicorn
	@.venv/bin/python manage.py migrate --no-input -v 0
	@.venv/bin/python manage.py demo
	@.venv/bin/python manage.py collectstatic --no-input -v 0
	@exec .venv/bin/python -m gunicorn --config python:config.gunicorn config.wsgi

test: .venv/.dev ## lint, the whole suite on SQLite, and on PostgreSQL all that a database can change
	@.venv/bin/python -m tests.run test

check: .venv/.dev ## lint, types, contracts and the quick tests, in under two minutes
	@.venv/bin/python -m tests.run check

lock: ## renew requirements/*.lock from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH (pip install uv)." >&2; exit 1; }
	$(COMPILE) --upgrade --output-file requirements/runtime.lock
	$(COMPILE) --upgrade --extra dev --constraints requirements/runtime.lock --output-file requirements/dev.lock

clean: ## remove .venv and what the tools leave behind; var/ (your data) stays
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results .coverage .coverage.*
	find . -name .git -prune -o -name var -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written when an install is complete; `.installing` is left by one that was interrupted.
# Without the first, or with the second, the next run starts from an empty .venv.
.venv/.runtime: requirements/runtime.lock
	@$(prepare)
	@echo "Installing the runtime packages of $< into .venv (the first time takes a minute)."
	@touch .venv/.installing && $(INSTALL) -r $< && rm .venv/.installing
	@touch $@

.venv/.dev: requirements/dev.lock requirements/runtime.lock
	@$(prepare)
	@echo "Installing the runtime and developer packages of $< into .venv (the first time takes two minutes)."
	@touch .venv/.installing && $(INSTALL) -r $< && rm .venv/.installing
	@touch .venv/.runtime $@

# Make .venv from the first Python that is new enough, unless a working one is there.
# $PYTHON, when set, is the only one tried.
define prepare
if [ -e .venv/.runtime ] && [ ! -e .venv/.installing ] && .venv/bin/python -m pip --version >/dev/null 2>&1; \
	then exit 0; fi; \
bare=; \
if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi; \
for python in "$$@"; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { bare=$${bare:-$$python}; continue; }; \
	echo "Making .venv with $$("$$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')."; \
	exec "$$python" -m venv --clear .venv; \
done; \
if [ -n "$$bare" ]; then \
	echo "$$bare has no venv module: install it (on Debian and Ubuntu the package python3-venv) and run make again." >&2; \
else \
	echo "Bottom Decile needs Python 3.11 or newer: tried $$*; set PYTHON to yours." >&2; \
fi; \
exit 1
endef
