# syntax=docker/dockerfile:1
# The captioner as a Lambda function.
#   docker buildx build --platform linux/arm64 --provenance=false --sbom=false -f docker/inference.Dockerfile .
#
# ENGINE: onnx is what ships; torch is the reference. CAPTION_MODEL: `starter`, or a Hugging Face id.
#
# Wheels, bytecode and the model are prepared on the builder's own platform and the last stage only copies: an ARM64 image
# comes from an x86 machine without a step under emulation.
ARG ENGINE=onnx

FROM --platform=$BUILDPLATFORM public.ecr.aws/lambda/python:3.12 AS tools
WORKDIR /build
ENV UV_LINK_MODE=copy
COPY docker docker
RUN pip install --no-cache-dir --require-hashes -r docker/requirements/uv.txt

FROM tools AS packages
ARG TARGETARCH
ARG ENGINE
RUN --mount=type=cache,target=/root/.cache/uv \
    if [ "$ENGINE" = torch ]; then set -- torch export; else set -- inference; fi \
    && for lock in "$@"; do docker/unpack "$TARGETARCH" /packages "docker/requirements/$lock.txt"; done \
    && docker/prune /packages

# The model as a folder: exported for onnx, the checkpoint itself for torch.
FROM tools AS model
ARG BUILDARCH
ARG CAPTION_MODEL=cnmoro/mini-image-captioning
RUN --mount=type=cache,target=/root/.cache/uv \
    if [ "$CAPTION_MODEL" != starter ]; then \
        docker/unpack "$BUILDARCH" /export docker/requirements/torch.txt docker/requirements/export.txt; \
    fi
COPY cli cli
COPY common common
COPY inference inference
ENV PYTHONPATH=/export
ARG ENGINE
RUN if [ "$CAPTION_MODEL" = starter ]; then \
        cp -r inference/starter /model; \
    elif [ "$ENGINE" = torch ]; then \
        folder=$(python -c 'import sys; from inference.hub import find; print(find(sys.argv[1]).folder)' \
            "$CAPTION_MODEL") && cp -rL "$folder" /model; \
    else \
        python -c 'from cli.main import main; main()' export "$CAPTION_MODEL" /model; \
    fi

FROM packages AS function
# What the function runs: neither the export nor the samples and the starter.
COPY common/*.py /packages/common/
COPY common/images/*.py /packages/common/images/
COPY inference/*.py /packages/inference/
# unchecked-hash: Python then asks no file for its time before it takes the bytecode.
RUN python -m compileall -q --invalidation-mode unchecked-hash /packages

FROM public.ecr.aws/lambda/python:3.12
ARG ENGINE
COPY --from=function /packages ${LAMBDA_TASK_ROOT}
COPY --from=model /model /opt/model
ENV CAPTION_ENGINE=${ENGINE} CAPTION_MODEL=/opt/model
CMD ["inference.handler.handler"]
