# syntax=docker/dockerfile:1
# The front doors and the worker as Lambda functions: one image, of which each function names its own handler.
#   docker buildx build --platform linux/arm64 --provenance=false --sbom=false -f docker/webhooks.Dockerfile .
#
# As in inference.Dockerfile, nothing runs under emulation.
FROM --platform=$BUILDPLATFORM public.ecr.aws/lambda/python:3.12 AS function
WORKDIR /build
ENV UV_LINK_MODE=copy
COPY docker docker
RUN pip install --no-cache-dir --require-hashes -r docker/requirements/uv.txt
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.cache/uv \
    docker/unpack "$TARGETARCH" /packages docker/requirements/webhooks.txt \
    && docker/prune /packages
# What the functions run, folder by folder: the web chat, the inbox of one machine and the samples are no part of it.
COPY common/*.py /packages/common/
COPY common/images/*.py /packages/common/images/
COPY bot/*.py /packages/bot/
COPY bot/slack/*.py /packages/bot/slack/
COPY bot/telegram/*.py /packages/bot/telegram/
COPY webhooks/*.py /packages/webhooks/
COPY webhooks/aws/*.py /packages/webhooks/aws/
RUN python -m compileall -q --invalidation-mode unchecked-hash /packages

FROM public.ecr.aws/lambda/python:3.12
COPY --from=function /packages ${LAMBDA_TASK_ROOT}
CMD ["webhooks.aws.worker.handler"]
