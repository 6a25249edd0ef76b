"""One way of captioning a photo: `python -m tests.bench.family ENGINE MODEL PHOTO THREADS TOKENS`.

For each line that it reads it captions once, with so many tokens, and prints a line of JSON: milliseconds (`whole`, and
`encoder` where the engine tells) and `megabytes`, the most memory that the process has had.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from PIL import Image

from inference.manifest import Manifest
from tests.memory import peak

FOREVER = 1e9


def onnx(model: str, threads: int, tokens: int) -> Callable[[Image.Image], float]:
    """Load captionbot's engine; what it returns captions and tells the encoder's milliseconds."""
    from inference.captioner import Deadline
    from inference.folder import ModelFolder
    from inference.onnx_engine import OnnxCaptioner

    folder = ModelFolder.open(Path(model))
    captioner = OnnxCaptioner(ModelFolder(folder.path, talking(folder.manifest, tokens)), threads, "bench")
    return lambda photo: 1e3 * captioner.caption(photo, Deadline.after(FOREVER)).encode_seconds


def talking(manifest: Manifest, tokens: int) -> Manifest:
    """Have a model search with 3 beams, and say so many tokens of every photo."""
    given = len(manifest.decoding.prefix_ids) + 1
    rules = msgspec.structs.replace(
        manifest.decoding, beams=3, max_length=tokens + given, min_length=tokens + given, forced_end_id=None
    )
    return msgspec.structs.replace(manifest, decoding=rules)


def torch(model: str, threads: int, tokens: int) -> Callable[[Image.Image], float]:
    """Load transformers; what it returns captions as the models' cards do."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, GenerationConfig

    torch.set_num_threads(threads)
    network = AutoModelForImageTextToText.from_pretrained(model, dtype="float32").eval()
    kind = network.config.model_type
    load = AutoImageProcessor if kind == "vision-encoder-decoder" else AutoProcessor
    processor = load.from_pretrained(model, backend="pil")
    task = {"text": "<CAPTION>"} if kind == "florence2" else {}
    wanted = {**network.generation_config.to_diff_dict(), "forced_eos_token_id": None, "num_beams": 3}
    wanted |= {"max_new_tokens": tokens, "min_new_tokens": tokens}
    if kind == "vision-encoder-decoder":
        wanted |= {"decoder_start_token_id": network.config.decoder_start_token_id, "pad_token_id": 0}
    config = GenerationConfig(**wanted)

    def caption(photo: Image.Image) -> float:
        inputs = processor(images=photo, **task, return_tensors="pt")
        with torch.inference_mode():
            network.generate(**inputs, generation_config=config)
        return 0.0

    return caption


if __name__ == "__main__":
    engine, model, photo, threads, tokens = sys.argv[1:]
    caption = (onnx if engine == "onnx" else torch)(model, int(threads), int(tokens))
    image = Image.open(photo).convert("RGB")
    for _ in sys.stdin:
        started = time.perf_counter()
        encoder = caption(image)
        taken = 1e3 * (time.perf_counter() - started)
        print(json.dumps({"whole": taken, "encoder": encoder, "megabytes": peak(os.getpid()) / 1e6}), flush=True)
