"""The way of the first version, which the benchmarks compare with: torch and transformers behind FastAPI.

`BENCH_MODEL=FOLDER uvicorn tests.bench.mvp:app`. The model loads in the lifespan, and a request is captioned where it
is received.
"""

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import torch
from fastapi import FastAPI, File
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    folder = os.environ["BENCH_MODEL"]
    network = VisionEncoderDecoderModel.from_pretrained(folder).eval()
    processor, tokenizer = AutoImageProcessor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

    def caption(data: bytes) -> str:
        with torch.no_grad():
            pixels = processor(Image.open(io.BytesIO(data)).convert("RGB"), return_tensors="pt")["pixel_values"]
            tokens = network.generate(pixels)
        text: str = tokenizer.batch_decode(tokens, skip_special_tokens=True)[0]
        return text

    app.state.caption = caption
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/caption")
async def caption(image: Annotated[bytes, File()]) -> dict[str, str]:
    return {"caption": app.state.caption(image).strip()}
