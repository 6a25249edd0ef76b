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
    docker/unpack "$TARGETARCH" /packages docker/requirements/webhooks.txt
COPY bot /packages/bot
COPY inference /packages/inference
COPY webhooks /packages/webhooks
WORKDIR /packages/inference
RUN rm -r export recipe samples starter \
    && python -m compileall -q --invalidation-mode unchecked-hash /packages

FROM public.ecr.aws/lambda/python:3.12
COPY --from=function /packages ${LAMBDA_TASK_ROOT}
CMD ["webhooks.worker.handler"]
