# syntax=docker/dockerfile:1
# `captionbot` with everything but torch, for one machine: see compose.yaml.
#
# As in inference.Dockerfile, nothing runs under emulation: the environment is put together on the builder's own platform.
FROM --platform=$BUILDPLATFORM python:3.12-slim-trixie AS build
WORKDIR /build
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/captionbot
COPY docker docker
RUN pip install --no-cache-dir --require-hashes -r docker/requirements/uv.txt
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv /captionbot \
    && docker/unpack "$TARGETARCH" /captionbot docker/requirements/bot.txt \
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
    && uv pip install --no-deps --compile-bytecode . \
    && mkdir /inbox

FROM python:3.12-slim-trixie
COPY --from=build /captionbot /captionbot
# The inbox's volume takes its owner from this folder.
COPY --from=build --chown=10001:10001 /inbox /var/lib/captionbot
USER 10001:10001
WORKDIR /var/lib/captionbot
ENV PATH=/captionbot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["captionbot"]
CMD ["serve"]
