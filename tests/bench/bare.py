"""The engine beside its own sessions: what the loop around them adds.

`python -m tests.bench.bare FOLDER PHOTO THREADS` prints JSON: milliseconds of a caption from the photo's bytes
(`whole`), of the engine alone (`engine`), and of the same runs of the bare sessions (`encoder`, `decoder`), with the
number of `steps`; all medians.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

from inference import onnx_engine
from inference.captioner import Deadline
from inference.contract import MAX_IMAGE_BYTES
from inference.folder import ModelFolder
from inference.preprocessing import pixel_values
from inference.screening import decode, inspect
from inference.search import Floats, Ints, search

ROUNDS = 40
FOREVER = 1e9


def measure(folder: Path, photo: bytes, threads: int) -> dict[str, float]:
    opened = ModelFolder.open(folder)
    manifest = opened.manifest
    captioner = onnx_engine.OnnxCaptioner(opened, threads, "bench")
    eyes, mouth = (onnx_engine.session(folder / f"{part}.onnx", threads) for part in ("encoder", "decoder"))
    image = decode(photo, captioner.input_size)
    pixels = ort.OrtValue.ortvalue_from_numpy(pixel_values(image, manifest.preprocessing))
    context = [output.name for output in eyes.get_outputs()]
    decoder = onnx_engine.Decoder(mouth)
    made = dict(zip(context, eyes.run_with_ort_values(context, {"pixel_values": pixels}), strict=True))

    # What each step of one caption is given, so that the bare session can run the same again.
    runs: list[dict[str, ort.OrtValue]] = []
    step = decoder.about(made)

    def noted(tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        given = {"input_ids": tokens[:, None], "parents": parents}
        runs.append({name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in given.items()} | step._past)
        return step(tokens, parents)

    search(noted, manifest.decoding, Deadline.after(FOREVER))
    outputs = [output.name for output in mouth.get_outputs() if output.name != "logits"]

    times: dict[str, list[float]] = {"whole": [], "engine": [], "encoder": [], "decoder": []}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        inspect(photo, MAX_IMAGE_BYTES)
        seen = decode(photo, captioner.input_size)
        screened = time.perf_counter()
        captioner.caption(seen, Deadline.after(FOREVER))
        times["whole"].append(time.perf_counter() - started)
        times["engine"].append(time.perf_counter() - screened)
        started = time.perf_counter()
        eyes.run_with_ort_values(context, {"pixel_values": pixels})
        times["encoder"].append(time.perf_counter() - started)
        spent = 0.0
        for run in runs:
            binding = mouth.io_binding()
            for name, value in (run | made).items():
                binding.bind_ortvalue_input(name, value)
            for name in outputs:
                binding.bind_output(name)
            started = time.perf_counter()
            mouth.run_with_iobinding(binding)
            spent += time.perf_counter() - started
        times["decoder"].append(spent)
    return {name: float(np.median(taken)) * 1e3 for name, taken in times.items()} | {"steps": len(runs)}


if __name__ == "__main__":
    folder, photo, threads = sys.argv[1:]
    print(json.dumps(measure(Path(folder), Path(photo).read_bytes(), int(threads))))
