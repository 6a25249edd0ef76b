# syntax=docker/dockerfile:1
# `captionbot` with everything but torch, for one machine: see compose.yaml.
FROM python:3.12-slim-trixie AS build
WORKDIR /build
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/captionbot
COPY docker docker
RUN pip install --no-cache-dir --require-hashes -r docker/requirements/uv.txt
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv /captionbot \
    && uv pip install --require-hashes --no-deps --only-binary :all: -r docker/requirements/bot.txt \
    && docker/prune /captionbot
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY webhooks webhooks
COPY bot bot
COPY inference inference
COPY common common
# What it is built of, for `captionbot --version`: the image has no git to ask.
ARG COMMIT=
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT" >common/COMMIT; fi \
    && uv pip install --no-deps --compile-bytecode .

FROM python:3.12-slim-trixie
COPY --from=build /captionbot /captionbot
# The inbox's volume takes its owner from this folder.
RUN install --directory --owner=10001 --group=10001 /var/lib/captionbot
USER 10001:10001
WORKDIR /var/lib/captionbot
ENV PATH=/captionbot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["captionbot"]
CMD ["serve"]
